"""Incidents: find them, declare one, read one, mend what it says."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, or_, select

from .. import actions
from ..access import Scope, actor, viewer
from ..access.visibility import visible_incidents
from ..policy.components import ComponentStatus
from ..policy.lifecycle import State, Visibility
from ..policy.severity import Severity
from ..policy.tags import LONGEST, MOST, clean
from ..records.incidents import TITLE_LENGTH, Incident, IncidentComponent
from ..records.tags import IncidentTag
from . import fields, incident_shape, loading, paging
from .fields import Body, choice, choices, clearable, flag, listing, moment, statuses_by_component, text
from .operations import Answer, Given, Thing, operation
from .paging import Page

_IMPACT = 2000
TAGS = listing(text(2 * LONGEST, example="database"), most=2 * MOST)  # what is too long or too many, the action says

FILTERS = {
    "state": choices(State),
    "severity": choices(Severity),
    "component": text(12),
    "tag": text(LONGEST),
    "visibility": choices(Visibility),
    "q": text(200),
    "since": moment(),
    "until": moment(),
}

DECLARATION = Body(
    required={"title": text(TITLE_LENGTH, example="Checkout fails"), "severity": choice(Severity)},
    optional={
        "visibility": choice(Visibility),
        "impact": clearable(text(_IMPACT)),
        "components": clearable(statuses_by_component(ComponentStatus)),
        "detected_at": clearable(moment()),
        "detected_by": clearable(text(200)),
        "impact_started_at": clearable(moment()),
        "resolved_at": clearable(moment()),
        "drill": flag(),
        "security": flag(),
        "tags": TAGS,
    },
)

CHANGES = Body(
    optional={
        "title": text(TITLE_LENGTH),
        "impact": text(_IMPACT),
        "components": statuses_by_component(ComponentStatus),
        "cause": text(40),
        "tags": TAGS,
        "visibility": choice(Visibility),
        "detected_at": moment(),
        "impact_started_at": moment(),
        "reason": text(1000),
        **loading.VERSION,
    }
)
_THEIRS = {name: name for name in ("title", "impact", "cause", "visibility")}


@operation(
    "GET",
    "/incidents",
    scope=Scope.READ,
    summary="Incidents, the newest first. since and until judge when each was detected.",
    gives="Incident",
    query=FILTERS,
    is_list=True,
)
def list_incidents(given: Given) -> Page[Thing]:
    wanted = visible_incidents(viewer()).where(*_filters(given))
    page = paging.by_id(wanted, Incident.id, given, newest_first=True)
    return Page(incident_shape.of_many(page.rows), page.cursor)


def _filters(given: Given) -> list[ColumnElement[bool]]:
    since: datetime | None = given.get("since")
    until: datetime | None = given.get("until")
    conditions: list[ColumnElement[bool]] = []
    if "state" in given:
        conditions.append(or_(*(_in_state(state) for state in given["state"])))
    if "severity" in given:
        conditions.append(Incident.severity.in_(given["severity"]))
    if "visibility" in given:
        conditions.append(Incident.visibility.in_(given["visibility"]))
    if "component" in given:
        named = select(IncidentComponent.incident_id).where(IncidentComponent.component_id == given["component"])
        conditions.append(Incident.id.in_(named))
    if "tag" in given:
        conditions.append(
            Incident.id.in_(select(IncidentTag.incident_id).where(IncidentTag.tag == clean(given["tag"])))
        )
    if "q" in given:
        words = given["q"].strip()
        conditions.append(
            or_(Incident.title.icontains(words, autoescape=True), Incident.impact.icontains(words, autoescape=True))
        )
    if since is not None:
        conditions.append(Incident.detected_at >= since)
    if until is not None:
        conditions.append(Incident.detected_at < until)
    return conditions


def _in_state(state: str) -> ColumnElement[bool]:
    if state == State.OPEN:
        return Incident.outcome.is_(None)
    if state == State.CLOSED:
        return Incident.closed_at.is_not(None)
    return Incident.outcome.is_not(None) & Incident.closed_at.is_(None)


@operation(
    "POST",
    "/incidents",
    scope=Scope.RESPOND,
    summary="Declare an incident. People are told at once; nothing is public yet.",
    gives="Incident",
    body=DECLARATION,
    status=201,
)
def declare(given: Given) -> Answer:
    incident = actions.declare(
        title=given["title"],
        severity=given["severity"],
        by=actor(),
        visibility_wanted=given.get("visibility"),
        impact=given.get("impact"),
        components=given.get("components"),
        detected_at=given.get("detected_at"),
        detected_by=given.get("detected_by"),
        impact_started_at=given.get("impact_started_at"),
        resolved_at=given.get("resolved_at"),
        is_drill=given.get("drill", False),
        is_security=given.get("security", False),
    )
    if given.get("tags"):
        actions.set_tags(incident, given["tags"], by=actor())
    return incident_shape.answer(incident, location=f"/incidents/{incident.ref}")


@operation("GET", "/incidents/<ref>", scope=Scope.READ, summary="One incident.", gives="Incident")
def show_incident(given: Given, ref: str) -> Answer:
    return incident_shape.answer(loading.to_read(ref))


@operation(
    "PATCH",
    "/incidents/<ref>",
    scope=Scope.RESPOND,
    summary="Mend what an incident says. The severity has its own address.",
    gives="Incident",
    body=CHANGES,
)
def change_incident(given: Given, ref: str) -> Answer:
    incident = loading.to_change(ref, given, theirs=_THEIRS)
    if "title" in given:
        actions.rename(incident, title=given["title"], by=actor())
    if "impact" in given:
        actions.describe_impact(incident, impact=given["impact"], by=actor())
    if "components" in given:
        actions.set_components(incident, given["components"], by=actor())
    if "cause" in given:
        actions.set_cause(incident, cause=given["cause"], by=actor())
    if "tags" in given:
        actions.set_tags(incident, given["tags"], by=actor())
    if "detected_at" in given or "impact_started_at" in given:
        actions.correct_times(
            incident,
            by=actor(),
            detected_at=given.get("detected_at"),
            impact_started_at=given.get("impact_started_at"),
        )
    if "visibility" in given:
        actions.change_visibility(incident, to=given["visibility"], by=actor(), reason=given.get("reason"))
    return incident_shape.answer(incident)


@operation(
    "PUT",
    "/incidents/<ref>/acknowledgement",
    scope=Scope.RESPOND,
    summary="Say that somebody has it: the escalation stops where it stands.",
    gives="Incident",
    body=Body(optional=loading.VERSION),
)
def acknowledge(given: Given, ref: str) -> Answer:
    incident = loading.to_change(ref, given)
    actions.acknowledge(incident, by=actor())
    return incident_shape.answer(incident)


@operation(
    "DELETE",
    "/incidents/<ref>/acknowledgement",
    scope=Scope.RESPOND,
    summary="Take the acknowledgement back: the escalation goes on.",
    gives=None,
    status=204,
)
def take_back_acknowledgement(given: Given, ref: str) -> None:
    actions.take_back_acknowledgement(loading.to_change(ref, given), by=actor())


@operation(
    "PUT",
    "/incidents/<ref>/severity",
    scope=Scope.RESPOND,
    summary="Judge the severity: deadlines move, and a level that is due already is told at once.",
    gives="Incident",
    body=Body(
        required={"severity": choice(Severity)}, optional={"reason": clearable(fields.text(1000)), **loading.VERSION}
    ),
)
def change_severity(given: Given, ref: str) -> Answer:
    incident = loading.to_change(ref, given, theirs={"severity": "severity"})
    actions.change_severity(incident, to=given["severity"], by=actor(), reason=given.get("reason"))
    return incident_shape.answer(incident)
