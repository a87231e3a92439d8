"""Settings, escalation: per severity, who is told at which minute while nobody has acknowledged."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from flask import Blueprint, abort, flash, make_response, redirect, render_template, request
from flask.typing import ResponseReturnValue

from ..access import Role, actor, may
from ..actions import matrix
from ..kernel.database import db
from ..kernel.errors import Malformed
from ..policy.escalation import ON_CALL, RESPONDERS, Level
from ..policy.severity import Severity
from ..records.people import Person, active_people
from .lengths import length_text, minutes_of

bp = Blueprint("console_escalation", __name__, url_prefix="/console/settings/escalation")

_LIST, _EDIT = "console/settings/escalation.html", "console/settings/escalation_edit.html"
_WORDS = {ON_CALL: "Whoever is on call", RESPONDERS: "All responders"}
_MOST_LEVELS = 10


@dataclass
class TypedLevel:
    """One level as the form holds it; the last one is empty, for adding."""

    label: str = ""
    after: str = ""
    tell: list[str] = field(default_factory=list)

    @property
    def is_blank(self) -> bool:
        return not (self.label or self.after or self.tell)


@bp.get("")
@may(Role.ADMIN)
def page() -> ResponseReturnValue:
    """The four policies, in words."""
    people = active_people(Role.RESPONDER)
    names = _names(people)
    policies = [(severity, [_rung(level, names) for level in matrix.levels_now(severity)]) for severity in Severity]
    return make_response(render_template(_LIST, policies=policies, responders=len(people)))


@bp.get("/<severity>")
@may(Role.ADMIN)
def edit(severity: str) -> ResponseReturnValue:
    """One policy as a form."""
    known = _severity(severity)
    levels = [
        TypedLevel(level.label, length_text(level.after // timedelta(minutes=1)), list(level.tell))
        for level in matrix.levels_now(known)
    ]
    return _show(known, levels, {})


@bp.post("/<severity>")
@may(Role.ADMIN)
def change(severity: str) -> ResponseReturnValue:
    """Another policy, for incidents declared from now on; ``remove`` names a level that goes."""
    known = _severity(severity)
    levels = [level for level in _typed_levels() if not level.is_blank]
    problems = _problems(levels)
    if not problems:
        try:
            levels.sort(key=_minutes)
            matrix.change_levels(known, by=actor(), levels=[_as_json(level) for level in levels])
        except Malformed as wrong:
            problems = {"": wrong.sentence}
    if problems:
        db.session.rollback()
        return _show(known, levels, problems)
    db.session.commit()
    flash(f"The escalation of {known} is saved. It holds for incidents declared from now on.")
    kept = "remove" in request.form or "more" in request.form
    return redirect(f"/console/settings/escalation{f'/{known}' if kept else ''}", 303)


def _typed_levels() -> list[TypedLevel]:
    given = request.form
    gone = given.get("remove", "")
    return [
        TypedLevel(
            given.get(f"level-{number}-label", "").strip(),
            given.get(f"level-{number}-after", "").strip(),
            given.getlist(f"level-{number}-tell[]"),
        )
        for number in range(1, _MOST_LEVELS + 1)
        if str(number) != gone
    ]


def _problems(levels: list[TypedLevel]) -> dict[str, str]:
    """What is wrong, by the id of the field."""
    if not levels:
        return {"": "Keep at least one level: somebody has to hear of it."}
    problems: dict[str, str] = {}
    taken: dict[int, int] = {}
    for number, level in enumerate(levels, start=1):
        try:
            minutes = minutes_of(level.after)
        except ValueError as wrong:
            problems[f"level-{number}-after"] = str(wrong)
        else:
            if minutes in taken:
                problems[f"level-{number}-after"] = f"Level {taken[minutes]} has this time already."
            taken[minutes] = number
        if not level.tell:
            problems[f"level-{number}-tell"] = "Choose whom this level tells."
    return problems


def _as_json(level: TypedLevel) -> dict[str, Any]:
    return {"label": level.label, "after_minutes": _minutes(level), "tell": level.tell}


def _minutes(level: TypedLevel) -> int:
    return minutes_of(level.after)


def _rung(level: Level, names: dict[str, str]) -> dict[str, Any]:
    """One level in words, and whether it reaches nobody."""
    minutes = level.after // timedelta(minutes=1)
    reaches = any(word in names for word in level.tell)
    return {
        "label": level.label,
        "after": length_text(minutes) if minutes else "at once",
        "whom": ", ".join(names[word] for word in level.tell if word in names),
        "reaches": reaches,
    }


def _names(people: list[Person]) -> dict[str, str]:
    """Every word that reaches somebody → what it is called."""
    return {**_WORDS, **{f"person:{person.email}": person.name for person in people}}


def _gone(word: str) -> str:
    """A word that reaches nobody now, in words of its own."""
    kind, _colon, name = word.partition(":")
    if kind == "role":
        return f"{_role_name(name)}: nobody holds this role"
    return f"{name}: no active responder has this address"


def _role_name(word: str) -> str:
    """``Engineering lead``; what is short enough for an abbreviation is one."""
    return word.upper() if len(word) <= 3 else word.replace("_", " ").capitalize()


def _severity(word: str) -> Severity:
    if word not in list(Severity):
        abort(404)
    return Severity(word)


def _show(severity: Severity, levels: list[TypedLevel], problems: dict[str, str]) -> ResponseReturnValue:
    people = active_people(Role.RESPONDER)
    names = _names(people)
    # what an older policy or a program wrote stays until somebody unticks it
    others = {word: _gone(word) for level in levels for word in level.tell if word not in names}
    shown = render_template(
        _EDIT,
        severity=severity,
        levels=levels,
        can_add=len(levels) < _MOST_LEVELS,
        words=_WORDS,
        people=people,
        others=others,
        errors=problems,
    )
    return make_response(shown, 422 if problems else 200)
