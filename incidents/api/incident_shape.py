"""An incident as programs see it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from flask import current_app
from sqlalchemy import select

from ..access import viewer
from ..access.visibility import visible_to
from ..actions import roles as role_actions
from ..actions import steps
from ..actions import targets as target_actions
from ..kernel import clock
from ..kernel.database import db
from ..kernel.settings import Settings
from ..policy import severity
from ..policy.components import ComponentStatus
from ..policy.lifecycle import NEXT, Outcome, Requirement, State, Status, Step, Visibility
from ..policy.severity import Severity, SlaState
from ..published.incidents import PublishedIncident
from ..records.incidents import Incident, IncidentComponent, IncidentRole, Target
from ..records.people import Person
from ..records.tags import tags_of
from . import shapes
from .operations import Answer
from .shapes import FLAG, MAYBE_NUMBER, MAYBE_TEXT, MAYBE_TIME, NUMBER, TEXT, TIME, maybe_stamp, stamp

_TARGET = shapes.record(
    severity=shapes.word(Severity),
    started_at=TIME,
    deadline_at=TIME,
    at_risk_at=TIME,
    met_at=MAYBE_TIME,
    breached_at=MAYBE_TIME,
    state=shapes.word(SlaState),
)
_TARGETS = shapes.record(respond={"anyOf": [_TARGET, {"type": "null"}]}, resolve={"anyOf": [_TARGET, {"type": "null"}]})
_HOLDER = shapes.record(email=TEXT, name=TEXT, since=TIME, accepted_at=MAYBE_TIME)

shapes.named(
    "Incident",
    shapes.record(
        ref=TEXT,
        title=TEXT,
        severity=shapes.word(Severity),
        severity_judged=FLAG,
        step=shapes.word(Step),
        next_step=shapes.maybe_word(Step),
        missing=shapes.many(shapes.word(Requirement)),
        status=shapes.word(Status),
        state=shapes.word(State),
        outcome=shapes.maybe_word(Outcome),
        outcome_reason=MAYBE_TEXT,
        visibility=shapes.word(Visibility),
        drill=FLAG,
        security=FLAG,
        impact=MAYBE_TEXT,
        attempt=MAYBE_TEXT,
        cause=MAYBE_TEXT,
        resolution_summary=MAYBE_TEXT,
        declared_at=TIME,
        declared_by=TEXT,
        detected_at=TIME,
        detected_by=TEXT,
        impact_started_at=MAYBE_TIME,
        acknowledged_at=MAYBE_TIME,
        acknowledged=FLAG,
        first_communicated_at=MAYBE_TIME,
        mitigated_at=MAYBE_TIME,
        resolved_at=MAYBE_TIME,
        closed_at=MAYBE_TIME,
        postmortem_due_at=MAYBE_TIME,
        next_update_due_at=MAYBE_TIME,
        update_overdue=FLAG,
        snoozed_until=MAYBE_TIME,
        cadence_minutes=MAYBE_NUMBER,
        sla=_TARGETS,
        targets=_TARGETS,
        roles=shapes.by_name({"anyOf": [_HOLDER, {"type": "null"}]}),
        components=shapes.by_name(shapes.word(ComponentStatus)),
        components_answered=FLAG,
        tags=shapes.many(TEXT),
        merged_into=MAYBE_TEXT,
        public_id=MAYBE_TEXT,
        public_url=MAYBE_TEXT,
        url=TEXT,
        version=NUMBER,
    ),
)


@dataclass
class _Beside:
    """What other tables say of some incidents, fetched at once for all of them."""

    roles: dict[int, dict[str, Any]] = field(default_factory=lambda: defaultdict(dict))
    components: dict[int, dict[str, str]] = field(default_factory=lambda: defaultdict(dict))
    targets: dict[int, dict[str, Target]] = field(default_factory=lambda: defaultdict(dict))
    public_ids: dict[int, str] = field(default_factory=dict)
    tags: Mapping[int, list[str]] = field(default_factory=dict)
    seen: set[int] = field(default_factory=set)


def answer(incident: Incident, *, status: int | None = None, location: str | None = None) -> Answer:
    """One incident with its version as the entity tag."""
    db.session.flush()
    return Answer(of_many([incident])[0], version=incident.version, status=status, location=location)


def of_many(incidents: Sequence[Incident]) -> list[dict[str, Any]]:
    """Incidents in their order, with a fixed number of queries however many they are."""
    if not incidents:
        return []
    beside = _fetch(incidents)
    labels = role_actions.role_labels()
    return [_of(incident, beside, labels) for incident in incidents]


def ref_of(incident_id: int) -> str:
    """``INC-42``."""
    return f"INC-{incident_id}"


def seen_of(ids: Iterable[int]) -> set[int]:
    """Those of these incidents that the token which asks may know of."""
    wanted = set(ids)
    if not wanted:
        return set()
    return set(db.session.scalars(select(Incident.id).where(Incident.id.in_(wanted), visible_to(viewer()))))


def _fetch(incidents: Sequence[Incident]) -> _Beside:
    ids = [incident.id for incident in incidents]
    cycles = {incident.id: incident.cycle for incident in incidents}
    found = _Beside()
    held = select(IncidentRole, Person).join(Person, IncidentRole.person_id == Person.id)
    for role, person in db.session.execute(held.where(IncidentRole.incident_id.in_(ids), IncidentRole.until.is_(None))):
        found.roles[role.incident_id][role.role] = {
            **shapes.person(person.email, person.name),
            "since": stamp(role.since),
            "accepted_at": maybe_stamp(role.accepted_at),
        }
    named = select(IncidentComponent).where(IncidentComponent.incident_id.in_(ids)).order_by(IncidentComponent.id)
    for component in db.session.scalars(named):
        found.components[component.incident_id][component.component_id] = component.status
    for target in db.session.scalars(select(Target).where(Target.incident_id.in_(ids), Target.replaced_at.is_(None))):
        if target.cycle == cycles[target.incident_id]:
            found.targets[target.incident_id][target.kind] = target
    published = select(PublishedIncident.incident_id, PublishedIncident.public_id)
    found.public_ids = {
        row[0]: row[1] for row in db.session.execute(published.where(PublishedIncident.incident_id.in_(ids)))
    }
    found.tags = tags_of(ids)
    found.seen = seen_of(incident.merged_into_id for incident in incidents if incident.merged_into_id is not None)
    return found


def _of(incident: Incident, beside: _Beside, labels: Mapping[str, str]) -> dict[str, Any]:
    settings: Settings = current_app.extensions["sevenbells.settings"]
    next_step = NEXT[Step(incident.step)]
    due_at = incident.next_update_due_at
    public_id = beside.public_ids.get(incident.id)
    merged_into = incident.merged_into_id if incident.merged_into_id in beside.seen else None
    sla = {kind: _target(beside.targets[incident.id].get(kind)) for kind in ("respond", "resolve")}
    return {
        "ref": incident.ref,
        "title": incident.title,
        "severity": incident.severity,
        "severity_judged": incident.severity_is_judged,
        "step": incident.step,
        "next_step": next_step,
        "missing": [] if next_step is None else list(steps.missing_for(incident, next_step)),
        "status": incident.status,
        "state": state_of(incident),
        "outcome": incident.outcome,
        "outcome_reason": incident.outcome_reason,
        "visibility": incident.visibility,
        "drill": incident.is_drill,
        "security": incident.is_security,
        "impact": incident.impact,
        "attempt": incident.attempt,
        "cause": incident.cause,
        "resolution_summary": incident.resolution_summary,
        "declared_at": stamp(incident.declared_at),
        "declared_by": incident.declared_by_name,
        "detected_at": stamp(incident.detected_at),
        "detected_by": incident.detected_by,
        "impact_started_at": maybe_stamp(incident.impact_started_at),
        "acknowledged_at": maybe_stamp(incident.acknowledged_at),
        "acknowledged": incident.is_acknowledged,
        "first_communicated_at": maybe_stamp(incident.first_communicated_at),
        "mitigated_at": maybe_stamp(incident.mitigated_at),
        "resolved_at": maybe_stamp(incident.resolved_at),
        "closed_at": maybe_stamp(incident.closed_at),
        "postmortem_due_at": maybe_stamp(incident.postmortem_due_at),
        "next_update_due_at": maybe_stamp(due_at),
        "update_overdue": due_at is not None and clock.now() > due_at,
        "snoozed_until": maybe_stamp(incident.snoozed_until),
        "cadence_minutes": _cadence_minutes(incident),
        "sla": sla,
        "targets": sla,  # its older name
        "roles": {**dict.fromkeys(labels), **beside.roles[incident.id]},
        "components": beside.components[incident.id],
        "components_answered": incident.components_answered,
        "tags": list(beside.tags.get(incident.id, ())),
        "merged_into": ref_of(merged_into) if merged_into else None,
        "public_id": public_id,
        "public_url": f"{settings.page_url or settings.base_url}/incidents/{public_id}" if public_id else None,
        "url": f"{settings.base_url}/console/incidents/{incident.ref}",
        "version": incident.version,
    }


def state_of(incident: Incident) -> State:
    """Open, resolved (something is still owed) or closed."""
    if incident.is_open:
        return State.OPEN
    return State.RESOLVED if incident.closed_at is None else State.CLOSED


def _cadence_minutes(incident: Incident) -> int | None:
    from ..actions import cadence

    every = cadence.cadence_of(incident)
    return None if every is None else int(every.total_seconds() // 60)


def _target(target: Target | None) -> dict[str, Any] | None:
    if target is None:
        return None
    return {
        "severity": target.severity,
        "started_at": stamp(target.started_at),
        "deadline_at": stamp(target.deadline_at),
        "at_risk_at": stamp(severity.at_risk_at(target.started_at, target.deadline_at)),
        "met_at": maybe_stamp(target.met_at),
        "breached_at": maybe_stamp(target.breached_at),
        "state": target_actions.state_of(target),
    }
