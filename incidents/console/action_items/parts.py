"""What several screens show of action items: the days, the owners to choose from, and the items of one incident."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from ...access.visibility import visible_to
from ...kernel import clock
from ...kernel.errors import Malformed
from ...policy.action_items import DUE_WITHIN, UNDONE
from ...policy.zones import local_day
from ...records.action_items import ActionItem
from ...records.incidents import Incident
from ...records.people import Person, Role, active_people
from ...reports.action_items import Row, rows
from ..formats import viewer_zone
from ..incident_pages import text


def today() -> date:
    """The viewer's present day."""
    return local_day(clock.now(), viewer_zone())


def due_day(day: date | None) -> str:
    """``27 Nov``, with its year where that is another one."""
    if day is None:
        return ""
    return f"{day.day} {day:%b}" if day.year == today().year else f"{day.day} {day:%b %Y}"


def follow_up(incident: Incident) -> Sequence[Row]:
    """An incident's items: what is owed first. Whoever shows them has found that the viewer may see the incident."""
    return rows(ActionItem.incident_id == incident.id, today=today())


def owed_by(person: Person, *, limit: int) -> Sequence[Row]:
    """What that person owes and is late or due within the week, the latest first."""
    until = today() + DUE_WITHIN
    mine = (ActionItem.owner_id == person.id, ActionItem.status.in_([*UNDONE]), ActionItem.due_on <= until)
    return rows(visible_to(person), *mine, today=today(), limit=limit)


def owners() -> list[tuple[str, str]]:
    """Whom an item can be given to, as a form's choice."""
    return [("", "Nobody yet"), *((str(person.id), person.name) for person in active_people(Role.RESPONDER))]


def chosen_owner() -> Person | None:
    """Whom the form names; raises Malformed for somebody who is not in the list."""
    wanted = text("owner")
    if not wanted:
        return None
    found = next((person for person in active_people(Role.RESPONDER) if str(person.id) == wanted), None)
    if found is None:
        raise Malformed({"owner": "Choose somebody from the list."})
    return found


def chosen_day(name: str = "due_on") -> date | None:
    """The day in a field, None where it was left empty; raises Malformed for one that is none."""
    given = text(name)
    try:
        return date.fromisoformat(given) if given else None
    except ValueError:
        raise Malformed({name: "Give a day, such as 2026-11-27."}) from None
