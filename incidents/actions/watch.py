"""When the clock must look at an incident again: one instant, recomputed after everything that may move it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import select, update

from ..kernel import clock
from ..kernel.database import db
from ..policy import cadence, escalation
from ..policy.attention import earliest
from ..policy.escalation import Levels
from ..policy.severity import Severity
from ..records.incidents import Bell, Incident, IncidentRole, Target
from ..records.people import Person
from ..records.updates import Update
from . import matrix, telling


@dataclass(frozen=True)
class Struck:
    """What the clock has done for an incident so far: levels told in this cycle, stages told of this due time."""

    levels: Mapping[str, datetime]
    stages: frozenset[str]


@dataclass
class Records:
    """What the clock needs to know of one incident besides its own row."""

    bells: dict[str, datetime] = field(default_factory=dict)
    targets: list[Target] = field(default_factory=list)  # unmet, of the present cycle
    scheduled: list[Update] = field(default_factory=list)
    holders: dict[str, Person] = field(default_factory=dict)  # by role


def read(incidents: Sequence[Incident], *, with_holders: bool = True) -> dict[int, Records]:
    """The records of many incidents, in four queries however many there are; three without the roles' holders."""
    by_id = {incident.id: incident for incident in incidents}
    records = {incident_id: Records() for incident_id in by_id}
    for incident_id, key, at in db.session.execute(
        select(Bell.incident_id, Bell.key, Bell.at).where(Bell.incident_id.in_(by_id)).order_by(Bell.id)
    ):
        records[incident_id].bells[key] = at
    unmet = select(Target).where(Target.incident_id.in_(by_id), Target.met_at.is_(None), Target.replaced_at.is_(None))
    for target in db.session.scalars(unmet.order_by(Target.id)):
        if target.cycle == by_id[target.incident_id].cycle:
            records[target.incident_id].targets.append(target)
    waiting = select(Update).where(Update.incident_id.in_(by_id), Update.state == "scheduled")
    for scheduled in db.session.scalars(waiting.order_by(Update.publish_at, Update.id)):
        records[scheduled.incident_id].scheduled.append(scheduled)
    if not with_holders:
        return records
    held = (
        select(IncidentRole.incident_id, IncidentRole.role, Person)
        .join(Person, IncidentRole.person_id == Person.id)
        .where(IncidentRole.incident_id.in_(by_id), IncidentRole.until.is_(None))
    )
    for incident_id, role, person in db.session.execute(held):
        records[incident_id].holders[role] = person
    return records


def rearm(incident: Incident, records: Records | None = None) -> None:
    """Set ``attention_at`` to the earliest instant at which something is due; None when nothing ever is."""
    if records is None:
        db.session.flush()
        records = read([incident], with_holders=False)[incident.id]
    publication = earliest(*(update.publish_at for update in records.scheduled if update.state == "scheduled"))
    if not incident.is_open or incident.pages_nobody:
        incident.attention_at = publication
        return
    struck = struck_for(incident, records)
    incident.attention_at = earliest(
        publication,
        _next_level(incident, struck),
        _expiry(incident),
        _next_stage(incident, struck),
        earliest(*(target.deadline_at for target in records.targets if not target.met_at and not target.breached_at)),
    )


def struck_for(incident: Incident, records: Records | None = None) -> Struck:
    """Sort the bells of this cycle's levels and of this due time's stages."""
    bells = (records or read([incident], with_holders=False)[incident.id]).bells
    levels: dict[str, datetime] = {}
    stages: set[str] = set()
    level_prefix = level_key(incident, "")
    stage_prefix = _stage_prefix(incident)
    for key, at in bells.items():
        if key.startswith(level_prefix):
            told = key.removeprefix(level_prefix).split("#")[0]
            levels[told] = min(at, levels.get(told, at))
        elif stage_prefix and key.startswith(stage_prefix):
            stages.add(key.removeprefix(stage_prefix))
    return Struck(levels, frozenset(stages))


def level_key(incident: Incident, key: str, *, round_: int = 1) -> str:
    """The bell of one level in this cycle; told again after an expired acknowledgement it bears the round."""
    return f"level/{incident.cycle}/{key}" if round_ == 1 else f"level/{incident.cycle}/{key}#{round_}"


def _stage_prefix(incident: Incident) -> str | None:
    if incident.next_update_due_at is None:
        return None
    return cadence.telling_key(incident.next_update_due_at, cadence.DUE).removesuffix(cadence.DUE.key)


def unreachable(incident: Incident, levels: Levels) -> frozenset[str]:
    """Keys of the levels whose words mean nobody at the moment: the next one does not wait for them."""
    return frozenset(level.key for level in levels if not telling.people_meant(incident, level.tell))


def _next_level(incident: Incident, struck: Struck) -> datetime | None:
    if incident.is_acknowledged:
        return None
    levels = matrix.levels_of(incident)
    if all(level.key in struck.levels for level in levels):
        return None
    return escalation.next_level_at(
        levels,
        started_at=incident.watch_started_at,
        told=struck.levels,
        resumed_at=incident.escalation_resumed_at,
        reaches_nobody=unreachable(incident, levels),
        quiet_until=incident.quiet_until,
    )


def _expiry(incident: Incident) -> datetime | None:
    if not incident.is_acknowledged:
        return None
    expires_at = escalation.acknowledgement_expires_at(Severity(incident.severity), incident.last_human_entry_at)
    return None if expires_at is None else clock.to_the_minute(expires_at)


def _next_stage(incident: Incident, struck: Struck) -> datetime | None:
    if incident.next_update_due_at is None:
        return None
    return cadence.next_stage_at(
        incident.next_update_due_at,
        fired=struck.stages,
        armed_at=incident.due_armed_at,
        snoozed_until=incident.snoozed_until,
        quiet_until=incident.quiet_until,
        rang_at=incident.rang_at,
    )


def untimed(incidents: Sequence[Incident]) -> list[Incident]:
    """Of incidents without a moment at which the clock looks, those that ought to have one.

    It sets that moment, for the caller to throw away.
    """
    records = read(incidents, with_holders=False)
    with db.session.no_autoflush:
        for incident in incidents:
            rearm(incident, records[incident.id])
    return [incident for incident in incidents if incident.attention_at is not None]


def look_at_once(incident_ids: Sequence[int]) -> None:
    """Let the clock look at these now, whatever stood there."""
    db.session.execute(update(Incident).where(Incident.id.in_(incident_ids)).values(attention_at=clock.now()))
