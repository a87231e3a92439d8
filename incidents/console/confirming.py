"""What publishing asks of everybody: which update is meant, and whether it is meant."""

from __future__ import annotations

from werkzeug.exceptions import NotFound

from ..access import me
from ..actions import approval
from ..actions.updates import find_update
from ..kernel.errors import Malformed
from ..records.incidents import Incident
from ..records.updates import Update
from . import composer
from .incident_pages import text


def update_of(incident: Incident, update_id: str) -> Update:
    """This incident's update with that id; 404 for another one's."""
    found = find_update(incident, update_id)
    if found is None:
        raise NotFound
    return found


def insist_on_confirmation(incident: Incident, act: str, *, audience: str | None = None) -> None:
    """Who is neither commander nor communications lead says once that he means it."""
    to_public = (audience or text("audience") or "public") == "public" and not incident.is_drill
    if act in {"draft", "ask"} or not to_public or composer.leads(incident, me()) or text("confirmed"):
        return
    if approval.must_ask(incident, me().as_actor()):
        return  # then it is refused for that, or approved by another
    raise Malformed(
        {"confirmed": "You are neither commander nor communications lead. Tick this to publish all the same."}
    )
