"""The update promise: rung once per due time and stage, told to the right people, caught up once after a silence."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from incidents import actions
from incidents.actions import matrix, strike
from incidents.actions.looks import Strike
from incidents.jobs import bells
from incidents.kernel.database import db
from incidents.kernel.errors import Malformed, NotAllowed
from incidents.kernel.outbox import OutboxMessage
from incidents.published import publishing
from incidents.records.incidents import Bell, Incident
from incidents.records.people import Person
from incidents.records.timeline import TimelineEntry
from tests.conftest import WoundClock
from tests.factories import a_person, an_incident


@pytest.fixture
def alice(app: Flask) -> Person:
    return a_person("Alice")


@pytest.fixture
def policy(alice: Person) -> None:
    """P1: whoever declared at once, then Lead at 15 minutes, then Cto at 30."""
    a_person("Lead")
    a_person("Cto")
    matrix.change_levels(
        "P1",
        by=alice.as_actor(),
        levels=[
            {"label": "On call", "after_minutes": 0, "tell": ["on_call"]},
            {"label": "Engineering lead", "after_minutes": 15, "tell": ["person:lead@example.com"]},
            {"label": "CTO", "after_minutes": 30, "tell": ["person:cto@example.com"]},
        ],
    )
    db.session.commit()


def acknowledged(by: Person, **more: Any) -> Incident:
    incident = an_incident(by=by, **more)
    actions.acknowledge(incident, by=by.as_actor())
    db.session.commit()
    return incident


def tick() -> int:
    return bells.strike_due_bells()


def test_a_bell_that_is_rehearsed_leaves_nothing_behind_and_rings_once_when_it_is_due(
    alice: Person, policy: None, clock: WoundClock
) -> None:
    incident = acknowledged(alice)
    moment = incident.attention_at
    assert moment is not None
    db.session.commit()

    def everything() -> list[int | datetime | None]:
        tables = (Bell, TimelineEntry, OutboxMessage)
        counts = [db.session.scalar(select(func.count()).select_from(table)) for table in tables]
        found = [*counts, db.session.get_one(Incident, incident.id).attention_at]
        db.session.rollback()
        return found

    before = everything()
    assert bells.rehearse(moment)
    assert bells.rehearse(moment, late_by=timedelta(hours=2))
    assert not bells.rehearse(moment - timedelta(seconds=1))

    assert everything() == before
    clock.forward(seconds=(moment - clock()).total_seconds())
    assert tick() == 1
    assert everything() != before
    assert tick() == 0


def told_since(letter: int = 0) -> list[tuple[str, str]]:
    rows = db.session.scalars(select(OutboxMessage).order_by(OutboxMessage.id).offset(letter)).all()
    return [(row.destination.split("@")[0], row.payload["subject"]) for row in rows]


def letters() -> int:
    return db.session.scalar(select(func.count()).select_from(OutboxMessage)) or 0


def stages(incident: Incident) -> list[str]:
    keys = db.session.scalars(
        select(Bell.key).where(Bell.incident_id == incident.id, Bell.key.like("update/%")).order_by(Bell.id)
    )
    return [key.rsplit("/", 1)[1] for key in keys]


def test_a_nudge_five_minutes_before_then_due_each_once(alice: Person, clock: Any) -> None:
    incident = acknowledged(alice)
    before = letters()
    clock.forward(minutes=24, seconds=59)
    assert tick() == 0

    clock.forward(seconds=1)
    tick()
    tick()
    clock.forward(minutes=5)
    tick()
    tick()

    assert stages(incident) == ["nudge", "due"]
    assert told_since(before) == [
        ("alice", "INC-1: the public update is due in 5 min"),
        ("alice", "INC-1: the public update is due now"),
    ]


def test_the_nudge_goes_to_the_communications_lead_when_there_is_one(alice: Person, clock: Any) -> None:
    bob = a_person("Bob")
    incident = acknowledged(alice)
    actions.assign_role(incident, role="communications_lead", person=bob, by=alice.as_actor())
    db.session.commit()
    before = letters()

    clock.forward(minutes=25)
    tick()

    assert [to for to, _ in told_since(before)] == ["bob"]


def test_each_overdue_stage_reaches_one_level_more_although_acknowledged(
    alice: Person, policy: None, clock: Any
) -> None:
    incident = acknowledged(alice)
    reached = []
    for _ in range(4):
        actions.add_note(incident, by=alice.as_actor(), body="still here")  # keeps the acknowledgement alive
        db.session.commit()
        before = letters()
        clock.set(incident.attention_at)
        tick()
        reached.append(sorted({to for to, _ in told_since(before)}))

    assert stages(incident) == ["nudge", "due", "overdue_10", "overdue_20"]
    assert reached == [["alice"], ["alice"], ["alice", "lead"], ["alice", "cto", "lead"]]


def test_two_hours_down_rings_once_and_says_how_late(alice: Person, clock: Any) -> None:
    incident = acknowledged(alice)
    before = letters()

    clock.forward(hours=2)
    tick()
    tick()

    assert told_since(before) == [("alice", "INC-1: the public update is 90 min late")]
    assert incident.attention_at == clock.moment + timedelta(minutes=10)
    clock.forward(minutes=9)
    assert tick() == 0
    clock.forward(minutes=1)
    tick()
    assert told_since(before)[1:] == [("alice", "INC-1: the public update is 100 min late")]


def test_everything_missed_is_one_letter_a_person(alice: Person, policy: None, clock: Any) -> None:
    acknowledged(alice)
    before = letters()

    clock.forward(hours=5)  # stages, an expired acknowledgement, two levels and the resolve target
    tick()

    told = told_since(before)
    assert sorted(to for to, _ in told) == ["alice", "cto", "lead"]


def test_a_clock_set_back_an_hour_repeats_nothing_and_leaves_no_long_silence(alice: Person, clock: Any) -> None:
    incident = acknowledged(alice)
    clock.forward(minutes=40)
    tick()
    before = letters()

    clock.back(hours=1)
    bells.mend_after_clock_went_back()
    tick()
    assert told_since(before) == []
    clock.forward(minutes=10)
    tick()

    assert len(told_since(before)) == 1
    assert len(stages(incident)) == len(set(stages(incident)))


def test_a_real_update_resets_the_reminder(alice: Person, clock: Any) -> None:
    incident = acknowledged(alice)
    clock.forward(minutes=26)
    tick()
    actions.post_update(incident, by=alice.as_actor(), body="We look", audience="public")
    db.session.commit()
    before = letters()

    clock.forward(minutes=24)
    tick()
    assert told_since(before) == []
    clock.forward(minutes=1)
    tick()

    assert told_since(before) == [("alice", "INC-1: the public update is due in 5 min")]


def test_a_snooze_moves_the_reminder_and_never_the_promise(alice: Person, clock: Any) -> None:
    incident = acknowledged(alice)
    promise = incident.next_update_due_at
    clock.forward(minutes=29)
    tick()
    before = letters()

    actions.snooze(incident, by=alice.as_actor(), minutes=15, reason="We are about to know more")
    db.session.commit()
    clock.forward(minutes=14)
    assert tick() == 0
    clock.forward(minutes=1)
    tick()

    assert incident.next_update_due_at == promise
    assert told_since(before) == [("alice", "INC-1: the public update is 14 min late")]


def test_the_third_snooze_in_a_row_is_refused(alice: Person, clock: Any) -> None:
    incident = acknowledged(alice)
    for _ in range(2):
        actions.snooze(incident, by=alice.as_actor(), minutes=10, reason="soon")

    with pytest.raises(NotAllowed):
        actions.snooze(incident, by=alice.as_actor(), minutes=10, reason="soon")
    actions.no_change(incident, by=alice.as_actor())
    actions.snooze(incident, by=alice.as_actor(), minutes=10, reason="soon")


@pytest.mark.parametrize(("minutes", "reason"), [(5, "x"), (60, "x"), (10, " ")])
def test_a_snooze_is_ten_or_fifteen_minutes_with_a_reason(alice: Person, minutes: int, reason: str) -> None:
    incident = acknowledged(alice)

    with pytest.raises(Malformed):
        actions.snooze(incident, by=alice.as_actor(), minutes=minutes, reason=reason)


def test_no_snooze_beyond_an_hour_late(alice: Person, clock: Any) -> None:
    incident = acknowledged(alice)
    clock.forward(minutes=91)

    with pytest.raises(NotAllowed):
        actions.snooze(incident, by=alice.as_actor(), minutes=10, reason="soon")


def test_it_stops_at_resolution(alice: Person, clock: Any) -> None:
    incident = acknowledged(alice)
    actions.resolve(incident, by=alice.as_actor(), summary="done", reason="fast")
    db.session.commit()

    clock.forward(days=2)

    assert tick() == 0


def test_no_change_says_so_and_keeps_the_promise(alice: Person, clock: Any) -> None:
    incident = acknowledged(alice)
    actions.post_update(incident, by=alice.as_actor(), body="Down", audience="public", public_status="identified")
    clock.forward(minutes=20)

    update = actions.no_change(incident, by=alice.as_actor())

    assert (update.audience, update.public_status) == ("public", "identified")
    assert incident.next_update_due_at == clock.moment + timedelta(minutes=30)


def test_the_commander_may_agree_a_slower_cadence_after_two_hours(alice: Person, clock: Any) -> None:
    incident = acknowledged(alice)
    actions.post_update(incident, by=alice.as_actor(), body="Down", audience="public")
    with pytest.raises(NotAllowed):
        actions.agree_slower(incident, by=alice.as_actor(), minutes=60, reason="a long repair")
    clock.forward(hours=2)
    actions.post_update(incident, by=alice.as_actor(), body="Still down", audience="public")

    actions.agree_slower(incident, by=alice.as_actor(), minutes=60, reason="a long repair")

    assert incident.next_update_due_at == clock.moment + timedelta(minutes=60)
    page = publishing.find(incident.id)
    assert page is not None
    assert page.newest.next_update_at == incident.next_update_due_at


def test_a_promise_freely_given_on_a_small_incident_reminds_and_does_not_escalate(alice: Person, clock: Any) -> None:
    a_person("Bob")
    incident = acknowledged(alice, severity="P3")
    actions.post_update(
        incident,
        by=alice.as_actor(),
        body="Slow",
        audience="public",
        next_update_at=clock.moment + timedelta(hours=2),
    )
    db.session.commit()
    before = letters()

    for _ in range(5):
        clock.set(incident.attention_at)
        tick()

    assert {to for to, _ in told_since(before)} == {"alice"}


def test_when_nobody_can_be_told_the_timeline_says_so(app: Flask, clock: Any) -> None:
    viewer = a_person("Vera", role="viewer")
    incident = an_incident(by=viewer)
    viewer.disabled_at = clock.moment
    actions.advance(incident, to="triage", by=viewer.as_actor(), reason="nobody here")
    db.session.commit()

    clock.forward(minutes=25)
    tick()

    kinds = db.session.scalars(select(TimelineEntry.kind).where(TimelineEntry.incident_id == incident.id)).all()
    assert "nobody_to_tell" in kinds


def test_one_incident_that_breaks_does_not_silence_the_others(
    alice: Person, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken, sound = acknowledged(alice, title="Broken"), acknowledged(alice, title="Sound")
    real = strike.strike_all

    def sometimes(incidents: Sequence[Incident]) -> list[Strike]:
        if any(incident.title == "Broken" for incident in incidents):
            raise RuntimeError("this one cannot be struck")
        return real(incidents)

    monkeypatch.setattr(strike, "strike_all", sometimes)
    clock.forward(minutes=25)
    assert tick() == 1

    db.session.expire_all()
    assert stages(sound) == ["nudge"]
    assert broken.attention_at == clock.moment + timedelta(minutes=1)


def test_four_clocks_at_once_ring_each_bell_once(app: Flask, alice: Person, clock: Any) -> None:
    incidents = [acknowledged(alice, title=f"Trouble {number}") for number in range(12)]
    before = letters()
    db.session.rollback()  # what was read above holds SQLite's write lock
    clock.forward(minutes=25)
    struck = []

    def clock_process() -> None:
        with app.app_context():
            while count := bells.strike_due_bells(3):
                struck.append(count)
            db.session.remove()

    threads = [threading.Thread(target=clock_process) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    db.session.rollback()
    assert sum(struck) == 12
    assert letters() - before == 12
    assert [stages(incident) for incident in incidents] == [["nudge"]] * 12
