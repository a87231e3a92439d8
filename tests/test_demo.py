"""The demo: a week that was really lived, two incidents open, one of them late; and it answers on this machine alone."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Engine, select

from incidents.actions import oncall, rca, swaps
from incidents.cli import demo as command
from incidents.demo import filling, people, today
from incidents.jobs import audit
from incidents.kernel import clock as clock_module
from incidents.kernel import outbox
from incidents.kernel import settings as settings_module
from incidents.kernel.database import db
from incidents.kernel.outbox import OutboxMessage
from incidents.policy import cadence
from incidents.policy.lifecycle import Outcome
from incidents.policy.postmortems import State
from incidents.policy.rotations import Source
from incidents.policy.severity import Severity
from incidents.published.maintenances import Maintenance
from incidents.published.notices import Notice
from incidents.records.incidents import Incident
from incidents.records.oncall import rotations
from incidents.records.people import find_person
from incidents.records.postmortems import Postmortem
from incidents.records.timeline import TimelineEntry
from tests.conftest import SECRET, empty, running
from tests.factories_people import sign_in


@pytest.fixture
def database_url(tmp_path: Path, lived_week: Path) -> str:
    """The week was lived once for all that look at it; one test lives it on PostgreSQL."""
    path = tmp_path / "sevenbells.db"
    path.write_bytes(lived_week.read_bytes())
    return f"sqlite:///{path}"


@pytest.fixture
def lived(app: Flask) -> list[Incident]:
    """Every incident of a filled database, oldest first."""
    return list(db.session.scalars(select(Incident).order_by(Incident.id)))


def test_two_incidents_are_open_and_the_update_of_one_is_late(lived: list[Incident]) -> None:
    late, young = (incident for incident in lived if incident.is_open)

    assert late.next_update_due_at is not None
    assert cadence.minutes_late(late.next_update_due_at, clock_module.now()) == today.LATE_MINUTES
    assert not young.is_acknowledged
    assert {late.severity, young.severity} == {"P1", "P2"}


@pytest.mark.usefixtures("clock")
def test_it_is_lived_on_postgresql_too(postgresql_schema: Engine, tmp_path: Path) -> None:
    empty(postgresql_schema)
    url = postgresql_schema.url.render_as_string(hide_password=False)
    with running(settings_module.load({"DATA_DIR": str(tmp_path), "DATABASE_URL": url, "SECRET_KEY": SECRET})):
        filling.fill()
        outcomes = db.session.scalars(select(Incident.outcome)).all()

    assert outcomes.count(None) == 2
    assert {*outcomes} == {None, *Outcome}


def test_it_holds_every_kind_of_incident(lived: list[Incident]) -> None:
    assert {incident.severity for incident in lived} == {*Severity}
    assert {incident.outcome for incident in lived} == {None, *Outcome}
    assert {incident.visibility for incident in lived} == {"public", "internal", "restricted"}
    assert any(incident.is_drill for incident in lived)
    assert any(incident.cycle > 1 for incident in lived)
    kinds = set(db.session.scalars(select(TimelineEntry.kind).distinct()))
    assert kinds >= {"snooze", "cadence", "escalated", "role_accepted", "decision", "merged", "reopened", "reminder"}


def test_work_was_done_is_being_done_and_comes_again(app: Flask, lived: list[Incident]) -> None:
    states = {work.title: work.state for work in db.session.scalars(select(Maintenance).order_by(Maintenance.id))}

    assert states["The database moves to larger machines"] == "completed"
    assert states["New certificate for e-mail delivery"] == "in_progress"
    assert states["Weekly upgrades"] == "scheduled"
    page = app.test_client().get("/").text
    assert "Repeats every week on" in page
    assert "Scheduled maintenance" in page


def test_its_learning_stands_at_every_stage(lived: list[Incident]) -> None:
    now = clock_module.now()
    states = {each.state for each in db.session.scalars(select(Postmortem))}
    owed = [each for each in lived if each.outcome and each.postmortem_due_at and not each.closed_at]

    assert {State.DRAFT, State.PUBLISHED} <= states
    assert any(each.postmortem_waived_reason for each in lived)
    assert any(each.postmortem_due_at and each.postmortem_due_at < now for each in owed)
    assert any(rca.find_rca(each) for each in lived)


def test_maya_is_on_call_and_the_weeks_ahead_want_something(lived: list[Incident]) -> None:
    (rotation,) = rotations()
    now = clock_module.now()
    assert rotation.announces
    assert rotation.announced_until == now
    ahead = oncall.shifts(rotation, since=now, until=now + timedelta(weeks=4))

    assert oncall.on_call_at(rotation, now) == find_person(people.MAYA.email)
    assert [standing.is_assigned for standing in oncall.standing(now)] == [True, True, True]
    assert [f"{shift.ends_at - shift.starts_at}" for shift in ahead if shift.person is None] == ["9:00:00"]
    assert len([shift for shift in ahead if shift.source == Source.COVER]) == 1
    assert [swap.to_id for swap in swaps.open_swaps()] == [None]


def test_nothing_of_it_is_told_ahead_of_its_time_or_late(lived: list[Incident]) -> None:
    """Every entry was written at its own moment, in order, and the self-audit finds nothing that should have happened."""
    moments = list(db.session.scalars(select(TimelineEntry.recorded_at).order_by(TimelineEntry.id)))

    assert moments == sorted(moments)
    assert moments[-1] <= clock_module.now()
    assert audit.audit() == []


def test_no_letter_of_it_waits_and_what_the_public_was_told_is_a_part_of_the_story(lived: list[Incident]) -> None:
    states = select(OutboxMessage.purpose == outbox.UPDATE, OutboxMessage.state).distinct()

    assert {tuple(row) for row in db.session.execute(states)} == {(False, "skipped"), (True, "sent")}
    assert db.session.scalars(select(Notice.id).where(Notice.fanned_out_at.is_(None))).all() == []


def test_who_signs_in_and_who_reads_the_page_are_told_of_the_late_update(
    app: Flask, client: Any, lived: list[Incident]
) -> None:
    late = next(incident for incident in lived if incident.is_open)
    maya = find_person(people.MAYA.email)
    assert maya is not None
    sign_in(client, maya, password=people.PASSWORD)

    now = client.get("/console/").text
    assert late.title in now
    assert "First steps" not in now
    assert f"{today.LATE_MINUTES} min late" in app.test_client().get("/").text


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "::1", "localhost"])
def test_it_answers_on_this_machine(host: str) -> None:
    assert command._is_loopback(host)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.7", "status.example.com"])
def test_it_answers_to_nobody_else(host: str) -> None:
    assert not command._is_loopback(host)
