"""What waits is sent once, in order, in its own lane; what fails says why and takes nothing else along."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import delete, select

from incidents import actions, channels
from incidents.actions import people
from incidents.channels import Outcome
from incidents.jobs.deliveries import Lane, send_due_messages
from incidents.kernel import outbox
from incidents.kernel.database import db
from incidents.kernel.outbox import OutboxMessage
from incidents.records.incidents import Incident
from incidents.records.people import Person
from incidents.reports.tellings import OVER
from tests.conftest import WoundClock
from tests.factories import a_person, an_incident
from tests.outgoing import Outgoing

DOWN = Outcome("unreachable", "The mail server cannot be reached: refused")
BUSY = Outcome("failed", "The mail server said: 450 busy")


def enqueue(event: str, to: str = "ada@example.com", *, purpose: str = outbox.NOTICE) -> None:
    payload = {"to": to, "subject": event, "text": ""}
    outbox.enqueue(event=event, channel="email", destination=to, payload=payload, purpose=purpose)
    db.session.commit()


def messages() -> dict[str, OutboxMessage]:
    db.session.rollback()
    return {message.event: message for message in db.session.scalars(select(OutboxMessage))}


def test_what_is_due_is_sent_once_and_in_order(app: Flask, outgoing: Outgoing) -> None:
    for number in range(50):
        enqueue(f"update {number:02}")

    assert send_due_messages() == 50
    assert send_due_messages() == 0
    assert outgoing.subjects == [f"update {number:02}" for number in range(50)]
    assert outbox.counts()["sent"] == 50


def test_a_failure_is_tried_again_under_the_same_key(app: Flask, outgoing: Outgoing, clock: WoundClock) -> None:
    enqueue("update")
    outgoing.outcome = BUSY
    send_due_messages()
    assert messages()["update"].reason == BUSY.reason
    outgoing.outcome = channels.SENT

    clock.forward(seconds=5)
    send_due_messages()

    assert [message.key for message in outgoing.tried] == [outgoing.sent[0].key] * 2
    assert messages()["update"].state == "sent"


def test_a_refusal_is_a_dead_letter_with_its_reason(app: Flask, outgoing: Outgoing, clock: WoundClock) -> None:
    enqueue("update")
    outgoing.outcome = Outcome("refused", "The mail server said: 550 no such user")
    send_due_messages()
    clock.forward(days=2)
    send_due_messages()

    assert len(outgoing.tried) == 1
    assert messages()["update"].state == "failed"
    assert messages()["update"].reason == "The mail server said: 550 no such user"


def test_a_wait_that_was_asked_for_is_kept(app: Flask, outgoing: Outgoing, clock: WoundClock) -> None:
    enqueue("update")
    outgoing.outcome = Outcome("failed", "slow down", retry_after=timedelta(seconds=40))
    send_due_messages()
    outgoing.outcome = channels.SENT

    clock.forward(seconds=39)
    assert send_due_messages() == 0
    clock.forward(seconds=1)
    assert send_due_messages() == 1


def test_without_a_mail_server_every_message_says_so(app: Flask) -> None:
    enqueue("update")
    send_due_messages()

    assert messages()["update"].state == "failed"
    assert messages()["update"].reason == "No mail server is set"


def test_a_sender_that_breaks_leaves_a_reason_and_goes_on(app: Flask, outgoing: Outgoing) -> None:
    enqueue("one", to="broken@example.com")
    enqueue("two")
    outgoing.for_destination["broken@example.com"] = KeyError("subject")

    send_due_messages()

    assert outgoing.subjects == ["two"]
    assert messages()["one"].reason == "Sending broke: KeyError"
    assert messages()["one"].state == "waiting"


def test_a_crash_while_sending_makes_it_late_and_keeps_its_key(
    app: Flask, outgoing: Outgoing, clock: WoundClock
) -> None:
    class Killed(BaseException):
        """As kill -9 would: nothing after it runs."""

    enqueue("update")
    outgoing.for_destination["ada@example.com"] = Killed()  # type: ignore[assignment]
    real, fake = channels.send, outgoing

    def die(message: channels.Message, settings: object) -> Outcome:
        fake.tried.append(message)
        raise Killed

    channels.send = die
    try:
        with pytest.raises(Killed):
            send_due_messages()
    finally:
        channels.send = real
    outgoing.for_destination.clear()
    assert send_due_messages() == 0

    clock.forward(minutes=2)
    send_due_messages()

    first, second = outgoing.tried
    assert first.key == second.key
    assert messages()["update"].attempts == 2


def test_one_destination_that_keeps_failing_is_left_alone_and_delays_nobody(
    app: Flask, outgoing: Outgoing, clock: WoundClock
) -> None:
    lane = Lane(app, "email", worker="clock-1")
    outgoing.for_destination["full@example.com"] = BUSY
    for number in range(7):
        enqueue(f"full {number}", to="full@example.com")
    enqueue("fine")

    while lane.turn():
        pass

    assert len([tried for tried in outgoing.tried if tried.destination == "full@example.com"]) == 5
    assert outgoing.subjects == ["fine"]
    left_alone = messages()["full 6"]
    assert left_alone.reason == f"Waits after 5 failed attempts in a row: {BUSY.reason}"
    assert left_alone.attempts == 0
    assert left_alone.next_attempt_at == clock() + timedelta(seconds=60)


def test_after_a_minute_one_message_tries_for_the_others(app: Flask, outgoing: Outgoing, clock: WoundClock) -> None:
    lane = Lane(app, "email", worker="clock-1")
    outgoing.outcome = BUSY
    for number in range(9):
        enqueue(f"full {number}")
    while lane.turn():
        pass
    outgoing.clear()

    clock.forward(seconds=60)
    lane.turn()
    assert len(outgoing.tried) == 1

    outgoing.outcome = channels.SENT
    clock.forward(minutes=2)
    while lane.turn():
        pass
    assert outbox.counts()["sent"] == 9


def test_the_first_attempt_at_paging_somebody_waits_for_no_breaker(
    app: Flask, outgoing: Outgoing, clock: WoundClock
) -> None:
    lane = Lane(app, "email", worker="clock-1")
    outgoing.outcome = BUSY
    for number in range(6):
        enqueue(f"full {number}")
    while lane.turn():
        pass
    outgoing.clear()

    outgoing.outcome = channels.SENT
    enqueue("news")
    enqueue("page", purpose=outbox.PAGE)
    while lane.turn():
        pass

    # the way is open again, so nothing else waits any longer either
    assert outgoing.subjects[0] == "page"
    assert messages()["page"].state == "sent"


def test_a_page_keeps_the_wait_that_its_destination_asked_for(
    app: Flask, outgoing: Outgoing, clock: WoundClock
) -> None:
    lane = Lane(app, "email", worker="clock-1")
    outgoing.outcome = Outcome("failed", "slow down", retry_after=timedelta(seconds=40))
    enqueue("news")
    lane.turn()
    outgoing.clear()

    outgoing.outcome = channels.SENT
    enqueue("page", purpose=outbox.PAGE)
    assert not lane.turn()
    clock.forward(seconds=40)
    lane.turn()

    assert outgoing.subjects == ["page"]  # and before what waits there longer


def test_while_the_mail_server_is_away_one_message_tries_the_way_and_no_attempt_is_wasted(
    app: Flask, outgoing: Outgoing, clock: WoundClock
) -> None:
    lane = Lane(app, "email", worker="clock-1")
    outgoing.outcome = DOWN
    for number in range(30):
        enqueue(f"update {number}", to=f"{number}@example.com")

    lane.turn()
    assert len(outgoing.tried) == 1
    assert lane.turn() == 0
    for wait in (5, 10, 20, 40, 60, 60):
        clock.forward(seconds=wait)
        outgoing.clear()
        assert lane.turn() == 1
        assert len(outgoing.tried) == 1
        assert lane.turn() == 0

    outgoing.outcome = channels.SENT
    clock.forward(seconds=60)
    lane.turn()
    clock.forward(hours=1)
    while lane.turn():
        pass
    assert outbox.counts()["sent"] == 30
    assert sum(message.attempts for message in messages().values()) == 30 + 7


def test_once_the_mail_server_is_back_what_was_tried_in_vain_does_not_wait_any_longer(
    app: Flask, outgoing: Outgoing, clock: WoundClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("incidents.kernel.outbox.leases.random.random", lambda: 1.0)
    lane = Lane(app, "email", worker="clock-1")
    enqueue("page", to="ada@example.com")
    outgoing.outcome = DOWN
    for wait in (0, 5, 30, 120, 600):
        clock.forward(seconds=wait)
        assert lane.turn() == 1
    outgoing.outcome = channels.SENT
    outgoing.clear()

    clock.forward(seconds=60)
    enqueue("next page", to="dan@example.com")
    while lane.turn():
        pass

    assert outgoing.destinations == ["dan@example.com", "ada@example.com"]


def test_a_lone_page_tries_each_minute_while_the_mail_server_is_away_and_gives_up_after_a_day(
    app: Flask, outgoing: Outgoing, clock: WoundClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("incidents.kernel.outbox.leases.random.random", lambda: 1.0)
    lane = Lane(app, "email", worker="clock-1")
    enqueue("page", to="ada@example.com", purpose=outbox.PAGE)
    outgoing.outcome = DOWN
    for wait in (0, 5, 30, 60, 60, 60):
        clock.forward(seconds=wait)
        assert lane.turn() == 1
    assert messages()["page"].attempts == 2
    db.session.rollback()

    clock.forward(hours=24)
    for _ in range(outbox.MOST_ATTEMPTS):
        lane.turn()
        clock.forward(hours=9)
    assert messages()["page"].state == outbox.FAILED


def test_a_lane_that_is_told_to_stop_gives_back_what_it_has_not_sent(app: Flask, outgoing: Outgoing) -> None:
    stop = threading.Event()
    lane = Lane(app, "email", worker="clock-1", stop=stop)
    for number in range(3):
        enqueue(f"update {number}", to=f"{number}@example.com")
    real = channels.send

    def send_and_stop(message: channels.Message, settings: object) -> Outcome:
        stop.set()
        return real(message, settings)  # type: ignore[arg-type]

    channels.send = send_and_stop
    try:
        lane.turn()
    finally:
        channels.send = real

    assert outgoing.subjects == ["update 0"]
    assert [message.attempts for message in messages().values()] == [1, 0, 0]
    assert all(message.leased_by is None for message in messages().values())


def test_nothing_begins_that_could_outlast_its_lease(
    app: Flask, outgoing: Outgoing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox.Claim, "seconds_left", lambda self: 34.0)
    enqueue("update")

    Lane(app, "email", worker="clock-1").turn()

    assert outgoing.tried == []
    assert messages()["update"].attempts == 0


def test_four_clocks_send_each_message_once(app: Flask, outgoing: Outgoing) -> None:
    for number in range(80):
        enqueue(f"update {number}", to=f"{number}@example.com")
    broken: list[BaseException] = []

    def work(name: str) -> None:
        try:
            with app.app_context():
                lane = Lane(app, "email", worker=name)
                while lane.turn(limit=5):
                    pass
        except BaseException as error:  # noqa: BLE001 - told to the test's own thread
            broken.append(error)

    threads = [threading.Thread(target=work, args=(f"clock-{number}",)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert broken == []
    assert len(outgoing.sent) == 80
    assert len({message.key for message in outgoing.sent}) == 80


def letter_waiting_for(person: Person, about: Incident) -> None:
    payload = {"to": person.email, "subject": "update", "text": "Yellowbird"}
    outbox.enqueue(event="update", channel="email", destination=person.email, payload=payload, incident_id=about.id)
    db.session.commit()


def test_a_letter_that_waits_reaches_nobody_who_may_not_see_its_incident_any_more(
    app: Flask, outgoing: Outgoing
) -> None:
    ada, bob = a_person("Ada"), a_person("Bob")
    incident = an_incident(by=ada)
    db.session.execute(delete(OutboxMessage))
    for person in (ada, bob):
        letter_waiting_for(person, incident)
    actions.change_visibility(incident, to="restricted", by=ada.as_actor(), viewer_person=ada)
    db.session.commit()

    send_due_messages()

    assert outgoing.destinations == [ada.email]
    kept = db.session.scalars(select(OutboxMessage).where(OutboxMessage.destination == bob.email)).one()
    assert (kept.state, kept.reason) == ("skipped", "The incident is restricted, and this person is not named in it")

    outbox.retry(kept.id)
    db.session.commit()
    send_due_messages()
    assert outgoing.destinations == [ada.email]


def test_a_letter_that_waits_does_not_reach_an_account_that_was_disabled(app: Flask, outgoing: Outgoing) -> None:
    ada, bob = a_person("Ada", role="admin"), a_person("Bob")
    incident = an_incident(by=ada)
    db.session.execute(delete(OutboxMessage))
    letter_waiting_for(bob, incident)
    people.disable(bob, by=ada.as_actor())
    db.session.commit()

    send_due_messages()

    assert outgoing.destinations == []
    assert messages()["update"].reason == "The account was disabled before this was sent"


def test_a_call_for_help_that_is_sent_once_more_by_hand_does_not_leave_when_the_incident_is_over(
    app: Flask, outgoing: Outgoing
) -> None:
    ada = a_person("Ada")
    incident = an_incident(by=ada)
    db.session.execute(delete(OutboxMessage))
    for purpose in (outbox.PAGE, outbox.NOTICE):
        outbox.enqueue(
            event=purpose,
            channel="email",
            destination=f"{purpose}@example.com",
            payload={"to": "a", "subject": purpose, "text": ""},
            incident_id=incident.id,
            person_id=ada.id,
            purpose=purpose,
        )
    incident.outcome, incident.resolved_at = "resolved", incident.declared_at
    db.session.commit()

    send_due_messages()

    assert outgoing.subjects == ["notice"]
    assert messages()["page"].reason == OVER
