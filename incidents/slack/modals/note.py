"""The form *Add a note*: a line on the timeline, which tells nobody."""

from __future__ import annotations

from typing import Any, Final

from ... import actions
from ...messages.about_incidents import addresses
from ...messages.letters import ADD_NOTE, Button
from ...records.incidents import Incident
from .. import opening
from ..acted import Acted
from ..interactions import PRESSED, SUBMITTED, Afterwards, Body
from ..replies import Reply
from . import parts
from .filled import Filled

_NAME: Final = "note"


def _press(acted: Acted) -> Afterwards:
    asked = acted.asked(acted.name)
    incident, _rest = asked.incident()
    elsewhere = Button("Add a note", addresses(incident, asked.base_url)["note"])
    otherwise = Reply("The form did not open in Slack. Write the note in the browser.", buttons=[elsewhere])
    return opening.afterwards(acted, _form(incident), otherwise=otherwise)


def _form(incident: Incident) -> dict[str, Any]:
    return parts.form(
        _NAME,
        title="Add a note",
        blocks=[
            parts.quiet(f"{incident.ref} · {incident.severity} · {incident.title}"),
            parts.text("body", "What happened?", lines=True, hint="For colleagues. It is no update and tells nobody."),
        ],
        submit="Add note",
        kept={"ref": incident.ref, "once": parts.new_key()},
    )


def _submit(acted: Acted) -> Body:
    filled = Filled(acted)
    incident, person = filled.incident()
    if filled.is_first_time():
        actions.add_note(incident, by=person.as_actor(), body=filled.text("body"))
    room = acted.asked("").room(incident)
    said = f"Your note is on the timeline of {incident.ref}."
    return parts.in_place(parts.said("Note", [said], buttons=[parts.way(room.label, room.address)]))


PRESSED[f"{ADD_NOTE}:"] = _press
SUBMITTED[_NAME] = _submit
