"""Whether it lives, whether all of it is well, and its figures for Prometheus.

Rooms register what they know: ``register(app, "mail", check)`` and ``register_metrics(app, collect)``.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

import structlog
from flask import Flask, Response, current_app, json, request
from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import choose_encoder
from sqlalchemy import func, select, text
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.exceptions import Unauthorized

from . import beats, clock, outbox
from .database import db, has_wal_reset_bug, missing_limits, reading, wrong_pragmas
from .outbox import OutboxMessage
from .settings import Settings

Status = Literal["pass", "warn", "fail"]
_WORST: dict[Status, int] = {"pass": 0, "warn": 1, "fail": 2}
_MEDIA_TYPE = "application/health+json"
_KEY = "sevenbells.health"

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Finding:
    """What a check found. ``output`` is a sentence for the operator when it is not well."""

    status: Status
    output: str = ""
    observed: float | str | None = None
    unit: str | None = None


Check = Callable[[], Finding]
Collect = Callable[[], Iterable[Metric]]


@dataclass
class Health:
    """What one app registered."""

    started_at: datetime
    checks: dict[str, Check] = field(default_factory=dict)
    collectors: list[Collect] = field(default_factory=list)


def init_app(app: Flask, settings: Settings) -> None:
    """Open /health/live, /health/ready and /metrics, with the kernel's own checks and figures."""
    app.extensions[_KEY] = Health(started_at=clock.now())
    register(app, "database:pragmas", check_database)
    register(app, "clock:lastTick", check_clock)
    register(app, "outbox:state", check_outbox)
    register_metrics(app, outbox_metrics)
    for rule, view in {"/health/live": live, "/health/ready": ready, "/metrics": metrics}.items():
        view.__access__ = "public"  # type: ignore[attr-defined]  # /metrics asks for its own token
        app.add_url_rule(rule, view.__name__, view, methods=["GET"])


def register(app: Flask, name: str, check: Check) -> None:
    """Ask ``check`` too when somebody asks whether all is well. ``name`` is ``component:measurement``."""
    app.extensions[_KEY].checks[name] = check


def register_metrics(app: Flask, collect: Collect) -> None:
    """Add what ``collect`` yields to /metrics; it is asked at each scrape, in a read-only transaction."""
    app.extensions[_KEY].collectors.append(collect)


# ---- the three addresses ----


def live() -> Response:
    """The process answers. It asks nothing else, so that a load balancer keeps it while the database is away."""
    return _answer({"status": "pass", "description": "Sevenbells is running"}, 200)


def ready() -> Response:
    """Whether database, clock and audit are well, and if not, why."""
    found = examine()
    worst = max((finding.status for finding in found.values()), key=_WORST.__getitem__, default="pass")
    causes = [f"{name}: {finding.output}" for name, finding in found.items() if finding.status == "fail"]
    body = {
        "status": worst,
        "serviceId": "sevenbells",
        "output": "; ".join(causes),
        "checks": {name: [_shown(finding)] for name, finding in found.items()},
    }
    return _answer(body, 503 if worst == "fail" else 200)


def metrics() -> Response:
    """Figures in the form that the asker prefers: OpenMetrics or Prometheus' text."""
    settings: Settings = current_app.extensions["sevenbells.settings"]
    given = request.headers.get("Authorization", "")
    if settings.metrics_token and not hmac.compare_digest(given.encode(), f"Bearer {settings.metrics_token}".encode()):
        raise Unauthorized("Give METRICS_TOKEN as Authorization: Bearer <token>.")
    encode, content_type = choose_encoder(request.headers.get("Accept", ""))
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Figures(_health().collectors))
    return Response(encode(registry), content_type=content_type)


def examine() -> dict[str, Finding]:
    """Ask every check; one that breaks has failed, and takes no other along."""
    with reading():
        return {name: _asked(name, check) for name, check in _health().checks.items()}


def _asked(name: str, check: Check) -> Finding:
    try:
        return check()
    except SQLAlchemyError as error:
        db.session.rollback()
        log.warning("check_could_not_ask", check=name, cause=str(getattr(error, "orig", error)))
        return Finding("fail", "the database does not answer")


def _health() -> Health:
    found: Health = current_app.extensions[_KEY]
    return found


def _answer(body: dict[str, Any], status: int) -> Response:
    response = Response(json.dumps({"version": "1", **body}), status, mimetype=_MEDIA_TYPE)
    response.headers["Cache-Control"] = "no-store"
    return response


def _shown(finding: Finding) -> dict[str, Any]:
    shown: dict[str, Any] = {"status": finding.status, "time": clock.now().isoformat()}
    if finding.observed is not None:
        shown["observedValue"] = finding.observed
    if finding.unit:
        shown["observedUnit"] = finding.unit
    if finding.output:
        shown["output"] = finding.output
    return shown


class _Figures:
    """A prometheus_client collector over what the rooms registered."""

    def __init__(self, collectors: list[Collect]) -> None:
        self.collectors = collectors

    def collect(self) -> Iterable[Metric]:
        with reading():
            for collect in self.collectors:
                yield from collect()


# ---- the kernel's own ----


def check_database() -> Finding:
    """The database answers, and runs with the pragmas our promises rest on."""
    wrong = wrong_pragmas(db.session.connection())
    db.session.execute(text("SELECT 1"))
    if wrong:
        return Finding("fail", "; ".join(wrong))
    unbounded = missing_limits(db.session.connection())
    if unbounded:
        return Finding(
            "warn", f"{', '.join(unbounded)} not set: behind a pooler set them on the role, by ALTER ROLE … SET"
        )
    if db.engine.dialect.name == "sqlite" and has_wal_reset_bug():
        return Finding("pass", "this SQLite has the WAL-reset bug, so only the clock folds the log back")
    return Finding("pass")


def check_clock() -> Finding:
    """A clock has ended a tick within 90 s; a process that has just started waits 90 s before it says otherwise."""
    now = clock.now()
    beat = beats.latest()
    if beat is not None and beat.hung_since is not None:
        hung = round((now - beat.hung_since).total_seconds())
        return Finding(
            "fail", f"the clock has hung for {hung} s, so nobody is reminded; it ends itself soon", hung, "s"
        )
    if beat is not None and beat.is_well:
        return Finding("pass", observed=max(0.0, (now - beat.tick_ended_at).total_seconds()), unit="s")
    if now - _health().started_at <= beats.SILENCE:
        return Finding("warn", "no clock has been heard yet")
    if beat is None:
        return Finding("fail", "no clock is running, so nobody is reminded; start `sevenbells clock`")
    silent = round((now - beat.tick_ended_at).total_seconds())
    return Finding("fail", f"the clock has been silent for {silent} s, so nobody is reminded", silent, "s")


def check_outbox() -> Finding:
    """Nothing is paused, and no message is a dead letter."""
    reason = outbox.paused()
    if reason:
        return Finding("warn", f"nothing is sent: {reason}; `sevenbells outbox release` lets it go")
    failed = db.session.scalar(select(func.count()).where(OutboxMessage.state == outbox.FAILED)) or 0
    if failed:
        return Finding(
            "warn",
            f"{failed} {'message' if failed == 1 else 'messages'} could not be delivered; see `sevenbells outbox list`",
            failed,
        )
    return Finding("pass")


def outbox_metrics() -> Iterable[Metric]:
    """What has not been delivered, by state; all of it stands in small indexes."""
    family = GaugeMetricFamily("deliveries", "Messages that are not delivered, by state", labels=["state"])
    for state in (outbox.WAITING, outbox.FAILED, outbox.HELD):
        number = db.session.scalar(select(func.count()).where(OutboxMessage.state == state))
        family.add_metric([state], float(number or 0))
    yield family
    beat = beats.latest()
    if beat is not None:
        age = max(0.0, (clock.now() - beat.tick_ended_at).total_seconds())
        yield GaugeMetricFamily("clock_last_tick_age_seconds", "Time since a clock ended a tick", value=age)
        yield GaugeMetricFamily("reminders_due", "What was due and not done at the last tick", value=beat.due_backlog)
