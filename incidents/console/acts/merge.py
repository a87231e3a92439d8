"""This trouble is another one: it ends here and goes on there."""

from __future__ import annotations

from typing import Any

from flask import redirect, request
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from ... import actions
from ...access import Role, actor, may, me
from ...access.visibility import find_incident
from ...kernel.database import db
from ...kernel.errors import Malformed
from ...kernel.requests import is_reading
from ...published import publishing
from ...records.incidents import Incident
from .. import other_incidents
from ..incident_pages import text
from .asking import answer
from .blueprint import FORM, bp

_NO_SUCH = "There is no such incident. Write its number, such as INC-7."


@bp.route("/merge", methods=FORM)
@may(Role.RESPONDER)
def merge(ref: str) -> ResponseReturnValue:
    """Into which one; open incidents are suggested."""
    if not is_reading():
        _lock_in_order(ref)
    return answer(ref, "merge", facts=_facts, act=_merge, then=_to_the_other)


def _lock_in_order(ref: str) -> None:
    """Lock both rows by number, so that two merges in opposite directions wait instead of blocking each other."""
    found = [find_incident(name, me()) for name in (ref, text("into"))]
    ids = [incident.id for incident in found if incident is not None]
    db.session.scalars(select(Incident.id).where(Incident.id.in_(ids)).order_by(Incident.id).with_for_update()).all()


def _merge(incident: Incident) -> str | None:
    into = find_incident(text("into"), me(), for_writing=True)
    if into is None:
        raise Malformed({"into": _NO_SUCH})
    if into.id == incident.id:
        raise Malformed({"into": "That is this incident. Choose another one."})
    actions.merge(incident, into=into, by=actor())
    return f"{incident.ref} goes on here"


def _to_the_other(incident: Incident) -> ResponseReturnValue:
    return redirect(f"/console/incidents/INC-{incident.merged_into_id}", 303)


def _facts(incident: Incident) -> dict[str, Any]:
    words = request.args.get("q", "").strip()
    return {
        "values": {"into": "", "q": words},
        "others": other_incidents.found(incident, words, me=me(), only_open=True),
        "is_published": publishing.find(incident.id) is not None,
    }
