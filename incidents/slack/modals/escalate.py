"""The form *Escalate*: five reasons, a note, and the names of who will be called in."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import select

from ... import actions
from ...actions import matrix, telling, watch
from ...actions.looks import each_once
from ...kernel.database import db
from ...kernel.errors import Malformed, NotAllowed
from ...messages.about_incidents import clock_time
from ...policy.escalation import TRIGGER_LABELS
from ...records.incidents import Incident
from ...records.people import Person
from ...records.timeline import TimelineEntry
from .. import opening
from ..acted import Acted
from ..commands.asked import Asked
from ..interactions import PRESSED, SUBMITTED, Afterwards, Body
from ..replies import Reply
from . import parts, wanted
from .filled import Filled

_NAME: Final = "escalate"
_NOBODY: Final = "Nobody could be told. Call somebody yourself."


def reply(asked: Asked, incident: Incident) -> Reply:
    """The form; or where in the browser it is. Raises NotAllowed where it is over."""
    if not incident.is_open:
        raise NotAllowed(f"{incident.ref} is over. Reopen it to go on.")
    return Reply(
        f"The form did not open in Slack. Write {asked.command} escalate {incident.ref} and one of "
        f"{', '.join(TRIGGER_LABELS)}, or do it in the browser.",
        buttons=[asked.page("Escalate it", f"/incidents/{incident.ref}/escalations")],
        form=_form(incident),
    )


def _form(incident: Incident, *, note: str = "", reason: str = "", meanwhile: str = "") -> dict[str, Any]:
    return parts.form(
        _NAME,
        title=f"Escalate {incident.ref}",
        blocks=[
            *([parts.sentence(meanwhile)] if meanwhile else []),
            parts.quiet(f"{incident.ref} · {incident.severity} · {incident.title}"),
            parts.sentence(_who_comes(incident)),
            parts.pick("reason", "Why?", [parts.option(each, label) for each, label in TRIGGER_LABELS.items()], reason),
            parts.text("note", "What should they know?", note, longest=1000, lines=True, optional=True),
        ],
        submit="Call them in",
        kept={"ref": incident.ref, "after": wanted.newest_entry(incident), "once": parts.new_key()},
    )


def _who_comes(incident: Incident) -> str:
    """Whom the action will call in: the next level that was not told, after the last all of them."""
    levels = matrix.levels_of(incident)
    meant, told = telling.people_by_level(incident, levels), watch.struck_so_far(incident).levels
    following = next((level for level in levels if level.key not in told and meant[level.key]), None)
    if following is not None:
        return f"Calls in {_names(meant[following.key])}" + (f" ({following.label})." if following.label else ".")
    everybody = each_once(person for level in levels for person in meant[level.key])
    if not everybody:
        return "No level of this severity means anybody at present. Call somebody yourself."
    return f"Every level was told: this calls in all of them again, {_names(everybody)}."


def _names(people: list[Person]) -> str:
    return ", ".join(person.name for person in people[:10]) + (
        f" and {len(people) - 10} more" if len(people) > 10 else ""
    )


def _press(acted: Acted) -> Afterwards:
    asked = acted.asked(acted.name)
    incident, _rest = asked.incident()
    answer = reply(asked, incident)
    assert answer.form is not None
    return opening.afterwards(acted, answer.form, otherwise=answer)


def _submit(acted: Acted) -> Body:
    """Call them in; who called somebody in meanwhile is shown first, so that nobody is woken by two at once."""
    filled = Filled(acted)
    incident, person = filled.incident()
    reason, note = filled.text("reason"), filled.text("note")
    if not reason:
        raise Malformed({"reason": "Choose a reason."})
    room = acted.asked("").room(incident)
    ways = [parts.way(room.label, room.address)]
    meanwhile = _meanwhile(incident, person, after=filled.after)
    if meanwhile:
        return parts.in_place(_form(incident, note=note, reason=reason, meanwhile=meanwhile))
    if not filled.is_first_time():
        return parts.in_place(
            parts.said("Escalated", [f"This form was sent already for {incident.ref}."], buttons=ways)
        )
    told = actions.escalate(incident, by=person.as_actor(), reason=reason, note=note or None)
    said = f"{incident.ref}: {_names(told)} {'is' if len(told) == 1 else 'are'} called in." if told else _NOBODY
    return parts.in_place(parts.said("Escalated", [said], buttons=ways))


def _meanwhile(incident: Incident, person: Person, *, after: int) -> str:
    wanted_ = select(TimelineEntry).where(
        TimelineEntry.incident_id == incident.id, TimelineEntry.kind == "escalated", TimelineEntry.id > after
    )
    for entry in db.session.scalars(wanted_.order_by(TimelineEntry.id.desc())):
        if (entry.by_kind, entry.by_id) != ("person", person.id):
            at = clock_time(entry.recorded_at, person.zone)
            return (
                f"{entry.by_name} escalated it at {at}, after you opened this form. Nobody was called in by you yet. "
                "Send it again if more people are needed."
            )
    return ""


PRESSED["open/escalate:"] = _press
SUBMITTED[_NAME] = _submit
