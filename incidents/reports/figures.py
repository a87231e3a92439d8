"""Figures over open incidents for /metrics: how many there are, and how many updates are late."""

from __future__ import annotations

from collections.abc import Iterator

from flask import current_app
from prometheus_client.core import GaugeMetricFamily, Metric
from sqlalchemy import func, select

from ..kernel import clock
from ..kernel.database import db
from ..kernel.settings import Settings
from ..policy.severity import Severity
from ..published.incidents import PublishedIncident
from ..records.incidents import Incident


def incident_metrics() -> Iterator[Metric]:
    """``incidents_open{severity}`` and ``updates_overdue``; drills are left out.

    Without METRICS_TOKEN anybody can read this: then only what stands on the status page is counted.
    """
    settings: Settings = current_app.extensions["sevenbells.settings"]
    is_counted = [Incident.outcome.is_(None), Incident.is_drill.is_(False)]
    if not settings.metrics_token:
        is_counted.append(Incident.id.in_(select(PublishedIncident.incident_id)))
    counts = {
        row.severity: row.open
        for row in db.session.execute(
            select(Incident.severity, func.count().label("open")).where(*is_counted).group_by(Incident.severity)
        )
    }
    open_now = GaugeMetricFamily("incidents_open", "Incidents that are open now.", labels=["severity"])
    for severity in Severity:
        open_now.add_metric([severity.value], counts.get(severity.value, 0))
    yield open_now
    late = db.session.scalar(select(func.count()).where(*is_counted, Incident.next_update_due_at < clock.now()))
    yield GaugeMetricFamily("updates_overdue", "Open incidents whose promised update is late.", value=late or 0)
