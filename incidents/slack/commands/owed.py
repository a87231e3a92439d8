"""``actions``: the action items that whoever asks owes."""

from __future__ import annotations

from ...access.visibility import visible_to
from ...kernel import clock
from ...policy.action_items import UNDONE
from ...policy.zones import local_day
from ...records.action_items import ActionItem
from ...reports.action_items import Row, rows
from ..replies import Reply
from .asked import Asked

_MOST = 15


def action_items(asked: Asked) -> Reply:
    """Theirs that are not done, by the day they are due."""
    person = asked.known()
    mine = (visible_to(person), ActionItem.owner_id == person.id, ActionItem.status.in_([*UNDONE]))
    found = rows(*mine, today=local_day(clock.now(), person.time_zone), limit=_MOST + 1)
    more = ["There are more."] if len(found) > _MOST else []
    page = asked.page("Your action items", "/action-items?owner=mine&status=undone")
    lines = [_line(row) for row in found[:_MOST]]
    return Reply("Your action items" if found else "You owe no action item.", [*lines, *more], [page])


def _line(row: Row) -> str:
    day = row.item.due_on
    due = "no date" if day is None else f"due {day.day} {day:%b}"
    late = f"{row.days_late} day{'s' if row.days_late != 1 else ''} late"
    return f"{row.item.title} · {row.incident.ref} · {late if row.days_late else due}"
