"""The form *Snooze*: ten or fifteen minutes and why; the reminder is held back, and the promise stays where it is."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from sqlalchemy import select

from ... import actions
from ...kernel import clock
from ...kernel.database import db
from ...kernel.errors import NotAllowed
from ...messages.about_incidents import addresses, clock_time
from ...messages.letters import SNOOZE, Button
from ...policy.cadence import SNOOZE_MINUTES, SNOOZES_IN_A_ROW, snooze_refusal, snoozed_until
from ...published.page_settings import page_settings
from ...records.incidents import Incident
from ...records.timeline import TimelineEntry
from .. import opening, reminders
from ..acted import Acted
from ..commands.asked import Asked
from ..interactions import PRESSED, SUBMITTED, Afterwards, Body
from ..replies import Reply
from . import parts
from .filled import Filled

_NAME: Final = "snooze"
_TITLE: Final = "Snooze"
_LEFT: Final = {True: "It can be snoozed twice in a row.", False: "After this one an update is owed."}


def _press(acted: Acted) -> Afterwards | None:
    """Open the form; who presses second is told what happened, and a snooze that is refused is refused here."""
    asked = acted.asked(acted.name)
    incident, _rest = asked.incident()
    promise = reminders.value_of(acted)
    answered = _what_happened(asked, incident, promise)
    if answered:
        acted.say(Reply(answered, ["Nothing was held back for you."], [asked.room(incident)]))
        return None
    _check(incident)
    elsewhere = Button("Snooze", addresses(incident, asked.base_url)["snooze"])
    otherwise = Reply("The form did not open in Slack. Do it in the browser.", buttons=[elsewhere])
    return opening.afterwards(acted, _form(incident, promise), otherwise=otherwise)


def _form(incident: Incident, promise: str) -> dict[str, Any]:
    due_at, now = incident.next_update_due_at, clock.now()
    left = SNOOZES_IN_A_ROW - incident.snoozes_in_a_row
    promised = f"The update stays promised by {_at(due_at)}. " if due_at is not None else ""
    lengths = [parts.option(str(each), f"{each} min, until {_at(snoozed_until(each, now))}") for each in SNOOZE_MINUTES]
    return parts.form(
        _NAME,
        title=f"Snooze {incident.ref}",
        blocks=[
            parts.quiet(f"{incident.ref} · {incident.severity} · {incident.title}"),
            parts.sentence(f"{promised}This is no update: the public reads nothing of it."),
            parts.pick("minutes", "For how long?", lengths, str(SNOOZE_MINUTES[0])),
            parts.text("reason", "Why?", hint=f"It stands on the timeline. {_LEFT[left > 1]}", longest=500),
        ],
        submit="Hold it back",
        kept={"ref": incident.ref, "promise": promise, "once": parts.new_key()},
    )


def _submit(acted: Acted) -> Body:
    """Hold it back, unless somebody answered the promise or did the same meanwhile."""
    filled = Filled(acted)
    incident, person = filled.incident()
    asked = acted.asked("")
    room = asked.room(incident)
    ways = [parts.way(room.label, room.address)]
    answered = _what_happened(asked, incident, str(filled.kept.get("promise", ""))[:60])
    if answered:
        return parts.in_place(parts.said(_TITLE, [answered, "Nothing was held back for you."], buttons=ways))
    if filled.is_first_time():
        minutes = filled.text("minutes")
        number = int(minutes) if minutes.isascii() and minutes.isdecimal() and len(minutes) < 4 else 0
        actions.snooze(incident, by=person.as_actor(), minutes=number, reason=filled.text("reason"))
    said = f"The reminder comes at {_at(incident.snoozed_until)}. The promise stays where it is."
    return parts.in_place(parts.said(_TITLE, [said], buttons=ways))


def _what_happened(asked: Asked, incident: Incident, promise: str) -> str:
    answered = reminders.what_happened(asked, incident, promise)
    if answered or incident.snoozed_until is None or incident.snoozed_until <= clock.now():
        return answered
    wanted = select(TimelineEntry).where(TimelineEntry.incident_id == incident.id, TimelineEntry.kind == "snooze")
    entry = db.session.scalars(wanted.order_by(TimelineEntry.id.desc()).limit(1)).one()
    who = "You" if (entry.by_kind, entry.by_id) == (asked.by.kind, asked.by.id) else entry.by_name
    return f"{who} held the reminder of {incident.ref} back until {_at(incident.snoozed_until)}."


def _check(incident: Incident) -> None:
    refusal = snooze_refusal(
        SNOOZE_MINUTES[0],
        reason="asked before one is given",
        due_at=incident.next_update_due_at,
        now=clock.now(),
        snoozes_in_a_row=incident.snoozes_in_a_row,
    )
    if refusal:
        raise NotAllowed(refusal)


def _at(moment: datetime | None) -> str:
    return "" if moment is None else clock_time(moment, page_settings().zone)


PRESSED[f"{SNOOZE}:"] = _press
SUBMITTED[_NAME] = _submit
