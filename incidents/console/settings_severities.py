"""Settings, severities and cadence: what each of the four demands."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask import Blueprint, flash, make_response, redirect, render_template, request
from flask.typing import ResponseReturnValue

from ..access import Role, actor, may
from ..actions import matrix
from ..kernel.database import db
from ..kernel.errors import Malformed
from ..policy.severity import Severity, SeverityRule
from .lengths import length_text, minutes_of

bp = Blueprint("console_severities", __name__, url_prefix="/console/settings/severities")

_LENGTHS = ("respond", "cadence", "resolve")
Typed = dict[str, str]


@bp.get("")
@may(Role.ADMIN)
def page() -> ResponseReturnValue:
    """The matrix as it is."""
    return _show(_typed_now(), {})


@bp.post("")
@may(Role.ADMIN)
def change() -> ResponseReturnValue:
    """Another matrix, for incidents declared from now on; nothing is saved while anything is wrong."""
    now = _typed_now()
    typed = {name: request.form.get(name, "").strip() for name in now}
    problems: dict[str, str] = {}
    for severity in Severity:
        if any(typed[name] != now[name] for name in now if name.startswith(severity)):
            problems |= _change(severity, typed)
    if problems:
        db.session.rollback()
        return _show(typed, problems)
    db.session.commit()
    flash("Saved. It holds for incidents declared from now on.")
    return redirect("/console/settings/severities", 303)


def _change(severity: Severity, typed: Typed) -> dict[str, str]:
    """Change one row; what is wrong with it, by field."""
    minutes: dict[str, int | None] = {}
    problems: dict[str, str] = {}
    for what in _LENGTHS:
        text = typed[f"{severity}-{what}"]
        try:
            minutes[what] = minutes_of(text) if text else None
        except ValueError as wrong:
            problems[f"{severity}-{what}"] = str(wrong)
    if not problems and minutes["respond"] is None:
        problems[f"{severity}-respond"] = "Give the time within which somebody answers."
    if problems:
        return problems
    assert minutes["respond"] is not None
    try:
        with db.session.begin_nested():
            matrix.change_severity_rule(
                severity,
                by=actor(),
                examples=typed[f"{severity}-examples"],
                respond_minutes=minutes["respond"],
                cadence_minutes=minutes["cadence"],
                resolve_minutes=minutes["resolve"],
            )
    except Malformed as wrong:
        return {f"{severity}-{name.removesuffix('_minutes')}": sentence for name, sentence in wrong.fields.items()}
    return {}


def _typed_now() -> Typed:
    """The matrix as the form's fields hold it."""
    fields: Typed = {}
    for severity, rule in matrix.matrix_now().items():
        fields |= {f"{severity}-{name}": text for name, text in _texts(rule).items()}
    return fields


def _texts(rule: SeverityRule) -> dict[str, str]:
    return {
        "examples": rule.examples,
        "respond": _text(rule.respond_within),
        "cadence": _text(rule.cadence),
        "resolve": _text(rule.resolve_within),
    }


def _text(length: timedelta | None) -> str:
    return length_text(None if length is None else length // timedelta(minutes=1))


def _show(typed: Typed, problems: dict[str, str]) -> ResponseReturnValue:
    context: dict[str, Any] = {"typed": typed, "errors": problems, "severities": list(Severity)}
    return make_response(render_template("console/settings/severities.html", **context), 422 if problems else 200)
