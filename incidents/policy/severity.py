"""The four severities: how fast each is answered, how often it is told, what it owes afterwards."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from . import zones

AT_RISK_SHARE = 0.8


class Severity(StrEnum):
    """P1 is the worst."""

    P1 = "P1"
    P2 = "P2"
    P3 = "P3"
    P4 = "P4"

    @property
    def rank(self) -> int:
        """1 for P1 to 4 for P4: smaller is worse, so sorting puts the worst first."""
        return int(self.value[1])

    @property
    def label(self) -> str:
        """The word beside it: Critical, High, Medium, Low."""
        return SEVERITY_LABELS[self]

    def is_worse_than(self, other: Severity) -> bool:
        return self.rank < other.rank


SEVERITY_LABELS: Mapping[Severity, str] = {
    Severity.P1: "Critical",
    Severity.P2: "High",
    Severity.P3: "Medium",
    Severity.P4: "Low",
}


@dataclass(frozen=True, kw_only=True)
class SeverityRule:
    """What one severity demands.

    ``first_responder`` is a word of an escalation level ("on_call", "any_responder"). No ``cadence``: no update is
    owed. No ``resolve_within``: there is no target.
    """

    severity: Severity
    label: str
    examples: str
    respond_within: timedelta
    cadence: timedelta | None
    resolve_within: timedelta | None
    first_responder: str

    def respond_by(self, detected_at: datetime) -> datetime:
        """When somebody must have acknowledged: targets count from detection."""
        return detected_at + self.respond_within

    def resolve_by(self, detected_at: datetime) -> datetime | None:
        """When it should be resolved; None without a target."""
        return None if self.resolve_within is None else detected_at + self.resolve_within


Matrix = Mapping[Severity, SeverityRule]

# Response times, cadence and first responders come from the operations manual (alert severity levels, status page
# updates, escalation matrix); the resolve targets are our own default.
DEFAULTS: Matrix = {
    Severity.P1: SeverityRule(
        severity=Severity.P1,
        label="Critical",
        examples="Full outage, data loss, security breach",
        respond_within=timedelta(minutes=15),
        cadence=timedelta(minutes=30),
        resolve_within=timedelta(hours=4),
        first_responder="on_call",
    ),
    Severity.P2: SeverityRule(
        severity=Severity.P2,
        label="High",
        examples="A major feature is broken, payments fail",
        respond_within=timedelta(hours=1),
        cadence=timedelta(minutes=30),
        resolve_within=timedelta(hours=12),
        first_responder="on_call",
    ),
    Severity.P3: SeverityRule(
        severity=Severity.P3,
        label="Medium",
        examples="Degraded performance, minor bugs",
        respond_within=timedelta(hours=4),
        cadence=None,
        resolve_within=timedelta(days=3),
        first_responder="any_responder",
    ),
    Severity.P4: SeverityRule(
        severity=Severity.P4,
        label="Low",
        examples="Cosmetic issues",
        respond_within=timedelta(hours=24),
        cadence=None,
        resolve_within=None,
        first_responder="any_responder",
    ),
}


class SlaState(StrEnum):
    """How a target stands."""

    ON_TRACK = "on_track"
    AT_RISK = "at_risk"
    BREACHED = "breached"
    MET = "met"


def sla_state(
    *,
    started_at: datetime,
    deadline_at: datetime,
    now: datetime,
    met_at: datetime | None = None,
    breached_at: datetime | None = None,
) -> SlaState:
    """How one target stands at ``now``; ``breached_at``, once recorded, is never undone by a later deadline."""
    if breached_at is not None:
        return SlaState.BREACHED
    if met_at is not None:
        return SlaState.MET if met_at <= deadline_at else SlaState.BREACHED
    if now >= deadline_at:
        return SlaState.BREACHED
    return SlaState.AT_RISK if now >= at_risk_at(started_at, deadline_at) else SlaState.ON_TRACK


def at_risk_at(started_at: datetime, deadline_at: datetime) -> datetime:
    """When 80 % of the time is used up."""
    return started_at + (deadline_at - started_at) * AT_RISK_SHARE


def next_sla_change_at(*, started_at: datetime, deadline_at: datetime, now: datetime) -> datetime | None:
    """The next instant at which an unmet target changes its state by itself; None once it is breached."""
    moments = (at_risk_at(started_at, deadline_at), deadline_at)
    return next((moment for moment in moments if moment > now), None)


def owes_postmortem(severity: Severity) -> bool:
    """P1 and P2 owe a post-mortem."""
    return severity in (Severity.P1, Severity.P2)


def postmortem_due(severity: Severity, resolved_at: datetime, zone: ZoneInfo) -> datetime | None:
    """When the post-mortem is due: P1 3 calendar days, P2 5 business days after resolution, else None.

    The time of day is that of the resolution on the wall clock of ``zone``; business days are Monday to Friday.
    """
    local = resolved_at.astimezone(zone)
    if severity is Severity.P1:
        return zones.instant(local + timedelta(days=3), zone)
    if severity is Severity.P2:
        return zones.instant(_business_days_later(local, 5), zone)
    return None


def _business_days_later(local: datetime, count: int) -> datetime:
    while count:
        local += timedelta(days=1)
        if local.weekday() < 5:
            count -= 1
    return local


def to_snapshot(matrix: Matrix) -> dict[str, dict[str, Any]]:
    """The whole matrix as plain JSON, lengths in seconds, to be kept on an incident."""
    return {rule.severity.value: _rule_to_json(rule) for rule in matrix.values()}


def from_snapshot(snapshot: Mapping[str, Mapping[str, Any]]) -> dict[Severity, SeverityRule]:
    """The matrix that ``to_snapshot`` wrote."""
    return {Severity(name): _rule_from_json(Severity(name), kept) for name, kept in snapshot.items()}


def _rule_to_json(rule: SeverityRule) -> dict[str, Any]:
    return {
        "label": rule.label,
        "examples": rule.examples,
        "respond_within": _seconds(rule.respond_within),
        "cadence": _seconds(rule.cadence),
        "resolve_within": _seconds(rule.resolve_within),
        "first_responder": rule.first_responder,
    }


def _rule_from_json(severity: Severity, kept: Mapping[str, Any]) -> SeverityRule:
    return SeverityRule(
        severity=severity,
        label=str(kept["label"]),
        examples=str(kept["examples"]),
        respond_within=timedelta(seconds=int(kept["respond_within"])),
        cadence=_length(kept["cadence"]),
        resolve_within=_length(kept["resolve_within"]),
        first_responder=str(kept["first_responder"]),
    )


def _seconds(length: timedelta | None) -> int | None:
    return None if length is None else int(length.total_seconds())


def _length(seconds: int | None) -> timedelta | None:
    return None if seconds is None else timedelta(seconds=int(seconds))
