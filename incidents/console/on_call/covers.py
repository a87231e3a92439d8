"""Covers: somebody else is on call for a while, from a gap, a shift, or a form; and taking that back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, abort, flash, make_response, redirect, render_template, request
from flask.typing import ResponseReturnValue

from ...access import Role, actor, may, me
from ...actions import oncall, overrides
from ...kernel import clock
from ...kernel.database import db
from ...kernel.errors import Malformed, Refusal
from ...records.oncall import Override
from ..formats import local_input
from . import fields, page
from .lanes import of_rotation
from .week import span_words

bp = Blueprint("console_covers", __name__, url_prefix="/console/on-call/overrides")

_FORM = "console/on_call/cover.html"
_AT = {"starts_at": "from", "ends_at": "until"}  # what the action calls a field → its name in the form


@bp.get("/new")
@may(Role.RESPONDER)
def new() -> ResponseReturnValue:
    """The form, filled with what the address says: ``?rotation=1&from=…&until=…``."""
    typed = {name: fields.text(name) for name in ("rotation", "from", "until", "instead_of", "reason")}
    if not typed["from"]:
        typed |= _the_present_shift()
    return _show({**typed, "person": fields.text("person") or me().email}, {})


@bp.post("")
@may(Role.RESPONDER)
def add() -> ResponseReturnValue:
    """Put somebody on call."""
    try:
        override = _add()
    except Refusal as refusal:
        db.session.rollback()
        return _show(request.form, _said(refusal), refusal.status)
    words = span_words(override.starts_at, override.ends_at, me().time_zone)
    db.session.commit()
    flash(f"Covered: {words}.")
    return redirect("/console/on-call#gaps-title", 303)


@bp.post("/<int:override_id>/removal")
@may(Role.RESPONDER)
def remove(override_id: int) -> ResponseReturnValue:
    """Take a cover back; one that runs ends now."""
    override = db.session.get(Override, override_id)
    if override is None:
        abort(404)
    try:
        overrides.remove_override(override, by=actor())
    except Refusal as refusal:
        db.session.rollback()
        return page.shown(refusal.sentence, refusal.status)
    db.session.commit()
    flash("The cover is taken back.")
    return redirect("/console/on-call#gaps-title", 303)


def _the_present_shift() -> dict[str, str]:
    """From now until the next hand-over: what is covered most often."""
    rotation = fields.rotation({})
    if rotation is None:
        return {}
    now = clock.now()
    after = oncall.now_and_next(rotation, now)[1]
    return {"from": local_input(now), "until": local_input(after.starts_at if after else None)}


def _add() -> Override:
    problems: dict[str, str] = {}
    rotation, person = fields.rotation(problems), fields.person("person", problems)
    instead_of = fields.person("instead_of", problems, wanted=False)
    starts_at, ends_at = fields.moment("from", problems), fields.moment("until", problems)
    if rotation is None or person is None or starts_at is None or ends_at is None or problems:
        raise Malformed(problems)
    return overrides.add_override(
        rotation,
        by=actor(),
        person=person,
        starts_at=starts_at,
        ends_at=ends_at,
        instead_of=instead_of,
        reason=fields.text("reason"),
    )


def _said(refusal: Refusal) -> dict[str, str]:
    """What is wrong, by the names of the form's fields."""
    if not isinstance(refusal, Malformed):
        return {"": refusal.sentence}
    return {_AT.get(name, name): sentence for name, sentence in refusal.fields.items()}


def _show(typed: Mapping[str, str], problems: dict[str, str], status: int = 200) -> ResponseReturnValue:
    text = render_template(
        _FORM,
        typed=typed,
        errors=problems,
        rotations=fields.rotation_choices(),
        people=fields.responders(),
        standing=_standing(typed),
    )
    return make_response(text, status)


def _standing(typed: Mapping[str, str]) -> list[tuple[Any, str]]:
    """Who is on call in the stretch that the form names, as it stands."""
    unread: dict[str, str] = {}
    rotation = fields.rotation(unread)
    since, until = (fields.moment(name, unread, given=typed.get(name, "")) for name in ("from", "until"))
    if rotation is None or since is None or until is None or not since < until <= since + overrides.LONGEST:
        return []
    lane = of_rotation(rotation, me(), since=since, until=until)
    return [(span, span_words(span.starts_at, span.ends_at, me().time_zone)) for span in lane.spans[:20]]
