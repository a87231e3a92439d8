"""Settings, post-mortems: which sections each severity asks for, and the question beside each that people write."""

from __future__ import annotations

from flask import Blueprint, flash, make_response, redirect, render_template, request
from flask.typing import ResponseReturnValue

from ..access import Role, actor, may
from ..actions.postmortem import templates as acts
from ..kernel.database import db
from ..kernel.errors import Malformed
from ..policy import postmortem_templates as policy
from ..policy.postmortems import FACTS, WRITABLE
from ..policy.severity import Severity
from ..records.postmortem_templates import templates

bp = Blueprint("console_postmortem_templates", __name__, url_prefix="/console/settings/postmortems")
_AT = "/console/settings/postmortems"
_WORDS = {**{str(each): f"{each} {each.label}" for each in Severity}, policy.SECURITY: "Security incidents"}


@bp.get("")
@may(Role.ADMIN)
def page() -> ResponseReturnValue:
    """One kind's template; ``?kind=`` says which."""
    return _page(request.args.get("kind", ""), {})


@bp.post("")
@may(Role.ADMIN)
def change() -> ResponseReturnValue:
    """Save it, or put the default back."""
    kind = request.form.get("kind", "")
    try:
        if request.form.get("act") == "reset":
            acts.reset_template(kind, by=actor())
        else:
            questions = {name.value: request.form.get(f"question-{name}", "").replace("\x00", "") for name in WRITABLE}
            acts.change_template(kind, sections=request.form.getlist("section"), questions=questions, by=actor())
    except Malformed as refusal:
        db.session.rollback()
        return _page(kind, refusal.fields)
    db.session.commit()
    flash("Saved. What was written already is shown all the same.")
    return redirect(f"{_AT}?kind={kind}", 303)


def _page(kind: str, errors: dict[str, str]) -> ResponseReturnValue:
    kind = kind if kind in policy.KINDS else policy.KINDS[0]
    known = templates()[kind]
    typed = request.form if errors else {}
    return make_response(
        render_template(
            "console/settings/postmortems.html",
            errors=errors,
            kind=kind,
            kinds=_WORDS,
            always=policy.ALWAYS,
            facts=FACTS,
            names=policy.CHOSEN_FROM,
            chosen=request.form.getlist("section") if errors else known.sections,
            questions={
                name: typed.get(f"question-{name}", known.questions.get(name, "")) for name in policy.CHOSEN_FROM
            },
            longest=policy.LONGEST_QUESTION,
        ),
        422 if errors else 200,
    )
