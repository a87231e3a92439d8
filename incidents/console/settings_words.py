"""Settings, roles and causes: the team's own, besides ours."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, abort, flash, make_response, redirect, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from ..access import Role, actor, may
from ..actions import team_words
from ..actions.roles import ROLE_LABELS
from ..kernel.database import db
from ..kernel.errors import Malformed, Refusal
from ..policy.lifecycle import Cause
from ..records.matrix import TeamWord

bp = Blueprint("console_team_words", __name__, url_prefix="/console/settings/words")

_KINDS = ("role", "cause")


@bp.get("")
@may(Role.ADMIN)
def page() -> ResponseReturnValue:
    """Our roles and causes, then the team's own."""
    return _show({}, {})


@bp.post("")
@may(Role.ADMIN)
def add() -> ResponseReturnValue:
    """One more role or cause category."""
    kind = request.form.get("kind", "")
    if kind not in _KINDS:
        abort(422)
    label = request.form.get("label", "").strip()
    try:
        team_words.add(kind, label=label, by=actor())
    except Refusal as refusal:
        db.session.rollback()
        said = refusal.fields["label"] if isinstance(refusal, Malformed) else refusal.sentence
        return _show({kind: label}, {f"{kind}-label": said})
    db.session.commit()
    return _done(f"{label} is added.")


@bp.post("/<int:word_id>/deletion")
@may(Role.ADMIN)
def remove(word_id: int) -> ResponseReturnValue:
    """Take back a word that no incident uses."""
    word = db.session.get(TeamWord, word_id)
    if word is None:
        abort(404)
    label = word.label
    try:
        team_words.remove(word, by=actor())
    except Refusal as refusal:
        db.session.rollback()
        return _show({}, {"": refusal.sentence})
    db.session.commit()
    return _done(f"{label} is removed.")


def _show(typed: dict[str, str], problems: dict[str, str]) -> ResponseReturnValue:
    ours: dict[str, Any] = {"role": [*ROLE_LABELS.values()], "cause": [cause.value.capitalize() for cause in Cause]}
    own: dict[str, list[TeamWord]] = {kind: [] for kind in _KINDS}
    for word in db.session.scalars(select(TeamWord).order_by(TeamWord.id)):
        own[word.kind].append(word)
    shown = render_template("console/settings/words.html", ours=ours, own=own, typed=typed, errors=problems)
    return make_response(shown, 422 if problems else 200)


def _done(sentence: str) -> ResponseReturnValue:
    flash(sentence)
    return redirect("/console/settings/words", 303)
