"""How long incidents took, for Prometheus: histograms to acknowledgement and resolution, and how many were opened.

The database sorts the lengths into buckets, and what it said holds for a minute: a scrape every few seconds costs no
look at every incident. All processes say the same, for they keep nothing that the tables do not say.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask import current_app
from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily, Metric
from sqlalchemy import ColumnElement, Float, case, cast, extract, func, select

from ...kernel import clock
from ...kernel.database import db
from ...kernel.settings import Settings
from ...policy.severity import Severity
from ...published.incidents import PublishedIncident
from ...records.incidents import Incident
from .selection import COUNTED

_HOUR, _DAY = 3600, 86400
# seconds: the targets of the default matrix are among them, and what lies a little to either side
TO_ACK = (60, 300, 900, 1800, _HOUR, 4 * _HOUR, _DAY)
TO_RESOLVE = (900, 1800, _HOUR, 2 * _HOUR, 4 * _HOUR, 12 * _HOUR, _DAY, 3 * _DAY, 7 * _DAY)
_HOLDS_FOR = timedelta(minutes=1)
_KEY = "sevenbells.insights.histograms"


@dataclass(frozen=True)
class _Kept:
    """What was found, and when."""

    at: datetime
    families: Sequence[Metric]


def insight_metrics() -> Iterator[Metric]:
    """``incidents_opened_total{severity}`` and the two histograms; drills are left out of all, false alarms and merged of these.

    Without METRICS_TOKEN anybody can read this: then only what stands on the status page is counted.
    """
    kept: _Kept | None = current_app.extensions.get(_KEY)
    now = clock.now()
    # a clock that went back makes what was kept old, too
    if kept is None or not kept.at <= now < kept.at + _HOLDS_FOR:
        kept = current_app.extensions[_KEY] = _Kept(now, list(_ask()))
    yield from kept.families


def _ask() -> Iterator[Metric]:
    settings: Settings = current_app.extensions["sevenbells.settings"]
    seen = [] if settings.metrics_token else [Incident.id.in_(select(PublishedIncident.incident_id))]
    yield _opened(seen)
    answered = Incident.pages_nobody.is_(False)
    yield _histogram("ack", "acknowledgement", Incident.acknowledged_at, TO_ACK, [*COUNTED, *seen, answered])
    yield _histogram("resolve", "the last resolution", Incident.resolved_at, TO_RESOLVE, [*COUNTED, *seen])


def _opened(seen: Sequence[ColumnElement[bool]]) -> CounterMetricFamily:
    wanted = select(Incident.severity, func.count().label("n")).where(Incident.is_drill.is_(False), *seen)
    found = {row.severity: row.n for row in db.session.execute(wanted.group_by(Incident.severity))}
    family = CounterMetricFamily("incidents_opened", "Incidents that were declared.", labels=["severity"])
    for severity in Severity:
        family.add_metric([severity.value], found.get(severity.value, 0))
    return family


def _histogram(
    name: str, what: str, end: Any, buckets: Sequence[int], counted: Sequence[ColumnElement[bool]]
) -> HistogramMetricFamily:
    """One query: per severity how many took at most so long, and how long all took together."""
    length = _seconds(Incident.detected_at, end)
    wanted = select(
        Incident.severity,
        func.count().label("n"),
        func.sum(length).label("whole"),
        *(func.count(case((length <= most, 1))).label(f"le_{most}") for most in buckets),
    ).where(end.is_not(None), end >= Incident.detected_at, *counted)
    rows = {row.severity: row._mapping for row in db.session.execute(wanted.group_by(Incident.severity))}
    family = HistogramMetricFamily(
        f"incident_time_to_{name}_seconds", f"Time from detection to {what}.", labels=["severity"]
    )
    for severity in Severity:
        row: Mapping[Any, Any] = rows.get(severity.value, {})
        counts = [(str(float(most)), row.get(f"le_{most}", 0)) for most in buckets]
        family.add_metric([severity.value], [*counts, ("+Inf", row.get("n", 0))], float(row.get("whole") or 0))
    return family


def _seconds(start: Any, end: Any) -> ColumnElement[float]:
    """Between two times, as this database counts."""
    if db.engine.dialect.name == "sqlite":
        # julianday's days, to the millisecond
        return func.round((func.julianday(end) - func.julianday(start)) * _DAY, 3)
    return cast(extract("epoch", end - start), Float)
