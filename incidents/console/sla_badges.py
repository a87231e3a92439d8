"""How an open incident's targets stand, in a word for its row: how much time is left, or how late it is."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import select

from ..actions import targets
from ..kernel import clock
from ..kernel.database import db
from ..policy.durations import duration
from ..policy.severity import SlaState
from ..records.incidents import Incident, Target

_MINUTE = timedelta(minutes=1)
_VERBS = {"respond": "Acknowledge", "resolve": "Resolve"}


@dataclass(frozen=True, kw_only=True)
class Badge:
    """``tone``: warn while at risk, bad once it is missed."""

    text: str
    tone: str


def of(incidents: Sequence[Incident]) -> dict[int, Badge]:
    """By incident, in one question: the first target that is neither met nor far away."""
    by_id = {incident.id: incident for incident in incidents if incident.is_open and not incident.pages_nobody}
    if not by_id:
        return {}
    unmet: dict[int, dict[str, Target]] = defaultdict(dict)
    wanted = select(Target).where(Target.incident_id.in_(by_id), Target.met_at.is_(None), Target.replaced_at.is_(None))
    for target in db.session.scalars(wanted):
        if targets.counts(target, by_id[target.incident_id]):
            unmet[target.incident_id][target.kind] = target
    badges = {number: [_badge(known[kind]) for kind in _VERBS if kind in known] for number, known in unmet.items()}
    return {number: shown for number, found in badges.items() if (shown := next(filter(None, found), None))}


def _badge(target: Target) -> Badge | None:
    state, now = targets.state_of(target), clock.now()
    verb = _VERBS[target.kind]
    if state is SlaState.AT_RISK:
        return Badge(text=f"{verb}: {duration(target.deadline_at - now)} left", tone="warn")
    if state is SlaState.BREACHED:
        return Badge(text=f"{verb}: breached by {duration(max(now - target.deadline_at, _MINUTE))}", tone="bad")
    return None
