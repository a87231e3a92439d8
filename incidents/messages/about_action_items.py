"""Letters about action items: what is due or late, and the week's digest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from ..records.action_items import ActionItem
from ..records.incidents import Incident
from ..records.people import Person
from . import slack_blocks
from .about_incidents import letter
from .letters import Button, Letter

_MOST = 10  # of one kind in a digest; the list has them all
DIGEST_FOOTER = (
    "You get this each Monday because you respond to incidents in Sevenbells.",
    "You can switch it off on your page, under Look and keys.",
)


@dataclass(frozen=True)
class Owed:
    """An item and who owns it; empty where nobody does."""

    item: ActionItem
    owner: str


@dataclass(frozen=True)
class Line:
    """An item as the week's digest tells of it."""

    item: ActionItem
    ref: str
    owner: str
    days_late: int


@dataclass(frozen=True, kw_only=True)
class Digest:
    """One reader's week."""

    mine: Sequence[Line]
    late: Sequence[Line]
    due: Sequence[Line]
    done: Sequence[Line]
    postmortems: Sequence[Incident]
    open_count: int


def reminder(incident: Incident, owed: Sequence[Owed], *, to: Person, today: date, base_url: str) -> Letter:
    """Items of one incident that are due tomorrow, today or late, as their owner or whoever stands in hears of them."""
    lines = [_line(each, to=to, today=today) for each in owed]
    first = owed[0].item
    headline = (
        f"“{first.title}” {_when(first, today)}" if len(owed) == 1 else f"{len(owed)} action items are due or late"
    )
    address = f"{base_url}/console/action-items"
    one = f"{address}/{first.id}" if len(owed) == 1 else f"{address}?incident={incident.ref}&status=undone"
    return letter(
        incident,
        headline=headline,
        paragraphs=[
            f"Of {incident.ref}, {incident.title}:",
            "\n".join(lines),
            "Finish it, give it another day, or drop it with a reason, and these reminders end.",
        ],
        buttons=[Button("Open it" if len(owed) == 1 else "Open them", one)],
        template="",
    )


def _line(each: Owed, *, to: Person, today: date) -> str:
    whose = (
        "Nobody owns it yet."
        if not each.owner
        else ""
        if each.item.owner_id == to.id
        else f"Its owner is {each.owner}."
    )
    return f"- {each.item.title}: {_when(each.item, today)}. {whose}".rstrip()


def _when(item: ActionItem, today: date) -> str:
    assert item.due_on is not None
    late = (today - item.due_on).days
    return {-1: "is due tomorrow", 0: "is due today"}.get(late, f"is {late} day{'s' if late != 1 else ''} late")


# ---- the week's digest ----


def digest(week: Digest, *, base_url: str) -> Letter:
    """One person's week: theirs first, then everybody's, then the post-mortems that are late."""
    parts = [_part("Yours", week.mine)] if week.mine else []
    return Letter(
        subject=_subject(week),
        paragraphs=[*parts, *_parts(week)],
        buttons=[
            Button("Action items", f"{base_url}/console/action-items?status=undone"),
            Button("Post-mortems", f"{base_url}/console/postmortems"),
        ],
        footer=DIGEST_FOOTER,
    )


def digest_for_slack(week: Digest, *, base_url: str) -> dict[str, Any]:
    """The same for the channel of the team."""
    button = Button("Action items", f"{base_url}/console/action-items?status=undone")
    return slack_blocks.post(headline=_subject(week), paragraphs=_parts(week), buttons=[button])


def _subject(week: Digest) -> str:
    told = [f"{len(week.late)} late", f"{week.open_count} open", f"{len(week.done)} done last week"]
    return f"Action items: {', '.join(told)}"


def _parts(week: Digest) -> list[str]:
    parts = [
        _part("Late", week.late),
        _part("Due this week", week.due),
        _part("Done last week", week.done),
    ]
    if week.postmortems:
        lines = [f"- {each.ref} {each.title}" for each in week.postmortems[:_MOST]]
        parts.append(
            "\n".join([f"Post-mortems that are late: {len(week.postmortems)}", *lines, *_more(week.postmortems)])
        )
    return [part for part in parts if part]


def _part(heading: str, rows: Sequence[Line]) -> str:
    if not rows:
        return ""
    return "\n".join([f"{heading}: {len(rows)}", *(_in_digest(row) for row in rows[:_MOST]), *_more(rows)])


def _in_digest(row: Line) -> str:
    if row.item.done_at is not None:
        return f"- {row.item.title} ({row.ref}, {row.item.done_by_name})"
    late = f"{row.days_late} day{'s' if row.days_late != 1 else ''} late"
    due = f"due {row.item.due_on.day} {row.item.due_on:%b}" if row.item.due_on else ""
    return f"- {row.item.title} ({row.ref}, {row.owner or 'nobody'}, {late if row.days_late else due})"


def _more(found: Sequence[object]) -> list[str]:
    return [f"and {len(found) - _MOST} more"] if len(found) > _MOST else []
