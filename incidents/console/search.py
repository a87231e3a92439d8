"""Search: everything that was written, the best first, with its filters in the address; and the palette's choices."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from urllib.parse import urlencode

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy import or_, select

from ..access import Role, may, me
from ..access.visibility import find_incident, visible_to
from ..actions import tags
from ..kernel.database import db
from ..policy import asked_words
from ..policy.asked_words import Asked
from ..policy.severity import SEVERITY_LABELS, Severity
from ..policy.tags import LONGEST, clean
from ..policy.zones import start_of_day
from ..published.components import Component, all_components
from ..records.people import Person
from ..reports import search as library
from ..reports.search import Found, Hit, Kind, Narrowing
from ..reports.search.hits import Place as Where
from . import palette
from .days import day_asked
from .formats import viewer_zone
from .palette import Group, Place

bp = Blueprint("console_search", __name__, url_prefix="/console/search")

_PAGE = 20
_IN_PALETTE = 10
_MOST = 20  # components, people
_FEWEST = 2  # letters before names are looked for: one letter finds everything
_WHERE = re.compile(r"(\d)-([1-9]\d{0,8})")
_KINDS = {
    "": "Everything",
    Kind.INCIDENT: "Incidents",
    Kind.POSTMORTEM: "Post-mortems",
    Kind.UPDATE: "Updates",
    Kind.TIMELINE: "Timelines",
}


@dataclass(frozen=True, kw_only=True)
class Filters:
    """What the address asks for besides the words; unknown words ask for nothing."""

    what: str
    severity: str
    component: str
    tag: str
    since: str
    until: str
    errors: Mapping[str, str]

    @property
    def given(self) -> dict[str, str]:
        """Those that are set."""
        names = ("what", "severity", "component", "tag", "since", "until")
        return {name: value for name in names if (value := getattr(self, name))}

    @property
    def narrowing(self) -> Narrowing:
        """The same for the library; days are the viewer's."""
        following = date.fromisoformat(self.until) + timedelta(days=1) if self.until else None
        return Narrowing(
            kinds=(Kind(self.what),) if self.what else (),
            severities=(self.severity,) if self.severity else (),
            component=self.component,
            tag=self.tag,
            since=start_of_day(date.fromisoformat(self.since), viewer_zone()) if self.since else None,
            until=start_of_day(following, viewer_zone()) if following else None,
        )


@bp.get("")
@may(Role.VIEWER)
def search() -> ResponseReturnValue:
    """The page of what was found; with ``palette`` only the choices, for the dialog that replaces them as one types."""
    asked, person = asked_words.read(request.args.get("q", "")), me()
    if "palette" in request.args:
        return _palette(asked, person)
    filters, after = _read(), _after()
    found = _look(asked, person, limit=_PAGE, filters=filters, after=after)
    is_whole = not filters.given and after is None
    return render_template(
        "console/search.html",
        wanted=asked.text,
        filters=filters,
        hits=found.hits,
        groups=list(_named(asked.text, person)) if is_whole else [],
        more=_more(asked, filters, found),
        kinds=list(_KINDS.items()),
        severities=[
            ("", "Any severity"),
            *((each.value, f"{each.value} {SEVERITY_LABELS[each]}") for each in Severity),
        ],
        components=[("", "Any component"), *((each.public_id, each.name) for each in all_components())],
        tags=[each.tag for each in tags.known(person)],
        is_more=after is not None,
    )


def _palette(asked: Asked, person: Person) -> ResponseReturnValue:
    here = find_incident(request.args.get("ref", ""), person)
    found = _look(asked, person, limit=_IN_PALETTE)
    groups = [
        *palette.matching(palette.acts(here, person), asked.text),
        *palette.matching(palette.ways(person), asked.text),
        *_choices(found),
        *_named(asked.text, person),
    ]
    if found.last is not None:
        everything = Place(
            words=f"Everything with “{asked.text}”", href=f"/console/search?{urlencode({'q': asked.text})}"
        )
        groups.append(Group(heading="More", places=[everything]))
    return render_template("console/_palette.html", groups=groups, wanted=asked.text)


def _look(
    asked: Asked, person: Person, *, limit: int, filters: Filters | None = None, after: Where | None = None
) -> Found:
    return library.find(
        asked,
        seen=visible_to(person),
        sees_drafts=person.may(Role.RESPONDER),
        narrowing=filters.narrowing if filters else None,
        limit=limit,
        after=after,
    )


def _read() -> Filters:
    errors: dict[str, str] = {}
    what, severity = request.args.get("what", ""), request.args.get("severity", "")
    return Filters(
        what=what if what in _KINDS else "",
        severity=severity if severity in [*Severity] else "",
        component=request.args.get("component", "").replace("\x00", "")[:12],
        tag=clean(request.args.get("tag", "").replace("\x00", ""))[:LONGEST],
        since=day_asked("since", request.args, errors),
        until=day_asked("until", request.args, errors),
        errors=errors,
    )


def _after() -> Where | None:
    """Where the next page begins."""
    named = _WHERE.fullmatch(request.args.get("after", ""))
    return Where(int(named[1]), int(named[2])) if named else None


def _more(asked: Asked, filters: Filters, found: Found) -> str:
    """The address of the next page; empty on the last."""
    if found.last is None:
        return ""
    after = f"{max(found.last.rank, 0)}-{found.last.rowid}"
    return "/console/search?" + urlencode({"q": asked.text, **filters.given, "after": after})


def _choices(found: Found) -> Iterator[Group]:
    incidents = [hit for hit in found.hits if hit.kind == Kind.INCIDENT]
    said = [hit for hit in found.hits if hit.kind != Kind.INCIDENT]
    for heading, places in (
        ("Incidents", [_place(hit) for hit in incidents]),
        ("Written", [_place(hit) for hit in said]),
    ):
        if places:
            yield Group(heading=heading, places=places)


def _place(hit: Hit) -> Place:
    incident = hit.incident
    if hit.kind == Kind.INCIDENT:
        words, note = f"{incident.ref} {incident.title}", f"{incident.severity}, {incident.status.lower()}"
        return Place(words=words, href=hit.path, note=note)
    return Place(words=f"{incident.ref} {hit.text}", href=hit.path, note=hit.by or hit.source)


def _named(wanted: str, person: Person) -> Iterator[Group]:
    """Components and people of that name."""
    if len(wanted) >= _FEWEST:
        for heading, places in (("Components", _components(wanted)), ("People", _people(wanted, person))):
            if places:
                yield Group(heading=heading, places=places)


def _components(wanted: str) -> list[Place]:
    found = select(Component).where(Component.name.icontains(wanted, autoescape=True)).order_by(Component.name)
    return [
        Place(words=each.name, href=f"/console/incidents?component={each.public_id}", note="Its incidents")
        for each in db.session.scalars(found.limit(_MOST))
    ]


def _people(wanted: str, person: Person) -> list[Place]:
    """For administrators, who alone have pages about people."""
    if not person.may(Role.ADMIN):
        return []
    has = or_(Person.name.icontains(wanted, autoescape=True), Person.email.icontains(wanted, autoescape=True))
    return [
        Place(words=each.name, href="/console/settings/people", note=each.email)
        for each in db.session.scalars(select(Person).where(has).order_by(Person.name).limit(_MOST))
    ]
