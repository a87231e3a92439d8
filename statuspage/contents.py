"""Which addresses the page has, what each depends on, and how it is made."""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from incidents.kernel.languages import ENGLISH
from incidents.policy.maintenance import RUNNING
from incidents.policy.zones import start_of_day

from . import (
    api_v2,
    badges,
    calendar,
    component_page,
    feeds,
    history_page,
    incident_page,
    maintenance_page,
    page,
    rca_page,
    subscribe_page,
    wayfinding,
    words,
    work_panels,
)
from .prepared import Document
from .records import IncidentRow
from .shelf import MOVING, RESTING, SETTLED
from .snapshot import Picture
from .story import Incident, tell
from .work import Work
from .work_records import WorkRow
from .year import Year

_MOST_PREPARED = 250  # incident pages kept ready; older ones are made when somebody asks
_MOST_WORKS = 20
_PREPARED = (
    "/",
    "/history",
    "/history.atom",
    "/history.rss",
    "/history.json",
    "/maintenance.ics",
    "/subscribe",
    "/badge.svg",
    "/badge.json",
    "/embed",
    "/robots.txt",
    "/sitemap.xml",
    "/favicon.ico",
    "/api/v2/summary.json",
    "/api/v2/status.json",
    "/api/v2/components.json",
    "/api/v2/incidents.json",
    "/api/v2/incidents/unresolved.json",
    "/api/v2/scheduled-maintenances.json",
    "/api/v2/scheduled-maintenances/upcoming.json",
    "/api/v2/scheduled-maintenances/active.json",
    "/history/<month>",
    "/incidents/<public_id>",
    "/incidents/<public_id>.json",
    "/incidents/<public_id>/rca",
    "/components/<public_id>",
    "/components/<public_id>.json",
    "/components/<public_id>/badge.svg",
    "/components/<public_id>/badge.json",
    "/components/<public_id>/history.atom",
    "/components/<public_id>/history.rss",
    "/components/<public_id>/history.json",
    "/maintenances/<public_id>",
)
TAKES_FORMS = frozenset({"/subscribe"})  # what is posted there is for Flask
INCIDENT = re.compile(r"/incidents/([a-z0-9]{12})(\.json|/rca)?")
MAINTENANCE = re.compile(r"/maintenances/([a-z0-9]{12})")
COMPONENT = re.compile(r"/components/([a-z0-9]{12})(\.json)?")
COMPONENT_BADGE = re.compile(r"/components/([a-z0-9]{12})/badge(\.svg|\.json)")
COMPONENT_FEED = re.compile(r"/components/([a-z0-9]{12})/history\.(atom|rss|json)")
MONTH = re.compile(r"/history/(\d{4})-(0[1-9]|1[0-2])(?:\.(atom|rss|json))?")
# what programs of other sites may read, and ask beforehand whether they may
OPEN = re.compile(
    r"/api/v2/[a-z/-]+\.json|/history(?:/\d{4}-\d{2})?\.(?:atom|rss|json)|/maintenance\.ics|/badge\.(?:svg|json)|/embed"
    r"|/(?:incidents|components)/[^/]+\.json|/components/[^/]+/(?:badge|history)\.[a-z]+"
)


@dataclass(frozen=True, slots=True)
class Sheet:
    """One or several addresses made together. As long as ``depends_on`` is the same, so are their bytes."""

    name: str
    depends_on: Hashable
    bundle: str  # the file in which it lies (shelf): by how often it changes
    make: Callable[[], dict[str, Document]]
    language: str = ENGLISH  # in which it is made: the page's own for pages, English for what programs read


def prepared_paths() -> tuple[str, ...]:
    """The addresses that the front door answers, as rules."""
    return (*_PREPARED, "/health/live")


def has_languages(path: str) -> bool:
    """Whether a page for people is there, in any language; what programs read is in English."""
    return not path.startswith("/api/") and "." not in path


def sheets(picture: Picture, *, base: str) -> Iterator[Sheet]:
    """Everything that is kept ready."""
    told, minute, dark = picture.told, picture.minute, picture.dark_since
    records = picture.records
    own = records.settings.language
    yield Sheet("home", (told, minute, dark), MOVING, lambda: {"/": page.home(picture, base=base)}, own)
    stand = told.standing(minute).states  # as long as these are the same, nothing but the minute has changed
    yield Sheet("api", (told, stand), RESTING, lambda: api_v2.documents(picture, base=base))
    yield Sheet("feeds", (told, stand), RESTING, lambda: feeds.documents(picture, base=base))
    badge = (records.settings, picture.state, dark)
    yield Sheet("badges", badge, RESTING, lambda: badges.documents(picture))
    yield Sheet("embed", (badge, minute), MOVING, lambda: {"/embed": badges.embed(picture, base=base)}, own)
    yield Sheet("robots", base, RESTING, lambda: {"/robots.txt": wayfinding.robots(base=base)})
    yield Sheet("favicon", (picture.state, dark), RESTING, lambda: {"/favicon.ico": wayfinding.favicon(picture)})
    planned = (told.works, records.settings, picture.today)
    yield Sheet("calendar", planned, RESTING, lambda: calendar.documents(picture, base=base))
    forms = subscribe_page.depends_on(picture)
    yield Sheet("subscribe", forms, RESTING, lambda: {"/subscribe": subscribe_page.subscribe(picture, base=base)}, own)
    months = _months(picture)
    works = {first: _works_in(first, picture) for first in months}
    yield _history("/history", months, works, picture, base)
    for first, found in months.items():
        yield _history(f"/history/{first:%Y-%m}", {first: found}, {first: works[first]}, picture, base)
    objects: dict[str, Hashable] = {each.id: (each.row, each.status, True) for each in picture.components}
    hidden = (each for each in records.components if each.public_id not in told.shown_ids)
    objects |= {each.public_id: (each, told.status(each, minute), False) for each in hidden}
    for work in _works_kept_ready(picture):
        named = tuple(objects[one] for one in work.components)
        state = work.state(minute)
        shown = (work.row, records.settings, named, state, picture.today, _repeats_with(work, picture))
        moves = state in RUNNING
        seen = (shown, minute if moves else None, dark)
        bundle = MOVING if moves else SETTLED
        yield Sheet(f"maintenance {work.id}", seen, bundle, _work(picture, work, base), own)
    for incident in _kept_ready(picture):
        named = tuple(objects[one] for one in incident.worst_of)
        shape = (incident.row, records.settings, named, records.groups)
        when = (minute if incident.is_open else picture.today.year, dark)
        page_in, json_in = (MOVING, RESTING) if incident.is_open else (SETTLED, SETTLED)
        yield Sheet(f"incident {incident.id}", (shape, when), page_in, _incident(picture, incident, base), own)
        if incident.rca is not None:
            out = (shape, picture.today.year, dark)
            yield Sheet(f"incident {incident.id}/rca", out, json_in, _rca(picture, incident, base), own)
        yield Sheet(f"incident {incident.id}.json", shape, json_in, _incident_json(picture, incident, base))


def _kept_ready(picture: Picture) -> list[Incident]:
    since = picture.minute - timedelta(days=90)
    recent = [each for each in picture.incidents if each.ended_at is None or each.ended_at >= since]
    recent.sort(key=lambda each: not each.is_open)
    return recent[:_MOST_PREPARED]


def _works_kept_ready(picture: Picture) -> list[Work]:
    """What runs and what comes next; all else is made when somebody asks."""
    return [*picture.running, *picture.upcoming[:_MOST_WORKS]]


def _repeats_with(work: Work, picture: Picture) -> str:
    return work_panels.repeats(work, picture) if work.row.repeats else ""


def _work(picture: Picture, work: Work, base: str) -> Callable[[], dict[str, Document]]:
    return lambda: {f"/maintenances/{work.id}": maintenance_page.maintenance(picture, work, base=base)}


def _incident(picture: Picture, incident: Incident, base: str) -> Callable[[], dict[str, Document]]:
    return lambda: {f"/incidents/{incident.id}": incident_page.incident(picture, incident, base=base)}


def _incident_json(picture: Picture, incident: Incident, base: str) -> Callable[[], dict[str, Document]]:
    return lambda: {f"/incidents/{incident.id}.json": api_v2.incident(picture, incident, base=base)}


def _rca(picture: Picture, incident: Incident, base: str) -> Callable[[], dict[str, Document]]:
    def make() -> dict[str, Document]:
        document = rca_page.rca(picture, incident, base=base)
        return {f"/incidents/{incident.id}/rca": document} if document else {}

    return make


def _history(
    path: str,
    months: dict[date, tuple[Incident, ...]],
    works: dict[date, tuple[Work, ...]],
    picture: Picture,
    base: str,
) -> Sheet:
    # an open incident's length is printed there, and grows by the minute
    running = any(each.is_open for found in months.values() for each in found)
    told = tuple(each for found in months.values() for each in found)
    planned = tuple(work_panels.in_view(found, picture) for found in works.values())
    around = (picture.records.settings, picture.records.first_began_at, bool(picture.told.works))
    when = (picture.minute if running else picture.today, words.zone_words(picture))
    seen = (told, planned, around, when, picture.state, words.headline(picture), picture.dark_since)
    return Sheet(
        path,
        seen,
        MOVING,
        lambda: {path: history_page.history(picture, months, path=path, base=base, works=works)},
        picture.settings.language,
    )


def _works_in(first: date, picture: Picture) -> tuple[Work, ...]:
    """The announced work that began in this month; what is still to come stands on the first page."""
    return picture.told.announced.begun_in(*_bounds(first, picture), picture.minute)


def _months(picture: Picture) -> dict[date, tuple[Incident, ...]]:
    """This month and the last, newest first."""
    this = picture.today.replace(day=1)
    last = (this - timedelta(days=1)).replace(day=1)
    return {first: _incidents_in(first, picture) for first in (this, last)}


def _incidents_in(first: date, picture: Picture) -> tuple[Incident, ...]:
    start, end = _bounds(first, picture)
    return tuple(each for each in picture.incidents if start <= each.row.began_at < end)


def _bounds(first: date, picture: Picture) -> tuple[datetime, datetime]:
    """The two instants between which a month lies."""
    following = (first + timedelta(days=32)).replace(day=1)
    return start_of_day(first, picture.zone), start_of_day(following, picture.zone)


# -- made when somebody asks -------------------------------------------------------------------------------------------


def in_memory(picture: Picture, path: str, *, base: str) -> Document | None:
    """The first page, the embedded one, the forms or a month that is kept ready, made anew in the language that is spoken."""
    if path == "/":
        return page.home(picture, base=base)
    if path == "/embed":
        return badges.embed(picture, base=base)
    if path == "/subscribe":
        return subscribe_page.subscribe(picture, base=base)
    months = _months(picture)
    wanted = {first: found for first, found in months.items() if path in ("/history", f"/history/{first:%Y-%m}")}
    if not wanted:
        return None
    works = {first: _works_in(first, picture) for first in wanted}
    return history_page.history(picture, wanted, path=path, base=base, works=works)


def component(picture: Picture, public_id: str, *, form: str | None, year: Year | None, base: str) -> Document | None:
    """The page of a component or group, from what is in memory and the year behind it."""
    found = component_page.find(picture, public_id)
    if found is None:
        return None
    if form == ".json":
        return component_page.as_json(picture, found, year=year)
    return component_page.page(picture, found, year=year, base=base)


def beside_component(picture: Picture, path: str, *, base: str) -> Document | None:
    """A component's badge or feed, from what is in memory."""
    if found := COMPONENT_BADGE.fullmatch(path):
        return badges.of_component(picture, found[1], found[2])
    if found := COMPONENT_FEED.fullmatch(path):
        return feeds.of_component(picture, found[1], found[2], base=base)
    return None


def month_bounds(picture: Picture, year: int, month: int) -> tuple[date, datetime, datetime] | None:
    """The month's first day and the two instants between which it lies; None for one that has no page."""
    if not 2000 <= year <= picture.today.year:
        return None
    first = date(year, month, 1)
    if first > picture.today:
        return None
    return first, *_bounds(first, picture)


def older_month(
    picture: Picture,
    first: date,
    found: tuple[IncidentRow, ...],
    works: tuple[WorkRow, ...],
    *,
    form: str | None,
    base: str,
) -> Document | None:
    """A month's page from rows that were read for it; or its archive, where ``form`` names one of the feeds."""
    told = tuple(tell(row, picture.told.names) for row in found)
    begun = tuple(Work(row, picture.told.names) for row in works)
    if form is not None:
        return feeds.archive(picture, first, told, begun, form, base=base)
    path = f"/history/{first:%Y-%m}"
    return history_page.history(picture, {first: told}, path=path, base=base, works={first: begun})


def maintenance(picture: Picture, row: WorkRow, *, base: str) -> Document:
    """A page of announced work that is not kept ready."""
    return maintenance_page.maintenance(picture, Work(row, picture.told.names), base=base)


def older_incident(picture: Picture, row: IncidentRow, *, form: str | None, base: str) -> Document | None:
    """An incident's page from rows that were read for it; ``form`` is what follows its address, None the page itself."""
    incident = tell(row, picture.told.names)
    if form == "/rca":
        return rca_page.rca(picture, incident, base=base)
    make = api_v2.incident if form == ".json" else incident_page.incident
    return make(picture, incident, base=base)
