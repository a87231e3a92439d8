"""Who may know: everybody once published, colleagues, or only the people named."""

from __future__ import annotations

from typing import Any

from flask import redirect
from flask.typing import ResponseReturnValue

from ... import actions
from ...access import Role, actor, may, me
from ...access.visibility import find_incident
from ...actions import oncall, roles
from ...policy.lifecycle import Visibility
from ...published import publishing
from ...records.incidents import Incident
from ..incident_pages import text, to_room
from .asking import answer
from .blueprint import FORM, bp
from .repeats import fingerprint, insist_on_sight


@bp.route("/visibility", methods=FORM)
@may(Role.RESPONDER)
def visibility(ref: str) -> ResponseReturnValue:
    """The three, each with what it means for this incident."""
    return answer(ref, "visibility", facts=_facts, act=_change)


def _change(incident: Incident) -> str | None:
    wanted = text("visibility")
    if wanted != incident.visibility:
        insist_on_sight(incident, _seen(incident), f"Somebody made it {incident.visibility} meanwhile. Decide anew.")
    actions.change_visibility(incident, to=wanted, by=actor(), viewer_person=me(), reason=text("reason"))
    return None


def _facts(incident: Incident) -> dict[str, Any]:
    is_published = publishing.find(incident.id) is not None
    leaves = " It leaves the status page at once." if is_published else ""
    keep = {person.id: person.name for person in [*oncall.declarer_of(incident)]}
    keep |= {person.id: person.name for _held, person in roles.current_roles(incident)} | {me().id: "you"}
    return {
        "values": {"visibility": incident.visibility, "reason": ""},
        "seen": _seen(incident),
        "is_published": is_published,
        "choices": [
            {
                "value": Visibility.PUBLIC.value,
                "text": "Public. Every colleague sees it, and updates can be published. Nothing is published by this.",
            },
            {"value": Visibility.INTERNAL.value, "text": f"Internal. Every colleague sees it, nobody else.{leaves}"},
            {
                "value": Visibility.RESTRICTED.value,
                "text": f"Restricted. Only people named in it see it: now {_list(sorted(keep.values()))}, "
                f"later whoever you name or an escalation reaches.{leaves}",
            },
        ],
    }


def _list(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def room_or_list(incident: Incident) -> ResponseReturnValue:
    """Back to the room, or to the list where this person may not see the room any more."""
    if find_incident(incident.ref, me()) is None:
        return redirect("/console/incidents", 303)
    return to_room(incident)


def _seen(incident: Incident) -> str:
    return fingerprint(incident.visibility)
