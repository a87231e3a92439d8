"""Buttons that do at once what they say: *Acknowledge*, and the words of ``/incident`` in its menu."""

from __future__ import annotations

from typing import Final

from .. import actions
from ..access import Role
from ..access.visibility import find_incident, number_of
from ..messages.about_incidents import clock_time
from ..messages.letters import ACKNOWLEDGE, COMMAND, Button
from ..published.page_settings import page_settings
from ..records.incidents import Incident
from ..records.people import Person
from . import commands, door
from .acted import Acted
from .commands.asked import LINK, UNKNOWN
from .interactions import PRESSED
from .replies import Reply

_ASKED_BY_BUTTON: Final = frozenset({"list", "oncall", "maintenance", "help"})


def acknowledge(acted: Acted) -> None:
    """Whoever presses it acknowledges as the person whose address that Slack user is."""
    if number_of(acted.name) is None:
        return
    room = Button("Open the incident", f"{door.settings().base_url}/console/incidents/{acted.name}")
    said = f"{UNKNOWN} {LINK}" if acted.person is None else _acknowledge(acted.name, acted.person)
    acted.say(Reply(said, buttons=[*acted.asked("").ways_to_be_known(), room]))


def _acknowledge(ref: str, person: Person) -> str:
    """What became of it, in one sentence; a hidden incident is answered like a missing one."""
    incident = find_incident(ref, person, for_writing=True)
    if incident is None:
        return f"There is no {ref} that you can see."
    if not person.may(Role.RESPONDER):
        return f"Only a responder can acknowledge {ref}."
    if not incident.is_open:
        return f"{ref} is over. There is nothing to acknowledge."
    before = _who_has_it(incident, person)
    if not before:
        actions.acknowledge(incident, by=person.as_actor())
    return before or f"You acknowledged {ref}."


def _who_has_it(incident: Incident, person: Person) -> str:
    """Two people press at once: the second is told who was first, and nothing is done twice."""
    if not incident.is_acknowledged or incident.acknowledgement_at is None:
        return ""
    kind, number, name = (incident.acknowledgement_by or "").split(":", 2)
    who = "You" if (kind, number) == ("person", str(person.id)) else name
    return f"{who} acknowledged {incident.ref} at {clock_time(incident.acknowledgement_at, page_settings().zone)}."


def word(acted: Acted) -> None:
    """What the menu asks for, as if it had been written."""
    if acted.name in _ASKED_BY_BUTTON:
        acted.say(commands.run(acted.asked(acted.name)))


PRESSED[f"{ACKNOWLEDGE}:"] = acknowledge
PRESSED[COMMAND] = word
