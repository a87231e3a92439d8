"""The people named in a restricted incident, who alone may see it."""

from __future__ import annotations

from typing import Any

from flask.typing import ResponseReturnValue

from ... import actions
from ...access import Role, actor, may, me
from ...actions.visibility import named_people
from ...kernel.errors import Malformed, NotAllowed
from ...policy.lifecycle import Visibility
from ...records.incidents import Incident
from ...records.people import Person, active_people, find_person
from ..incident_pages import text
from .asking import answer
from .blueprint import FORM, bp
from .visibility import room_or_list


@bp.route("/people", methods=FORM)
@may(Role.RESPONDER)
def people(ref: str) -> ResponseReturnValue:
    """Let somebody see it, with a reason; or with ``act=unname`` take that away."""
    return answer(ref, "people", facts=_facts, act=_act, then=room_or_list)


def _act(incident: Incident) -> str | None:
    if incident.visibility != Visibility.RESTRICTED:
        raise NotAllowed("Every colleague sees this incident, so nobody needs to be named.")
    person = _known(text("person"))
    if text("act") == "unname":
        actions.unname_person(incident, person=person, by=actor())
        return None
    reason = text("reason")
    if not reason:
        raise Malformed({"reason": "Say in one line why they need to see it."})
    actions.name_person(incident, person=person, by=actor(), reason=reason)
    return f"{person.name} can see {incident.ref} now"


def _known(email: str) -> Person:
    person = find_person(email) if email else None
    if person is None:
        raise Malformed({"person": "Choose somebody from the list."})
    return person


def _facts(incident: Incident) -> dict[str, Any]:
    named = named_people(incident)
    ids = {person.id for person in named}
    return {
        "values": {"person": "", "reason": ""},
        "named": named,
        "is_restricted": incident.visibility == Visibility.RESTRICTED,
        "others": [(person.email, person.name) for person in active_people() if person.id not in ids],
        "my_id": me().id,
    }
