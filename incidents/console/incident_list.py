"""The list of incidents: open ones first, then by month, with the filters in the address."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import groupby

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy import ColumnElement, or_, select
from werkzeug.datastructures import MultiDict

from ..access import Role, may, me
from ..access.visibility import visible_incidents
from ..kernel import clock
from ..kernel.database import db
from ..policy.severity import SEVERITY_LABELS, Severity
from ..published.components import Component, all_components
from ..records.incidents import Incident, IncidentComponent
from ..records.people import Person
from . import glance
from .formats import viewer_zone
from .glance import Row

bp = Blueprint("console_incident_list", __name__, url_prefix="/console/incidents")

_PAGE = 100
_NUMBER = re.compile(r"(?:inc-?)?([1-9]\d{0,8})", re.IGNORECASE)
_PERIODS = {"30": "Last 30 days", "90": "Last 90 days", "365": "Last 12 months", "all": "Any time"}


@dataclass(frozen=True, kw_only=True)
class Filters:
    """What the address asks for; unknown words ask for nothing."""

    words: str
    severity: str
    component: str
    days: str
    before: int | None

    @property
    def are_set(self) -> bool:
        return bool(self.words or self.severity or self.component or self.days != "90")


@bp.get("")
@may(Role.VIEWER)
def show() -> ResponseReturnValue:
    """Open incidents, then the past ones by month."""
    filters = _read(request.args)
    open_ones, past, older = _ask(me(), filters)
    return render_template(
        "console/incidents.html",
        filters=filters,
        severities=[
            ("", "Any severity"),
            *((each.value, f"{each.value} {SEVERITY_LABELS[each]}") for each in Severity),
        ],
        components=[("", "Any component"), *((each.public_id, each.name) for each in all_components())],
        periods=list(_PERIODS.items()),
        open_rows=glance.rows(open_ones),
        months=_by_month(glance.rows(past)),
        older=older,
    )


def _read(args: MultiDict[str, str]) -> Filters:
    severity, days, before = args.get("severity", ""), args.get("days", "90"), args.get("before", "")
    return Filters(
        words=" ".join(args.get("q", "").replace("\x00", "").split())[:100],
        severity=severity if severity in [*Severity] else "",
        component=args.get("component", "")[:12],
        days=days if days in _PERIODS else "90",
        before=int(before) if re.fullmatch(r"[1-9]\d{0,8}", before) else None,
    )


def _ask(person: Person, filters: Filters) -> tuple[Sequence[Incident], Sequence[Incident], int | None]:
    """The open ones (on the first page), one page of past ones, and where the next page begins."""
    wanted = visible_incidents(person).where(*_conditions(filters))
    open_ones: Sequence[Incident] = []
    if filters.before is None:
        open_ones = db.session.scalars(
            wanted.where(Incident.outcome.is_(None)).order_by(Incident.severity, Incident.id.desc())
        ).all()
    past = wanted.where(Incident.outcome.is_not(None)).order_by(Incident.id.desc()).limit(_PAGE + 1)
    if filters.days != "all":
        past = past.where(Incident.detected_at >= clock.now() - timedelta(days=int(filters.days)))
    if filters.before is not None:
        past = past.where(Incident.id < filters.before)
    found = db.session.scalars(past).all()
    older = found[_PAGE - 1].id if len(found) > _PAGE else None
    return open_ones, found[:_PAGE], older


def _conditions(filters: Filters) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if filters.severity:
        conditions.append(Incident.severity == filters.severity)
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
