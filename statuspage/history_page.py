"""The history, month by month: what happened, for how long, and on which days."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from datetime import date, timedelta
from typing import Any

from markupsafe import Markup

from incidents.kernel.languages import forms, mid_sentence, say, say_many, spoken, written_in
from incidents.policy.components import ComponentStatus, worst

from . import marks, panels, times, words, work_panels
from .prepared import Document
from .sheets import sheet, templates
from .snapshot import Picture
from .story import Incident
from .work import Work


def history(
    picture: Picture,
    months: Mapping[date, tuple[Incident, ...]],
    *,
    path: str,
    base: str,
    works: Mapping[date, tuple[Work, ...]] | None = None,
) -> Document:
    """``/history`` and ``/history/<yyyy-mm>``: ``months`` maps first days to incidents, newest month first.

    ``works`` maps the same days to the announced work that began in the month.
    """
    newest, oldest = max(months), min(months)
    this_month = picture.today.replace(day=1)
    single = path != "/history"
    return sheet(
        "history.html",
        picture,
        path=path,
        base=base,
        heading=say("History, {month}", month=times.month(newest)) if single else say("History"),
        headline="" if picture.dark_since else mid_sentence(words.headline(picture)),
        about=say("What happened, month by month. {headline}.", headline=words.headline(picture).rstrip(".。")),
        months=[
            _printed(first, found, (works or {}).get(first, ()), picture, place)
            for place, (first, found) in enumerate(months.items(), start=1)
        ],
        links=_other_months(picture, oldest, newest if single and newest < this_month else None),
        is_first=not single,
    )


def _printed(first: date, found: tuple[Incident, ...], works: tuple[Work, ...], picture: Picture, place: int) -> Markup:
    """A month as it stands in the page, the newest with its calendar."""
    # an open incident's length is printed, and grows by the minute
    when = picture.minute if any(each.is_open for each in found) else picture.today
    made_from = (found, work_panels.in_view(works, picture), when)

    def make() -> str:
        view = _month(first, found, works, picture, with_calendar=place == 1)
        printed: str = _parts().month(view, place, forms().weekdays)
        return printed

    return _once(first, f"month {place}", picture, made_from, make)


def _once(first: date, part: str, picture: Picture, made_from: Hashable, make: Callable[[], str]) -> Markup:
    """A part of a month, printed once for as long as its causes are the same; an older one, for which somebody asks, always."""
    months, key = picture.told.months, (first, part, spoken())
    made_from = (made_from, picture.settings, written_in())
    kept = months.get(key)
    if kept is None or kept[0] != made_from:
        kept = (made_from, Markup(make().strip()))  # noqa: S704 - our own macros
        if first >= (picture.today.replace(day=1) - timedelta(days=1)).replace(day=1):
            months[key] = kept
    return kept[1]


def _parts() -> Any:
    return templates.get_template("_parts.html").module


def _month(
    first: date, found: tuple[Incident, ...], works: tuple[Work, ...], picture: Picture, *, with_calendar: bool
) -> dict[str, Any]:
    is_this = first == picture.today.replace(day=1)
    length = sum(((incident.ended_at or picture.minute) - incident.began_at for incident in found), timedelta())
    summary = _summary(len(found), times.lasted(length), is_this=is_this) if found else ""
    return {
        "name": _heading(first),
        "summary": summary,
        "days": _calendar(first, found, picture) if found and with_calendar else [],
        "works": _works(first, works, picture),
        "incidents": panels.events_of(found, picture),
    }


def _works(first: date, works: tuple[Work, ...], picture: Picture) -> Markup | None:
    """The announced work of a month; of what comes daily that is a lot, and most of it is over."""
    if not works:
        return None
    made_from = work_panels.in_view(works, picture)
    return _once(
        first,
        "works",
        picture,
        made_from,
        lambda: _parts().works(work_panels.lines_of(works, picture, with_body=False)),
    )


def _heading(first: date) -> str:
    """Novembre 2026: months are written small in some languages, but not at the beginning."""
    name = times.month(first)
    return name[:1].upper() + name[1:]


def _summary(count: int, length: str, *, is_this: bool) -> str:
    number = say_many(count, "{count} incident", "{count} incidents")
    if is_this:
        return say("{incidents}, {length} of disruption so far", incidents=number, length=length)
    return say("{incidents}, {length} of disruption", incidents=number, length=length)


def _calendar(first: date, found: tuple[Incident, ...], picture: Picture) -> list[dict[str, Any]]:
    worst_on: dict[date, ComponentStatus] = {}
    for incident in found:
        day = incident.began_at.astimezone(picture.zone).date()
        last = (incident.ended_at or picture.minute).astimezone(picture.zone).date()
        state = ComponentStatus.DEGRADED if incident.worst == ComponentStatus.OPERATIONAL else incident.worst
        while day <= last and day.month == first.month and day.year == first.year:
            worst_on[day] = worst((worst_on.get(day, ComponentStatus.OPERATIONAL), state))
            day += timedelta(days=1)
    cells: list[dict[str, Any]] = [{"look": "x", "number": "", "key": ""}] * first.weekday()
    day = first
    while day.month == first.month:
        key = marks.KEY[worst_on[day]] if day in worst_on else ""
        cells.append(
            {"look": f"on st-{key}" if key else ("x" if day > picture.today else ""), "number": day.day, "key": key}
        )
        day += timedelta(days=1)
    return cells


def _other_months(picture: Picture, oldest: date, newest: date | None) -> list[dict[str, str]]:
    """Up to three months before these, as far as there is history, and the one after."""
    first = picture.records.first_began_at
    limit = first.astimezone(picture.zone).date().replace(day=1) if first else oldest
    links, month = [], oldest
    for _ in range(3):
        month = (month - timedelta(days=1)).replace(day=1)
        if month < limit:
            break
        links.append({"path": f"{month:%Y-%m}", "name": _heading(month)})
    if newest is not None:
        after = (newest + timedelta(days=32)).replace(day=1)
        links.insert(0, {"path": f"{after:%Y-%m}", "name": _heading(after)})
    return links
