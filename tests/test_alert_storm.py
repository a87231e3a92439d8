"""A storm: alerts become one message a minute at most; pages for incidents are never joined, limited or delayed."""

from __future__ import annotations

import pytest
from flask import Flask

from incidents.actions.alert_messages import tell_of_alert
from incidents.channels import Outcome
from incidents.jobs import deliveries
from incidents.kernel.database import db
from incidents.records.people import Person
from tests.conftest import WoundClock
from tests.factories import an_incident
from tests.factories_people import make_person
from tests.outgoing import Outgoing


@pytest.fixture
def maya(app: Flask, outgoing: Outgoing) -> Person:
    return make_person(name="Maya", password=None)


def storm(person: Person, count: int, *, first: int = 0) -> None:
    for number in range(first, first + count):
        tell_of_alert(person, key=f"a{number}", text=f"Disk {number} is full", urgency="high")
    db.session.commit()


def send() -> None:
    db.session.commit()
    deliveries.send_due_messages()


def test_fifty_incidents_at_once_are_fifty_pages_at_once(maya: Person, outgoing: Outgoing) -> None:
    for number in range(50):
        an_incident(by=maya, title=f"Shard {number} is down")
    send()
    pages = [subject for subject in outgoing.subjects if "P1 Critical: Shard" in subject]
    assert len(pages) == len(set(pages)) == 50


def test_fifty_alerts_at_once_are_one_message_that_says_so(maya: Person, outgoing: Outgoing) -> None:
    storm(maya, 50)
    send()
    assert outgoing.subjects == ["50 alerts in under 1 min: Disk 49 is full"]
    text = outgoing.sent[0].payload["text"]
    assert text.index("Disk 49 is full") < text.index("Disk 40 is full")  # the newest first
    assert "Disk 39" not in text
    assert "And 40 more." in text
    assert "Open Sevenbells: http://127.0.0.1:8000/console/" in text


def test_then_there_is_at_most_one_a_minute_and_nothing_is_left_out(
    maya: Person, outgoing: Outgoing, clock: WoundClock
) -> None:
    storm(maya, 1)
    send()
    for second in range(1, 60):
        clock.forward(seconds=1)
        storm(maya, 1, first=second)
        send()
    assert outgoing.subjects == ["Disk 0 is full"]
    clock.forward(seconds=1)
    send()
    assert outgoing.subjects[1:] == ["59 alerts in under 1 min: Disk 59 is full"]


def test_a_quarter_of_an_hour_holds_five_messages(maya: Person, outgoing: Outgoing, clock: WoundClock) -> None:
    for minute in range(15):
        storm(maya, 1, first=minute)
        send()
        clock.forward(minutes=1)
    assert len(outgoing.sent) == 5
    send()  # fifteen minutes after the first
    assert outgoing.subjects[5:] == ["10 alerts in 9 min: Disk 14 is full"]


def test_pages_go_out_in_the_middle_of_a_storm(maya: Person, outgoing: Outgoing) -> None:
    storm(maya, 3)
    send()
    storm(maya, 3, first=3)
    an_incident(by=maya, title="Checkout is down")
    send()
    assert outgoing.subjects[1:] == ["INC-1: P1 Critical: Checkout is down"]


def test_the_same_alert_is_told_once(maya: Person, outgoing: Outgoing, clock: WoundClock) -> None:
    storm(maya, 1)
    send()
    clock.forward(minutes=5)
    storm(maya, 1)
    send()
    assert len(outgoing.sent) == 1


def test_a_newer_alert_does_not_wait_for_one_that_is_being_tried_again(
    maya: Person, outgoing: Outgoing, clock: WoundClock
) -> None:
    outgoing.outcome = Outcome("failed", "Busy")
    storm(maya, 1)
    for _ in range(6):  # its next attempt is then up to an hour away
        send()
        clock.forward(hours=1)
    outgoing.outcome = Outcome("sent")
    storm(maya, 1, first=1)
    send()
    assert outgoing.subjects == ["2 alerts in 6 h: Disk 1 is full"]
