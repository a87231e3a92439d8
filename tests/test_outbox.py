"""What is enqueued leaves at least once, under one key, and nothing disappears silently."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from incidents.jobs.lookout import Lookout
from incidents.kernel import outbox
from incidents.kernel.database import db
from incidents.kernel.outbox import Claim, OutboxMessage
from tests.conftest import WoundClock

REASON = "connection refused"


def enqueue(event: str = "reminder:1", to: str = "ada@example.com", **more: object) -> OutboxMessage | None:
    message = outbox.enqueue(event=event, channel="email", destination=to, payload={"to": to}, **more)  # type: ignore[arg-type]
    db.session.commit()
    return message


def claim(worker: str = "clock-1", limit: int = 20) -> list[Claim]:
    db.session.rollback()
    return outbox.claim(worker=worker, channel="email", limit=limit)


def only() -> OutboxMessage:
    db.session.rollback()
    return db.session.scalars(select(OutboxMessage)).one()


def state() -> tuple[str, str | None]:
    message = only()
    found = (message.state, message.reason)
    db.session.rollback()
    return found


def test_a_message_is_due_at_once_and_carries_128_random_bits(app: Flask, clock: WoundClock) -> None:
    message = enqueue(incident_id=42)

    assert message is not None
    assert (message.state, message.attempts, message.next_attempt_at) == ("waiting", 0, clock())
    assert len(bytes.fromhex(message.key)) == 16
    assert message.incident_id == 42


def test_the_same_event_to_the_same_destination_is_remembered_once(app: Flask) -> None:
    first = enqueue()
    again = enqueue()
    elsewhere = enqueue(to="grace@example.com")

    assert first is not None
    assert elsewhere is not None
    assert again is None
    assert outbox.counts()["waiting"] == 2


def test_it_goes_with_the_transaction_that_caused_it(app: Flask) -> None:
    outbox.enqueue(event="update:1", channel="email", destination="ada@example.com", payload={})
    db.session.rollback()

    assert claim() == []


def test_many_destinations_are_enqueued_in_one_go_and_repeats_are_left_out(app: Flask) -> None:
    enqueue(event="update:7", to="3@example.com")
    messages = {f"{number}@example.com": {"n": number} for number in range(1200)}

    added = outbox.enqueue_many(event="update:7", channel="email", messages=messages, incident_id=7)
    db.session.commit()

    assert added == 1199
    assert outbox.counts()["waiting"] == 1200


def test_four_workers_at_once_claim_each_message_exactly_once(app: Flask) -> None:
    outbox.enqueue_many(event="e", channel="email", messages={f"{n}@example.com": {} for n in range(200)})
    db.session.commit()
    taken: list[int] = []
    start = threading.Barrier(4)

    def work(name: str) -> None:
        with app.app_context():
            start.wait()
            while claims := outbox.claim(worker=name, channel="email", limit=7):
                for claimed in claims:
                    assert outbox.mark_sent(claimed)
                    taken.append(claimed.id)

    run_together([lambda n=n: work(f"clock-{n}") for n in range(4)])  # type: ignore[misc]

    assert sorted(taken) == sorted(set(taken))
    assert len(taken) == 200
    assert outbox.counts() == {"waiting": 0, "sent": 200, "failed": 0, "skipped": 0, "held": 0}


def test_four_doors_at_once_enqueue_one_message(app: Flask) -> None:
    start = threading.Barrier(4)
    answers: list[bool] = []

    def ask() -> None:
        with app.app_context():
            start.wait()
            answers.append(outbox.enqueue(event="e", channel="email", destination="d", payload={}) is not None)
            db.session.commit()
            db.session.remove()

    run_together([ask] * 4)

    assert sorted(answers) == [False, False, False, True]


def run_together(jobs: list[Callable[[], None]]) -> None:
    broken: list[BaseException] = []

    def guarded(job: Callable[[], None]) -> None:
        try:
            job()
        except BaseException as error:  # noqa: BLE001 - told to the test's own thread
            broken.append(error)

    threads = [threading.Thread(target=guarded, args=(job,)) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert broken == []


def test_the_attempt_is_counted_when_it_is_claimed(app: Flask, clock: WoundClock) -> None:
    enqueue()

    [claimed] = claim()

    message = only()
    assert claimed.attempt == 1
    assert (message.attempts, message.leased_by, message.first_attempt_at) == (1, "clock-1", clock())


def test_what_is_leased_is_not_claimed_again_until_the_lease_ends(app: Flask, clock: WoundClock) -> None:
    enqueue()
    [first] = claim("clock-1")

    assert claim("clock-2") == []
    clock.forward(minutes=2)
    [second] = claim("clock-2")

    assert (second.key, second.attempt, second.lease_term) == (first.key, 2, first.lease_term + 1)


def test_a_worker_thought_dead_changes_nothing_when_it_comes_back(app: Flask, clock: WoundClock) -> None:
    enqueue()
    [zombie] = claim("clock-1")
    clock.forward(minutes=2)
    [living] = claim("clock-2")

    assert not outbox.mark_failed(zombie, reason="too late", permanent=True)
    assert not outbox.mark_sent(zombie)
    assert state() == ("waiting", None)
    assert outbox.mark_sent(living)
    assert state() == ("sent", None)
    assert not outbox.mark_failed(living, reason="twice")


def test_a_lease_is_at_most_two_minutes(app: Flask) -> None:
    with pytest.raises(ValueError):
        outbox.claim(worker="w", channel="email", lease=timedelta(minutes=3))


def test_failures_wait_longer_and_longer_and_end_as_a_dead_letter_with_its_reason(
    app: Flask, clock: WoundClock
) -> None:
    enqueue()
    ceilings = [5, 30, 120, 600, 1800, 3600, 7200, 14400, 28800, 28800]

    for ceiling in ceilings:
        [claimed] = claim()
        assert outbox.mark_failed(claimed, reason=REASON)
        wait = (only().next_attempt_at - clock()).total_seconds()
        assert 0 <= wait <= ceiling
        clock.forward(seconds=ceiling)
    assert state() == ("waiting", REASON)
    [last] = claim()
    assert last.attempt == 11
    outbox.mark_failed(last, reason=REASON)

    assert state() == ("failed", REASON)
    clock.forward(days=30)
    assert claim() == []


def test_waits_are_scattered_over_their_whole_length(app: Flask) -> None:
    waits = [outbox.pause_after(4).total_seconds() for _ in range(400)]

    assert max(waits) <= 600
    assert min(waits) < 60
    assert max(waits) > 540


def test_what_the_other_side_asked_to_wait_is_kept_to_the_second(app: Flask, clock: WoundClock) -> None:
    enqueue()
    [claimed] = claim()
    outbox.mark_failed(claimed, reason="slow down", retry_after=timedelta(seconds=47))

    clock.forward(seconds=46)
    assert claim() == []
    clock.forward(seconds=1)
    assert len(claim()) == 1


def test_a_permanent_failure_is_not_tried_again_but_can_be_sent_again_by_hand(app: Flask) -> None:
    message = enqueue()
    assert message is not None
    key, number = message.key, message.id
    [claimed] = claim()
    outbox.mark_failed(claimed, reason="no such mailbox", permanent=True)
    assert state() == ("failed", "no such mailbox")
    assert claim() == []

    assert outbox.retry(number)
    db.session.commit()

    [again] = claim()
    assert (again.key, again.attempt) == (key, 1)
    assert not outbox.retry(number)


def test_a_message_that_kills_its_sender_is_put_aside_and_takes_no_neighbour_along(
    app: Flask, clock: WoundClock
) -> None:
    for number in range(5):
        enqueue(to=f"{number}@example.com")
    crashed = claim()
    poison = crashed[0].id
    assert len(crashed) == 5

    for _ in range(outbox.MOST_ATTEMPTS + 1):
        clock.forward(minutes=2)
        while claims := claim():
            assert len(claims) == 1
            if claims[0].id == poison:
                break
            outbox.mark_sent(claims[0])

    db.session.rollback()
    assert outbox.counts() == {"waiting": 0, "sent": 4, "failed": 1, "skipped": 0, "held": 0}
    message = db.session.get(OutboxMessage, poison)
    assert message is not None
    assert message.reason == "The sender stopped 11 times while it was sending this"


def test_two_clocks_leave_a_destination_alone_from_when_the_last_message_left(app: Flask, clock: WoundClock) -> None:
    enqueue("first")
    enqueue("second")
    pace = timedelta(seconds=1)

    def take(worker: str) -> list[Claim]:
        return outbox.claim(worker=worker, channel="email", pace=pace)

    [claimed] = take("clock-1")
    clock.forward(seconds=0.9)
    outbox.conclude([outbox.sent(claimed)], pace=pace)
    clock.forward(seconds=0.9)
    assert take("clock-2") == []
    clock.forward(seconds=0.1)
    assert len(take("clock-2")) == 1


def test_what_may_still_be_undone_waits_and_can_be_taken_back(app: Flask, clock: WoundClock) -> None:
    enqueue(event="update:9", not_before=clock() + timedelta(seconds=10))
    assert claim() == []

    assert outbox.skip("update:9", reason="Taken back") == 1
    db.session.commit()
    clock.forward(seconds=10)

    assert claim() == []
    assert state() == ("skipped", "Taken back")


def test_what_has_begun_to_leave_cannot_be_taken_back(app: Flask, clock: WoundClock) -> None:
    enqueue(event="update:9", not_before=clock() + timedelta(seconds=10))
    clock.forward(seconds=10)
    [claimed] = claim()

    assert outbox.skip("update:9", reason="Taken back") == 0
    db.session.commit()
    assert outbox.mark_sent(claimed)


def test_what_would_come_too_late_is_skipped_and_says_so(app: Flask, clock: WoundClock) -> None:
    enqueue(expires_at=clock() + timedelta(minutes=15))
    clock.forward(minutes=15)

    assert claim() == []
    assert state() == ("skipped", "It was too late to be of use")


def test_a_stopping_worker_gives_back_what_it_did_not_try(app: Flask) -> None:
    enqueue()
    claim("clock-1")

    assert outbox.release("clock-1") == 1
    [again] = claim("clock-2")

    assert again.attempt == 1


def test_a_claim_given_back_waits_without_having_been_counted(app: Flask, clock: WoundClock) -> None:
    enqueue()
    [claimed] = claim()

    assert outbox.give_back(claimed, reason="Five failures in a row there", until=clock() + timedelta(seconds=60))

    assert state() == ("waiting", "Five failures in a row there")
    clock.forward(seconds=60)
    [again] = claim()
    assert again.attempt == 1


def test_after_a_restore_nothing_leaves_until_it_is_released(app: Flask, clock: WoundClock) -> None:
    enqueue(event="old")
    clock.forward(minutes=6)
    enqueue(event="new")

    assert outbox.hold_older_than(timedelta(minutes=5), reason="Restored from a backup") == 1
    db.session.commit()
    assert claim() == []
    assert outbox.paused() == "Restored from a backup"
    with closing(Lookout(["email"])) as lookout:
        assert lookout.look() == {}
    assert outbox.counts()["held"] == 1

    assert outbox.release_held() == 1
    db.session.commit()
    assert outbox.paused() is None
    assert len(claim()) == 1  # the other has its turn after it


def test_it_knows_when_the_next_message_is_due(app: Flask, clock: WoundClock) -> None:
    with closing(Lookout(["email", "slack"])) as lookout:
        assert lookout.look() == {}
        later = clock() + timedelta(seconds=10)
        enqueue(event="later", not_before=later)

        assert lookout.look() == {"email": later}


def test_a_clock_set_back_makes_nothing_wait_for_it_to_catch_up(app: Flask, clock: WoundClock) -> None:
    enqueue(event="fresh")
    enqueue(event="failed", to="grace@example.com")
    claims = claim()
    outbox.give_back(claims[0])
    outbox.mark_failed(claims[1], reason=REASON, retry_after=timedelta(seconds=30))
    db.session.rollback()
    now = clock.back(hours=1)

    assert outbox.mend_after_clock_went_back() == 2
    assert outbox.mend_after_clock_went_back() == 0

    waits = {m.event: m.next_attempt_at - now for m in db.session.scalars(select(OutboxMessage))}
    assert waits == {"fresh": timedelta(0), "failed": timedelta(seconds=30)}


@pytest.mark.parametrize(
    "nonsense",
    [{"state": "gone"}, {"state": "sent"}, {"state": "failed"}, {"leased_by": "nobody"}],
    ids=["unknown state", "sent without a time", "failed without a reason", "lease without an end"],
)
def test_the_table_refuses_nonsense(app: Flask, nonsense: dict[str, str]) -> None:
    message = enqueue()
    for name, value in nonsense.items():
        setattr(message, name, value)

    with pytest.raises(IntegrityError):
        db.session.flush()
    db.session.rollback()
