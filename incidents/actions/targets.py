"""The record of deadlines: frozen at declaration, severity change and reopening; met or missed for ever."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from ..kernel import clock
from ..kernel.database import db
from ..policy import severity
from ..policy.severity import SlaState
from ..records.incidents import Incident, Target
from . import matrix


def freeze(incident: Incident, *, counting_from: datetime) -> None:
    """Write this cycle's deadlines under the present severity. What they replace keeps how it stood."""
    now = clock.now()
    newest = {target.kind: target for target in _of_cycle(incident)}
    rule = matrix.rule_of(incident)
    deadlines = {"respond": rule.respond_by(counting_from), "resolve": rule.resolve_by(counting_from)}
    for kind, deadline_at in deadlines.items():
        old = newest.get(kind)
        if old is not None and old.replaced_at is None:
            old.replaced_at = now
            if old.met_at is None and now >= old.deadline_at:
                old.breached_at = old.breached_at or old.deadline_at
        if deadline_at is not None:
            met_at = old.met_at if old is not None else None
            # what was met is judged by the new deadline; lowering the severity un-breaches nothing
            breached_at = old.breached_at if old is not None else None
            if breached_at is None and met_at is not None and met_at > deadline_at:
                breached_at = deadline_at
            db.session.add(
                Target(
                    incident_id=incident.id,
                    cycle=incident.cycle,
                    kind=kind,
                    severity=incident.severity,
                    started_at=counting_from,
                    deadline_at=deadline_at,
                    met_at=met_at,
                    breached_at=breached_at,
                )
            )
    db.session.flush()


def meet(incident: Incident, kind: str, *, at: datetime) -> None:
    """Record that a target was met, in time or not."""
    target = current(incident).get(kind)
    if target is not None and target.met_at is None:
        target.met_at = at
        if at > target.deadline_at:
            target.breached_at = target.breached_at or target.deadline_at


def unmeet(incident: Incident, kind: str) -> None:
    """What was met was taken back; a breach stays."""
    target = current(incident).get(kind)
    if target is not None:
        target.met_at = None


def current(incident: Incident) -> dict[str, Target]:
    """This cycle's targets that count, by kind."""
    return {target.kind: target for target in _of_cycle(incident) if target.replaced_at is None}


def _of_cycle(incident: Incident) -> list[Target]:
    wanted = select(Target).where(Target.incident_id == incident.id, Target.cycle == incident.cycle)
    return list(db.session.scalars(wanted.order_by(Target.id)))


def history(incident: Incident) -> list[Target]:
    """All of them, oldest first: those that count, those of an earlier severity, and those from before a reopening."""
    return list(db.session.scalars(select(Target).where(Target.incident_id == incident.id).order_by(Target.id)))


def counts(target: Target, incident: Incident) -> bool:
    """Whether it is the one that counts now."""
    return target.cycle == incident.cycle and target.replaced_at is None


def state_of(target: Target) -> SlaState:
    """How a target stands now; one that was replaced keeps how it stood when it was."""
    return severity.sla_state(
        started_at=target.started_at,
        deadline_at=target.deadline_at,
        now=target.replaced_at or clock.now(),
        met_at=target.met_at,
        breached_at=target.breached_at,
    )
