"""The week's digest: on Monday at nine, to every responder who wants it and to the channel of the team, once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from flask import current_app
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from ..kernel import clock, outbox
from ..kernel.database import db
from ..kernel.settings import Settings
from ..kernel.team_destinations import team_destinations
from ..messages import about_action_items
from ..messages.about_action_items import Digest, Line
from ..policy.action_items import digest_due
from ..published.page_settings import page_settings
from ..records.action_items import WeeklyDigest
from ..records.addresses import LOW
from ..records.people import Role, active_people
from ..reports.action_items import Row
from ..reports.ways import Ways
from ..reports.weekly import Week, Weeks
from . import telling

OF_INCIDENTS = (
    "of_incidents"  # in a payload: those it tells of, so that none of them reaches who may not know it any more
)


def write() -> int:
    """Write it if it is due and was not written; how many messages. Whoever has nothing to read gets none."""
    zone = ZoneInfo(page_settings().zone)
    monday = digest_due(clock.now(), zone)
    if monday is None or db.session.get(WeeklyDigest, monday) is not None or not _take(monday):
        return 0
    weeks = Weeks(monday, now=clock.now(), zone=zone)
    messages = [*_to_people(weeks, monday), *_to_the_team(weeks, monday)]
    telling.send_all(messages)
    return len(messages)


def _take(monday: date) -> bool:
    """Whether this clock is the one that writes it: the table takes a week once."""
    insert: Any = sqlite_insert if db.engine.dialect.name == "sqlite" else postgresql_insert
    taken = insert(WeeklyDigest).values(monday=monday, at=clock.now()).on_conflict_do_nothing()
    return db.session.scalar(taken.returning(WeeklyDigest.monday)) is not None


def _to_people(weeks: Weeks, monday: date) -> list[dict[str, Any]]:
    readers = [person for person in active_people(Role.RESPONDER) if person.weekly_digest]
    known = Ways(readers)
    messages = []
    for person in readers:
        week = weeks.of(person.id)
        if week.is_empty:
            continue
        letter = about_action_items.digest(_told(week), base_url=telling.base_url())
        for message in telling.addressed(
            letter, to=person, event=_event(monday), incident=None, urgency=LOW, known=known
        ):
            message["payload"] = {**message["payload"], OF_INCIDENTS: week.incident_ids}
            messages.append(message)
    return messages


def _to_the_team(weeks: Weeks, monday: date) -> list[dict[str, Any]]:
    settings: Settings = current_app.extensions["sevenbells.settings"]
    week = weeks.of(None)
    if week.is_empty:
        return []
    said = about_action_items.digest_for_slack(_told(week), base_url=telling.base_url())
    return [
        {
            "event": f"{_event(monday)}/team",
            "channel": "slack",
            "destination": place,
            "payload": {**said, OF_INCIDENTS: week.incident_ids},
            "purpose": outbox.TEAM,
        }
        for place in team_destinations(settings).get("slack", ())
    ]


def _told(week: Week) -> Digest:
    mine = [
        row for row in (*week.late, *week.due) if week.reader_id is not None and row.item.owner_id == week.reader_id
    ]
    return Digest(
        mine=_lines(mine),
        late=_lines(week.late),
        due=_lines(week.due),
        done=_lines(week.done),
        postmortems=week.postmortems,
        open_count=week.open_count,
    )


def _lines(rows: Sequence[Row]) -> list[Line]:
    return [Line(row.item, row.incident.ref, row.owner.name if row.owner else "", row.days_late) for row in rows]


def _event(monday: date) -> str:
    return f"digest/{monday.isoformat()}"
