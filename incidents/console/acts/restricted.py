"""An admin names himself in a restricted incident that he cannot see; the form reveals nothing about any."""

from __future__ import annotations

from flask import Blueprint, make_response, render_template
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from ... import actions
from ...access import Role, may, me
from ...access.visibility import find_incident, number_of
from ...kernel.database import db, reading
from ...kernel.errors import Malformed
from ...policy.lifecycle import Visibility
from ...records.incidents import Incident
from ..incident_pages import text, to_room

bp = Blueprint("console_restricted", __name__, url_prefix="/console/restricted")

_LONGEST_REASON = 500


@bp.get("")
@may(Role.ADMIN)
def ask() -> ResponseReturnValue:
    """A number and a reason."""
    return _page({})


@bp.post("")
@may(Role.ADMIN)
def name_oneself() -> ResponseReturnValue:
    """Go in; the others in it are told. What is wrong with the form is said before anything is looked up."""
    ref, reason = text("ref"), text("reason")
    problems = {}
    if number_of(ref) is None:
        problems["ref"] = "Write its number, such as INC-7."
    if not reason:
        problems["reason"] = "Say why you need to see this incident."
    elif len(reason) > _LONGEST_REASON:
        problems["reason"] = f"Use at most {_LONGEST_REASON} characters. There are {len(reason)} now."
    if problems:
        return _page(problems, 422)
    return _go_in(ref, reason)


def _go_in(ref: str, reason: str) -> ResponseReturnValue:
    seen = find_incident(ref, me())
    if seen is not None:
        return to_room(seen)
    # the one query beside visible_to: it answers nobody but an admin who has just given a reason
    hidden = select(Incident).where(Incident.id == number_of(ref), Incident.visibility == Visibility.RESTRICTED)
    incident = db.session.scalars(hidden.with_for_update()).one_or_none()
    if incident is None:
        db.session.rollback()
        with reading():
            return _page({"ref": "There is no incident with this number."}, 404)
    try:
        actions.name_oneself(incident, admin=me(), reason=reason)
    except Malformed as refusal:
        db.session.rollback()
        return _page(dict(refusal.fields), 422)
    way_in = to_room(incident)
    db.session.commit()
    return way_in


def _page(errors: dict[str, str], status: int = 200) -> ResponseReturnValue:
    values = {"ref": text("ref"), "reason": text("reason")}
    return make_response(render_template("console/acts/restricted.html", values=values, errors=errors), status)
