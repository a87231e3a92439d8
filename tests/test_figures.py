"""What graphs and alarms can read about open incidents."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from incidents import actions
from incidents.kernel.database import db
from tests.factories import a_person, an_incident


@pytest.fixture
def asking(environ: dict[str, str]) -> dict[str, str]:
    """The header that opens /metrics, on an installation where it is closed. Ask for it before the app."""
    environ["METRICS_TOKEN"] = "let me see"
    return {"Authorization": "Bearer let me see"}


def test_metrics_count_open_incidents_and_late_updates_but_no_drills(
    asking: dict[str, str], app: Flask, client: FlaskClient, clock: Any
) -> None:
    alice = a_person("Alice")
    late = an_incident(by=alice, severity="P1")
    actions.acknowledge(late, by=alice.as_actor())
    an_incident(by=alice, severity="P2", is_drill=True)
    over = an_incident(by=alice, severity="P4")
    actions.resolve(over, by=alice.as_actor(), summary="done", reason="small")
    db.session.commit()
    clock.forward(minutes=31)

    figures = client.get("/metrics", headers=asking).text

    assert 'incidents_open{severity="P1"} 1.0' in figures
    assert 'incidents_open{severity="P2"} 0.0' in figures
    assert 'incidents_open{severity="P4"} 0.0' in figures
    assert "updates_overdue 1.0" in figures


def test_metrics_that_anybody_may_read_count_only_what_the_public_sees(
    app: Flask, client: FlaskClient, clock: Any
) -> None:
    alice = a_person("Alice")
    told = an_incident(by=alice, severity="P1")
    actions.post_update(told, by=alice.as_actor(), body="We are on it.", audience="public")
    for visibility in ("public", "internal", "restricted"):
        hidden = an_incident(by=alice, severity="P2")
        actions.change_visibility(hidden, to=visibility, by=alice.as_actor(), viewer_person=alice)
        actions.acknowledge(hidden, by=alice.as_actor())
    db.session.commit()
    clock.forward(minutes=31)

    figures = client.get("/metrics").text

    assert 'incidents_open{severity="P1"} 1.0' in figures
    assert 'incidents_open{severity="P2"} 0.0' in figures
    assert "updates_overdue 1.0" in figures


def test_flask_run_finds_the_application(environ: dict[str, str], monkeypatch: Any) -> None:
    import wsgi

    for name, value in environ.items():
        monkeypatch.setenv(name, value)

    assert isinstance(wsgi.app, Flask)
