"""The list of incidents: open ones first, then by month, with the filters in the address."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby
from urllib.parse import parse_qsl, urlencode

from flask import Blueprint, redirect, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy import ColumnElement, or_, select
from werkzeug.datastructures import MultiDict

from ..access import Role, may, me
from ..access.visibility import visible_incidents
from ..actions import saved_views, tags
from ..kernel import clock
from ..kernel.database import db
from ..kernel.errors import Malformed
from ..policy.lifecycle import Visibility
from ..policy.severity import SEVERITY_LABELS, Severity
from ..policy.tags import LONGEST, clean
from ..policy.zones import start_of_day
from ..published.components import Component, all_components
from ..records.incidents import Incident, IncidentComponent, IncidentRole
from ..records.people import Person
from ..records.tags import IncidentTag
from ..records.views import views_of
from . import glance
from .days import day_asked
from .formats import viewer_zone
from .glance import Row

bp = Blueprint("console_incident_list", __name__, url_prefix="/console/incidents")

_PAGE = 100
_MOST_OPEN = 250
_NUMBER = re.compile(r"(?:inc-?)?([1-9]\d{0,8})", re.IGNORECASE)
_PERIODS = {"30": "Last 30 days", "90": "Last 90 days", "365": "Last 12 months", "all": "Any time"}
_STATES = {"": "Open and over", "open": "Open", "over": "Over"}
_VISIBILITIES = {"": "Any visibility", **{each.value: each.label for each in Visibility}}


@dataclass(frozen=True, kw_only=True)
class Filters:
    """What the address asks for; unknown words ask for nothing. A day that is none is told in ``errors``."""

    words: str
    state: str
    severity: str
    component: str
    visibility: str
    tag: str
    is_mine: bool
    days: str
    since: str
    until: str
    before: int | None
    errors: Mapping[str, str]

    @property
    def are_set(self) -> bool:
        return bool(self.query)

    @property
    def are_more(self) -> bool:
        """Whether one of the filters behind "More" is set."""
        return bool(self.state or self.visibility or self.tag or self.since or self.until or self.errors)

    @property
    def query(self) -> str:
        """The address's part behind ``?``, without what is as it would be anyway."""
        given = {
            "q": self.words,
            "state": self.state,
            "severity": self.severity,
            "component": self.component,
            "visibility": self.visibility,
            "tag": self.tag,
            "mine": "1" if self.is_mine else "",
            "days": self.days if self.days != "90" else "",
            "since": self.since,
            "until": self.until,
        }
        return urlencode({name: value for name, value in given.items() if value})


@bp.get("")
@may(Role.VIEWER)
def show() -> ResponseReturnValue:
    """Open incidents, then the past ones by month."""
    return _page(_read(request.args))


@bp.post("/views")
@may(Role.VIEWER)
def save() -> ResponseReturnValue:
    """Give the filters of this address a name."""
    query = request.form.get("query", "")
    try:
        view = saved_views.save_view(me(), name=request.form.get("name", ""), query=query)
    except Malformed as refusal:
        db.session.rollback()
        return _page(_read(MultiDict(parse_qsl(query))), errors=refusal.fields, status=422)
    db.session.commit()
    return redirect(f"/console/incidents?{view.query}", 303)


@bp.post("/views/<int:view_id>/deletion")
@may(Role.VIEWER)
def forget(view_id: int) -> ResponseReturnValue:
    """Forget a view; the incidents stay."""
    saved_views.delete_view(me(), view_id)
    db.session.commit()
    return redirect("/console/incidents", 303)


def _page(filters: Filters, *, errors: Mapping[str, str] | None = None, status: int = 200) -> ResponseReturnValue:
    open_ones, past, older = _ask(me(), filters)
    views = views_of(me().id)
    page = render_template(
        "console/incidents.html",
        filters=filters,
        errors={**filters.errors, **(errors or {})},
        states=list(_STATES.items()),
        visibilities=list(_VISIBILITIES.items()),
        severities=[
            ("", "Any severity"),
            *((each.value, f"{each.value} {SEVERITY_LABELS[each]}") for each in Severity),
        ],
        components=[("", "Any component"), *((each.public_id, each.name) for each in all_components())],
        periods=list(_PERIODS.items()),
        tags=[each.tag for each in tags.known(me())],
        open_rows=glance.rows(open_ones[:_MOST_OPEN]),
        open_count=len(open_ones),
        months=_by_month(glance.rows(past)),
        older=older,
        views=views,
        view=next((each for each in views if each.query == filters.query), None),
    )
    return page, status


def _read(args: MultiDict[str, str]) -> Filters:
    errors: dict[str, str] = {}
    severity, days, before = args.get("severity", ""), args.get("days", "90"), args.get("before", "")
    state, visibility = args.get("state", ""), args.get("visibility", "")
    return Filters(
        words=" ".join(args.get("q", "").replace("\x00", "").split())[:100],
        state=state if state in _STATES else "",
        severity=severity if severity in [*Severity] else "",
        component=args.get("component", "").replace("\x00", "")[:12],
        visibility=visibility if visibility in _VISIBILITIES else "",
        tag=clean(args.get("tag", "").replace("\x00", ""))[:LONGEST],
        is_mine=bool(args.get("mine")),
        days=days if days in _PERIODS else "90",
        since=day_asked("since", args, errors),
        until=day_asked("until", args, errors),
        before=int(before) if re.fullmatch(r"[1-9]\d{0,8}", before) else None,
        errors=errors,
    )


def _ask(person: Person, filters: Filters) -> tuple[Sequence[Incident], Sequence[Incident], int | None]:
    """The open ones (on the first page), one page of past ones, and where the next page begins."""
    wanted = visible_incidents(person).where(*_conditions(filters, person))
    open_ones: Sequence[Incident] = []
    if filters.before is None and filters.state != "over":
        open_ones = db.session.scalars(
            wanted.where(Incident.outcome.is_(None)).order_by(Incident.severity, Incident.id.desc())
        ).all()
    if filters.state == "open":
        return open_ones, [], None
    past = wanted.where(Incident.outcome.is_not(None)).order_by(Incident.id.desc()).limit(_PAGE + 1)
    if filters.days != "all" and not (filters.since or filters.until):
        past = past.where(Incident.detected_at >= clock.now() - timedelta(days=int(filters.days)))
    if filters.before is not None:
        past = past.where(Incident.id < filters.before)
    found = db.session.scalars(past).all()
    older = found[_PAGE - 1].id if len(found) > _PAGE else None
    return open_ones, found[:_PAGE], older


def _conditions(filters: Filters, person: Person) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if filters.severity:
        conditions.append(Incident.severity == filters.severity)
    if filters.visibility:
        conditions.append(Incident.visibility == filters.visibility)
    if filters.tag:
        conditions.append(Incident.id.in_(select(IncidentTag.incident_id).where(IncidentTag.tag == filters.tag)))
    if filters.is_mine:
        held = select(IncidentRole.incident_id).where(IncidentRole.person_id == person.id)
        conditions.append(Incident.id.in_(held))
    if filters.since:
        conditions.append(Incident.detected_at >= start_of_day(date.fromisoformat(filters.since), viewer_zone()))
    if filters.until:
        following = date.fromisoformat(filters.until) + timedelta(days=1)
        conditions.append(Incident.detected_at < start_of_day(following, viewer_zone()))
    if filters.component:
        touched = select(IncidentComponent.incident_id).where(IncidentComponent.component_id == filters.component)
        conditions.append(Incident.id.in_(touched))
    if filters.words:
        conditions.append(_matches(filters.words))
    return conditions


def _matches(words: str) -> ColumnElement[bool]:
    named = (
        select(IncidentComponent.incident_id)
        .join(Component, Component.public_id == IncidentComponent.component_id)
        .where(Component.name.icontains(words, autoescape=True))
    )
    found = or_(Incident.title.icontains(words, autoescape=True), Incident.id.in_(named))
    number = _NUMBER.fullmatch(words)
    return or_(found, Incident.id == int(number[1])) if number else found


def _by_month(rows: Sequence[Row]) -> list[tuple[str, list[Row]]]:
    """Months of the viewer's zone, in the order of the rows (by number, so nearly by time)."""
    ordered = sorted(rows, key=lambda row: row.incident.began_at, reverse=True)
    return [
        (month, list(group))
        for month, group in groupby(ordered, key=lambda row: f"{row.incident.began_at.astimezone(viewer_zone()):%B %Y}")
    ]
