"""A component or a group on a page of its own: its uptime over five spans, its ninety days, and what each day brought."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from itertools import islice
from typing import Any

from incidents.kernel.languages import say
from incidents.policy import uptime
from incidents.policy.components import ComponentStatus, worst
from incidents.policy.uptime import Day

from . import marks, panels, times, words, work_panels
from .prepared import OPEN, Document
from .sheets import sheet
from .snapshot import Component, Group, Picture
from .story import Incident
from .work import Work
from .year import Year

_MOST_PAST = 40
_MOST_WORKS = 20
_OPERATIONAL = ComponentStatus.OPERATIONAL
_HOURS = 24


def find(picture: Picture, public_id: str) -> Component | Group | None:
    """The shown component, or the group with any, that has this id."""
    groups = [each for each in picture.groups if each.row is not None]
    known: list[Component | Group] = [*picture.components, *groups]
    return next((each for each in known if each.id == public_id), None)


def page(picture: Picture, subject: Component | Group, *, year: Year | None, base: str) -> Document:
    """``/components/<id>``; without ``year`` the figure of a year is not known."""
    since = subject.days[0].date
    ids = _ids(subject)
    return sheet(
        "component.html",
        picture,
        path=f"/components/{subject.id}",
        base=base,
        key=marks.KEY[subject.status],
        subject=subject,
        description=subject.row.description if isinstance(subject, Component) else None,
        members=[
            {"id": each.id, "name": each.name, "state": marks.state(each.status), "percent": marks.percent(each)}
            for each in (subject.components if isinstance(subject, Group) else ())
        ],
        about=say("{component}: the last 90 days, and what happened on them.", component=subject.name),
        sentence=_sentence(subject),
        as_of=words.as_of(picture),
        strip=marks.strip(picture, subject),
        figures=[
            {"span": _span(span), "percent": marks.as_percent(share), "since": _short_of(days, picture)}
            for span, days, share in _figures(picture, subject, year)
        ],
        incidents=panels.events_of(_touching(picture, ids, since)[:_MOST_PAST], picture),
        works_on_it=work_panels.lines_of(_works_on(picture, ids, since), picture, with_body=False),
        days=[_row(picture, ids, day) for day in reversed(subject.days)],
        formula=words.formula(picture),
        equation=words.equation(picture),
        is_group=isinstance(subject, Group),
    )


def _works_on(picture: Picture, ids: frozenset[str], since: date) -> list[Work]:
    found = (
        work
        for work in picture.told.works
        if not ids.isdisjoint(work.components) and work.row.ends_at.astimezone(picture.zone).date() >= since
    )
    return list(islice(found, _MOST_WORKS))


def _sentence(subject: Component | Group) -> str:
    """Operational. 99.96% uptime over the last 90 days."""
    state = say("{sentence}.", sentence=marks.word(subject.status))
    if subject.uptime is None:
        return state
    return words.run_on([state, say("{percent} uptime over the last 90 days.", percent=marks.percent(subject))])


def as_json(picture: Picture, subject: Component | Group, *, year: Year | None) -> Document:
    """``/components/<id>.json``: the same figures and days for programs; seconds where times are meant."""
    weights = picture.settings.weights
    body = {
        "id": subject.id,
        "name": subject.name,
        "group": isinstance(subject, Group),
        "status": str(subject.status),
        "uptime": {
            f"{span}_days" if span else f"{_HOURS}_hours": str(share) if share is not None else None
            for span, _days, share in _figures(picture, subject, year)
        },
        "weights": {str(status): weight for status, weight in weights},
        "formula": words.formula(picture),
        "as_of": times.machine(picture.minute),
        "time_zone": picture.settings.zone,
        "days": [
            {
                "date": day.date.isoformat(),
                "worst": str(day.worst) if day.worst is not None else None,
                "observed": int(day.observed.total_seconds()),
                "spent": {str(status): int(length.total_seconds()) for status, length in day.spent.items()},
            }
            for day in subject.days
        ],
    }
    written = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
    return Document("application/json; charset=utf-8", written, OPEN)


def _figures(
    picture: Picture, subject: Component | Group, year: Year | None
) -> Iterable[tuple[int, tuple[Day, ...], Decimal | None]]:
    """How many days (0: the last hours), which ones, and their share; what is longer than is known is left out."""
    told, minute, zone = picture.told, picture.minute, picture.zone
    if subject.row is None:
        return
    weights = picture.settings.weights
    troubles, began_at = told.troubles(subject.row)
    lately = uptime.last_hours(troubles, created_at=began_at, now=minute, zone=zone, hours=_HOURS)
    yield 0, (), uptime.percentage((lately,), weights)
    days = subject.days
    if year is not None:
        troubles, began_at = year.troubles(subject.row)
        days = uptime.days(troubles, created_at=began_at, now=minute, zone=zone, count=max(uptime.WINDOWS))
    for count in uptime.WINDOWS:
        if count <= len(days):
            yield count, days[-count:], uptime.percentage(days[-count:], weights)


def _touching(picture: Picture, ids: frozenset[str], since: date) -> list[Incident]:
    return [
        each
        for each in picture.incidents
        if not ids.isdisjoint(each.worst_of)
        and (each.ended_at or picture.minute).astimezone(picture.zone).date() >= since
    ]


def _span(days: int) -> str:
    return say("Last {days} days", days=days) if days else say("Last {hours} hours", hours=_HOURS)


def _short_of(days: tuple[Day, ...], picture: Picture) -> str:
    """Since when there was anything to measure, where that is not the whole span."""
    if not days or days[0].worst is not None:
        return ""
    first = next(day.date for day in days if day.worst is not None)
    return say("since {day}", day=times.day(first, near=picture.today))


def _ids(subject: Component | Group) -> frozenset[str]:
    return frozenset(each.id for each in subject.components) if isinstance(subject, Group) else frozenset({subject.id})


def _row(picture: Picture, ids: frozenset[str], day: Day) -> dict[str, Any]:
    is_trouble = day.worst is not None and day.worst != _OPERATIONAL
    spent = day.spent.get(day.worst) if day.worst and is_trouble else None
    return {
        "id": day.date.isoformat(),
        "name": times.day(day.date, near=picture.today),
        "status": day.worst,
        "length": times.lasted(spent) if spent else (say("now") if is_trouble else ""),
        "happened": _happened(picture, ids, day.date) if is_trouble else [],
    }


def _happened(picture: Picture, ids: frozenset[str], day: date) -> list[dict[str, str]]:
    """The incidents and the announced work of that day, each once, with the worst that it did."""
    incidents: dict[Incident, list[ComponentStatus]] = {}
    works: dict[Work, None] = {}
    for one in sorted(ids):
        for incident, status in picture.told.incidents_by_day(one).get(day, ()):
            incidents.setdefault(incident, []).append(status)
        works |= dict.fromkeys(
            each for each in picture.told.works_by_day(one).get(day, ()) if each.times.began_at <= picture.minute
        )
    found = [
        {"link": f"/incidents/{each.id}", "title": each.title, "word": marks.word(worst(statuses))}
        for each, statuses in sorted(incidents.items(), key=lambda pair: pair[0].began_at)
    ]
    return found + [
        {"link": f"/maintenances/{each.id}", "title": each.title, "word": marks.word(ComponentStatus.MAINTENANCE)}
        for each in sorted(works, key=lambda each: each.times.began_at)
    ]
