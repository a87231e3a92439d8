"""Time and action items: who owes one is told the day before, on the day and while it is late; a week late, the commander too."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select

from ..kernel import clock
from ..kernel.database import db
from ..messages import about_action_items
from ..messages.about_action_items import Owed
from ..policy import zones
from ..policy.action_items import REMIND_AT, UNDONE, concerns_the_commander, reminders_due
from ..published.page_settings import page_settings
from ..records.action_items import ActionItem
from ..records.actors import CLOCK
from ..records.addresses import LOW
from ..records.incidents import Bell, Incident
from ..records.people import Person, Role, active_people
from ..reports.ways import Ways
from . import journal, telling
from .postmortem import course

_AHEAD = timedelta(days=2)  # the day before, in every zone
_PREFIX = "action/"


@dataclass(frozen=True)
class _Due:
    """An item whose reminder is due: the days not told, and who is to hear."""

    item: ActionItem
    days: list[date]
    readers: list[Person]


def due_incidents() -> list[int]:
    """The incidents of which items may be due now, by their numbers: to be looked at one by one, with ``remind``."""
    waiting = _owing()
    told = _days_told(waiting)
    return sorted({item.incident_id for item in waiting if _may_be_due(item, told[item.id])})


def _owing(incident_id: int | None = None) -> list[ActionItem]:
    latest = clock.now().date() + _AHEAD
    wanted = select(ActionItem).where(ActionItem.status.in_([*UNDONE]), ActionItem.due_on <= latest)
    if incident_id is not None:
        wanted = wanted.where(ActionItem.incident_id == incident_id).execution_options(populate_existing=True)
    return [*db.session.scalars(wanted.order_by(ActionItem.due_on, ActionItem.id))]


def _may_be_due(item: ActionItem, told: set[date]) -> bool:
    """Whether it is in some zone: the earliest there is; who hears and when is looked at with the incident locked."""
    assert item.due_on is not None
    zone = ZoneInfo("Pacific/Kiritimati")
    return bool(reminders_due(item.due_on, now=clock.now(), zone=zone, told=told, since=item.owed_since - _AHEAD))


def remind(incident_id: int) -> bool:
    """Write what is due now of this incident's items; False where nothing is. Days missed while nobody looked are one letter.

    Each day leaves a bell whose key the table refuses twice, and the incident is locked meanwhile, so any number of
    clocks tell it once. Items that are due together come in one letter a person.
    """
    locked = select(Incident).where(Incident.id == incident_id).with_for_update(skip_locked=True)
    incident = db.session.scalars(locked).one_or_none()
    if incident is None:
        return False
    items = _owing(incident_id)
    told = _days_told(items)
    instead = _instead(incident)
    due = [found for item in items if (found := _due(item, incident, told[item.id], instead)) is not None]
    if not due:
        return False
    now = clock.now()
    keys = [_key(each.item, day) for each in due for day in each.days]
    db.session.add_all(Bell(incident_id=incident.id, key=key, at=now) for key in keys)
    readers = _by_reader(due)
    event = f"bell/{incident.id}/{keys[0]}"
    _send(incident, readers, event)
    people = [person for person, _owed in readers.values()]
    journal.write(
        incident,
        "action_item",
        by=CLOCK,
        detail={
            "did": "reminded",
            "item_ids": [each.item.id for each in due],
            "titles": [each.item.title for each in due],
            "people": [person.name for person in people],
            "person_ids": [person.id for person in people],
            "event": event,
        },
    )
    db.session.flush()
    return True


def _due(item: ActionItem, incident: Incident, told: set[date], instead: Sequence[Person]) -> _Due | None:
    assert item.due_on is not None
    owner = _owner(item, incident)
    readers = [owner] if owner is not None else [*instead]
    zone = readers[0].time_zone if readers else ZoneInfo(page_settings().zone)
    now = clock.now()
    days = reminders_due(item.due_on, now=now, zone=zone, told=told, since=item.owed_since)
    # what was missed overnight, or while nobody looked, waits for the morning too
    if not days or now.astimezone(zone).time() < REMIND_AT:
        return None
    if owner is not None and concerns_the_commander(item.due_on, days[-1]):
        readers += [person for person in instead if person.id != owner.id]
    return _Due(item, days, readers)


def _owner(item: ActionItem, incident: Incident) -> Person | None:
    """Who owes it, as long as the account is open and they may see the incident."""
    person = db.session.get(Person, item.owner_id) if item.owner_id is not None else None
    return person if person is not None and person.is_active and telling.who_may_hear(incident, [person]) else None


def _instead(incident: Incident) -> list[Person]:
    """Who stands in for an owner: the incident's commander, else the admins, as far as they may see it."""
    commander = course.last_commander(incident)
    named = telling.who_may_hear(incident, [commander] if commander is not None and commander.is_active else [])
    return named or telling.who_may_hear(incident, active_people(Role.ADMIN))


def _by_reader(due: Iterable[_Due]) -> dict[int, tuple[Person, list[ActionItem]]]:
    found: dict[int, tuple[Person, list[ActionItem]]] = {}
    for each in due:
        for person in each.readers:
            found.setdefault(person.id, (person, []))[1].append(each.item)
    return found


def _send(incident: Incident, readers: Mapping[int, tuple[Person, list[ActionItem]]], event: str) -> None:
    people = [person for person, _items in readers.values()]
    known = Ways(people)
    names = _owner_names([item for _person, items in readers.values() for item in items])
    telling.send_all(
        [
            message
            for person, items in readers.values()
            for message in telling.addressed(
                about_action_items.reminder(
                    incident,
                    [Owed(item, names.get(item.owner_id or 0, "")) for item in items],
                    to=person,
                    today=zones.local_day(clock.now(), person.time_zone),
                    base_url=telling.base_url(),
                ),
                to=person,
                event=event,
                incident=incident,
                urgency=LOW,
                known=known,
            )
        ]
    )


def _owner_names(items: Iterable[ActionItem]) -> dict[int, str]:
    ids = {item.owner_id for item in items if item.owner_id is not None}
    found = db.session.execute(select(Person.id, Person.name).where(Person.id.in_(ids))) if ids else ()
    return {row.id: row.name for row in found}


def _days_told(items: Iterable[ActionItem]) -> dict[int, set[date]]:
    """Of the present due days: another one, after a change, begins anew."""
    by_prefix = {_key(item, None): item.id for item in items}
    told: dict[int, set[date]] = defaultdict(set)
    incidents = {item.incident_id for item in items}
    rung = select(Bell.key).where(Bell.incident_id.in_(incidents), Bell.key.startswith(_PREFIX))
    for key in db.session.scalars(rung) if incidents else ():
        prefix, _slash, day = key.rpartition("/")
        if (item_id := by_prefix.get(f"{prefix}/")) is not None:
            told[item_id].add(date.fromisoformat(day))
    return told


def _key(item: ActionItem, day: date | None) -> str:
    assert item.due_on is not None
    return f"{_PREFIX}{item.id}/{item.due_on:%Y%m%d}/{day.isoformat() if day else ''}"
