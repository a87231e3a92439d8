"""/health/live for load balancers, /health/ready for alarms, /metrics for graphs."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.openmetrics import parser
from sqlalchemy import create_engine
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import NullPool

from incidents.kernel import beats, health, outbox, web
from incidents.kernel.database import db
from incidents.kernel.health import Finding
from incidents.kernel.settings import Settings
from incidents.kernel.settings import load as load_settings
from tests.conftest import WoundClock


@pytest.fixture
def site(settings: Settings, clock: WoundClock) -> Iterator[Flask]:
    """An app with the kernel alone, in its context."""
    app = kernel_app(settings)
    with app.app_context():
        yield app
        db.session.remove()
        db.engine.dispose()


def kernel_app(settings: Settings) -> Flask:
    import wsgi
    from incidents.kernel import database

    app = Flask("site", template_folder=f"{wsgi._root()}/templates", static_folder=f"{wsgi._root()}/static")
    app.extensions["sevenbells.settings"] = settings
    app.secret_key = settings.secret_key
    database.init_app(app, settings)
    web.init_app(app, settings)
    health.init_app(app, settings)
    return app


@pytest.fixture
def visit(site: Flask) -> FlaskClient:
    return site.test_client()


def tick(clock: WoundClock) -> None:
    beats.beat(worker="clock-1", pid=1, started_at=clock())
    db.session.rollback()


def test_it_lives_without_asking_the_database(visit: FlaskClient, site: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    take_database_away(site, monkeypatch)
    answer = visit.get("/health/live")

    assert answer.status_code == 200
    assert answer.content_type == "application/health+json"
    assert answer.get_json(force=True)["status"] == "pass"


def take_database_away(site: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    db.session.remove()
    db.engine.dispose()
    nowhere = create_engine("sqlite:////nowhere/at/all.db", poolclass=NullPool)
    monkeypatch.setitem(db._app_engines[site], None, nowhere)


def test_all_is_well_while_a_clock_beats(visit: FlaskClient, clock: WoundClock) -> None:
    clock.forward(minutes=10)
    tick(clock)
    clock.forward(seconds=90)
    answer = visit.get("/health/ready")

    assert answer.status_code == 200
    body = answer.get_json(force=True)
    assert body["status"] == "pass"
    assert body["checks"]["clock:lastTick"][0]["observedValue"] == 90


def test_a_silent_clock_counts_after_90_seconds(visit: FlaskClient, clock: WoundClock) -> None:
    clock.forward(minutes=10)
    tick(clock)
    clock.forward(seconds=91)
    answer = visit.get("/health/ready")

    assert answer.status_code == 503
    assert "the clock has been silent for 91 s" in answer.get_json(force=True)["output"]


def test_a_missing_clock_counts_90_seconds_after_this_process_started(visit: FlaskClient, clock: WoundClock) -> None:
    clock.forward(seconds=90)
    assert visit.get("/health/ready").status_code == 200
    clock.forward(seconds=1)
    answer = visit.get("/health/ready")

    assert answer.status_code == 503
    assert "no clock is running" in answer.text


def test_a_process_that_has_just_started_does_not_blame_an_old_beat(
    visit: FlaskClient, clock: WoundClock, site: Flask
) -> None:
    clock.back(hours=3)
    tick(clock)
    clock.forward(hours=3)

    assert visit.get("/health/ready").status_code == 200


def test_a_beat_from_before_the_clock_was_set_back_says_nothing(visit: FlaskClient, clock: WoundClock) -> None:
    clock.forward(hours=5)
    tick(clock)
    clock.back(hours=1)

    assert visit.get("/health/ready").status_code == 503


def test_of_several_clocks_the_one_heard_last_counts(visit: FlaskClient, clock: WoundClock) -> None:
    tick(clock)
    clock.forward(hours=1)
    beats.beat(worker="clock-2", pid=2, started_at=clock())

    assert visit.get("/health/ready").status_code == 200


def test_a_lost_database_is_503_with_its_cause(
    visit: FlaskClient, site: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    take_database_away(site, monkeypatch)
    answer = visit.get("/health/ready")

    assert answer.status_code == 503
    assert answer.content_type == "application/health+json"
    assert "the database does not answer" in answer.get_json(force=True)["output"]


def test_a_room_adds_its_own_check(visit: FlaskClient, site: Flask, clock: WoundClock) -> None:
    tick(clock)
    health.register(site, "audit:late", lambda: Finding("fail", "2 bells are late", 2))
    answer = visit.get("/health/ready")

    assert answer.status_code == 503
    assert answer.get_json(force=True)["checks"]["audit:late"][0]["observedValue"] == 2


def test_a_check_that_breaks_fails_alone(visit: FlaskClient, site: Flask, clock: WoundClock) -> None:
    def broken() -> Finding:
        raise OperationalError("SELECT", {}, Exception("gone"))

    tick(clock)
    health.register(site, "other:state", broken)
    body = visit.get("/health/ready").get_json(force=True)

    assert body["checks"]["other:state"][0]["status"] == "fail"
    assert body["checks"]["database:pragmas"][0]["status"] == "pass"


def test_dead_letters_and_a_pause_warn_and_do_not_take_it_out_of_service(visit: FlaskClient, clock: WoundClock) -> None:
    tick(clock)
    outbox.enqueue(event="e", channel="email", destination="d", payload={})
    db.session.commit()
    [claimed] = outbox.claim(worker="w", channel="email")
    outbox.mark_failed(claimed, reason="no such mailbox", permanent=True)
    answer = visit.get("/health/ready")
    assert answer.status_code == 200
    assert "1 message could not be delivered" in answer.text

    outbox.hold_older_than(timedelta(0), reason="restored from a backup")
    db.session.commit()
    assert "nothing is sent: restored from a backup" in visit.get("/health/ready").text


def test_long_gone_clocks_are_forgotten(site: Flask, clock: WoundClock) -> None:
    tick(clock)
    clock.forward(days=1, seconds=1)
    beats.beat(worker="clock-2", pid=2, started_at=clock())

    assert beats.forget_the_long_gone() == 1
    db.session.commit()
    living = beats.latest()
    assert living is not None
    assert living.worker == "clock-2"


parse: Any = parser.text_string_to_metric_families  # ships no types
OPENMETRICS = "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5,*/*;q=0.1"


def test_metrics_are_openmetrics_for_those_who_ask(visit: FlaskClient, site: Flask, clock: WoundClock) -> None:
    def open_incidents() -> Iterator[Metric]:
        family = GaugeMetricFamily("incidents_open", "Open incidents", labels=["severity"])
        family.add_metric(["P1"], 2)
        yield family

    tick(clock)
    health.register_metrics(site, open_incidents)
    answer = visit.get("/metrics", headers={"Accept": OPENMETRICS})

    assert answer.content_type.startswith("application/openmetrics-text; version=1.0.0")
    assert answer.text.endswith("# EOF\n")
    found = {family.name: family for family in parse(answer.text)}
    assert found["incidents_open"].samples[0].value == 2
    assert {sample.labels["state"] for sample in found["deliveries"].samples} == {"waiting", "failed", "held"}


def test_metrics_are_plain_text_otherwise(visit: FlaskClient) -> None:
    answer = visit.get("/metrics")

    assert answer.content_type.startswith("text/plain")
    assert "# TYPE deliveries gauge" in answer.text


def test_metrics_ask_for_their_token_where_one_is_set(environ: dict[str, str], clock: WoundClock) -> None:
    app = kernel_app(load_settings({**environ, "METRICS_TOKEN": "let me see"}))
    visit = app.test_client()

    assert visit.get("/metrics").status_code == 401
    assert visit.get("/metrics", headers={"Authorization": "Bearer let me"}).status_code == 401
    assert visit.get("/metrics", headers={"Authorization": "Bearer let me see"}).status_code == 200
    with app.app_context():
        db.engine.dispose()
