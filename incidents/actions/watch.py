"""When the clock must look at an incident again: one instant, recomputed after everything that may move it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import select
from sqlalchemy import update as change

from ..kernel import clock
from ..kernel.database import db
from ..policy import cadence, escalation, repeats, severity
from ..policy.attention import earliest
from ..policy.escalation import Levels
from ..policy.repeats import Round
from ..policy.severity import Severity
from ..records.approvals import UpdateApproval
from ..records.incidents import Bell, Incident, IncidentRole, Target
from ..records.people import Person
from ..records.updates import Update
from . import approval, matrix, telling


@dataclass(frozen=True)
class Struck:
    """What the clock has done for an incident so far: levels told in this cycle, stages told of this due time.

    ``repeated``: the levels that each repetition of the policy told. ``unheard``: the keys of those that reached
    nobody, by repetition, the policy itself being 0.
    """

    levels: Mapping[str, datetime]
    stages: frozenset[str]
    repeated: Mapping[int, Mapping[str, datetime]] = field(default_factory=dict)
    unheard: Mapping[int, frozenset[str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Due:
    """Levels to tell now; ``repetition`` 0 is the policy itself."""

    levels: Levels
    repetition: int = 0


@dataclass
class Records:
    """What the clock needs to know of one incident besides its own row."""

    bells: dict[str, datetime] = field(default_factory=dict)
    targets: list[Target] = field(default_factory=list)  # unmet, of the present cycle
    scheduled: list[Update] = field(default_factory=list)
    questions: list[tuple[Update, UpdateApproval]] = field(default_factory=list)  # not answered yet
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
    is_asked = (UpdateApproval.update_id == Update.id) & UpdateApproval.answer.is_(None)
    waiting = (
        select(Update, UpdateApproval)
        .outerjoin(UpdateApproval, is_asked)
        .where(
            Update.incident_id.in_(by_id),
            (Update.state == "scheduled") | ((Update.state == "draft") & UpdateApproval.id.is_not(None)),
        )
    )
    for update, question in db.session.execute(waiting.order_by(Update.publish_at, Update.id)):
        if update.state == "scheduled":
            records[update.incident_id].scheduled.append(update)
        elif question is not None:
            records[update.incident_id].questions.append((update, question))
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
    incident.attention_at = earliest(fell_due_at(incident, records), _next_risk(incident, records))


def fell_due_at(incident: Incident, records: Records) -> datetime | None:
    """The same without the notices that a target is at risk: what a silence of the clock makes late."""
    publication = earliest(*(update.publish_at for update in records.scheduled if update.state == "scheduled"))
    if not incident.is_open or incident.pages_nobody:
        return publication
    struck = struck_for(incident, records)
    return earliest(
        publication,
        next_level_at(incident, struck),
        _expiry(incident),
        _next_stage(incident, struck),
        earliest(*(remind_of_question_at(incident, records, *asked) for asked in records.questions)),
        earliest(*(target.deadline_at for target in records.targets if is_running(target))),
    )


def remind_of_question_at(
    incident: Incident, records: Records, update: Update, question: UpdateApproval
) -> datetime | None:
    """When those who were asked to approve an update are reminded; None once they were."""
    return None if question_key(question) in records.bells else approval.remind_at(incident, update, question)


def question_key(question: UpdateApproval) -> str:
    """The bell of the one reminder about a question."""
    return f"approval/{question.id}"


def is_running(target: Target) -> bool:
    """Whether a target is neither met nor missed."""
    return target.met_at is None and target.breached_at is None


def risk_at(target: Target) -> datetime:
    """When 80 % of a target's time is used up."""
    return severity.at_risk_at(target.started_at, target.deadline_at)


def _next_risk(incident: Incident, records: Records) -> datetime | None:
    if not incident.is_open or incident.pages_nobody:
        return None
    waiting = (target for target in records.targets if is_running(target) and target.at_risk_at is None)
    return earliest(*(risk_at(target) for target in waiting))


def struck_for(incident: Incident, records: Records | None = None) -> Struck:
    """Sort the bells of this cycle's levels and of this due time's stages."""
    return struck_so_far(incident) if records is None else struck_of(incident, records.bells)


def struck_so_far(incident: Incident) -> Struck:
    """The same for one incident, asking for its bells."""
    bells = select(Bell.key, Bell.at).where(Bell.incident_id == incident.id)
    return struck_of(incident, {row.key: row.at for row in db.session.execute(bells.order_by(Bell.id))})


def struck_of(incident: Incident, bells: Mapping[str, datetime]) -> Struck:
    """The same from bells that were read already."""
    levels: dict[str, datetime] = {}
    repeated: dict[int, dict[str, datetime]] = {}
    unheard: dict[int, set[str]] = {}
    stages: set[str] = set()
    stage_prefix = _stage_prefix(incident)
    for bell, at in bells.items():
        kind, _slash, rest = bell.partition("/")
        if kind == "update":
            if stage_prefix and bell.startswith(stage_prefix):
                stages.add(bell.removeprefix(stage_prefix))
            continue
        cycle, _slash, key = rest.partition("/")
        if cycle != str(incident.cycle):
            continue
        if kind == "level":
            told = key.partition("#")[0]
            levels[told] = min(at, levels.get(told, at))
        elif kind in ("repeat", "nobody"):
            number, _slash, told = key.partition("/")
            if kind == "repeat":
                repeated.setdefault(int(number), {})[told] = at
            else:
                unheard.setdefault(int(number), set()).add(told)
    return Struck(levels, frozenset(stages), repeated, {each: frozenset(keys) for each, keys in unheard.items()})


def level_key(incident: Incident, key: str, *, round_: int = 1) -> str:
    """The bell of one level in this cycle; told again after an expired acknowledgement it bears the round."""
    return f"level/{incident.cycle}/{key}" if round_ == 1 else f"level/{incident.cycle}/{key}#{round_}"


def repeat_key(incident: Incident, key: str, repetition: int) -> str:
    """The bell of one level in one repetition of the policy."""
    return f"repeat/{incident.cycle}/{repetition}/{key}"


def unheard_key(incident: Incident, key: str, repetition: int = 0) -> str:
    """The bell that says: this level reached nobody, so the next one did not wait for it."""
    return f"nobody/{incident.cycle}/{repetition}/{key}"


def _stage_prefix(incident: Incident) -> str | None:
    if incident.next_update_due_at is None:
        return None
    return cadence.telling_key(incident.next_update_due_at, cadence.DUE).removesuffix(cadence.DUE.key)


def due_levels(incident: Incident, struck: Struck, *, now: datetime, quiet_until: datetime | None) -> Due:
    """The levels to tell at ``now``, of the policy or of one of its repetitions."""
    levels = matrix.levels_of(incident)
    if incident.is_acknowledged or not levels:
        return Due(())
    if any(level.key not in struck.levels for level in levels):
        return Due(
            escalation.due_levels(
                levels,
                started_at=incident.watch_started_at,
                now=now,
                told=struck.levels,
                resumed_at=incident.escalation_resumed_at,
                reaches_nobody=unreachable(incident, levels, struck),
                quiet_until=quiet_until,
            )
        )
    following = next_round(incident, struck, levels, quiet_until=quiet_until)
    return Due(()) if following is None else Due(following.due(now), following.number)


def next_level_at(incident: Incident, struck: Struck, *, asks_whom: bool = True) -> datetime | None:
    """When somebody is told next while nobody acknowledges; None when nobody is.

    ``asks_whom``: whether a level that would reach nobody brings the next one forward, which costs a few questions.
    """
    levels = matrix.levels_of(incident)
    if incident.is_acknowledged or not levels:
        return None
    if any(level.key not in struck.levels for level in levels):
        return escalation.next_level_at(
            levels,
            started_at=incident.watch_started_at,
            told=struck.levels,
            resumed_at=incident.escalation_resumed_at,
            reaches_nobody=unreachable(incident, levels, struck) if asks_whom else struck.unheard.get(0, ()),
            quiet_until=incident.quiet_until,
        )
    following = next_round(incident, struck, levels, quiet_until=incident.quiet_until, asks_whom=asks_whom)
    return None if following is None else following.next_at


def next_round(
    incident: Incident, struck: Struck, levels: Levels, *, quiet_until: datetime | None = None, asks_whom: bool = True
) -> Round | None:
    """The repetition of the policy that goes on, or comes next."""
    repeat = matrix.repeat_of(incident)
    if not repeat.times:
        return None
    number = next(
        (
            each
            for each in range(1, repeat.times + 1)
            if any(level.key not in struck.repeated.get(each, {}) for level in levels)
        ),
        repeat.times,
    )
    nobody = unreachable(incident, levels, struck, number) if asks_whom else struck.unheard.get(number, ())
    return repeats.next_round(
        levels,
        repeat,
        told=struck.levels,
        repeated=struck.repeated,
        resumed_at=incident.escalation_resumed_at,
        reaches_nobody=nobody,
        quiet_until=quiet_until,
    )


def unreachable(incident: Incident, levels: Levels, struck: Struck, repetition: int = 0) -> frozenset[str]:
    """Keys of the levels that reached nobody, or would at the moment: the next one does not wait for them."""
    told = struck.repeated.get(repetition, {}) if repetition else struck.levels
    silent = struck.unheard.get(repetition, frozenset())
    # nothing waits for the last one
    untold = [level for level in levels[:-1] if level.key not in told]
    meant = telling.people_by_level(incident, untold) if untold else {}
    return silent | {key for key, people in meant.items() if not people}


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
    db.session.execute(change(Incident).where(Incident.id.in_(incident_ids)).values(attention_at=clock.now()))
