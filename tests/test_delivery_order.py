"""One message in flight a destination, in order, the newest for several; one text for many; breakers that outlive a restart."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import func, literal, select
from sqlalchemy.exc import OperationalError

from incidents import channels
from incidents.channels import SENT, Message, Outcome
from incidents.jobs.deliveries import Lane
from incidents.jobs.lanes import LaneThread
from incidents.jobs.senders import Errand, Rules, Senders
from incidents.kernel import outbox
from incidents.kernel.database import Json, db
from incidents.kernel.outbox import Claim, OutboxBody, OutboxMessage
from incidents.published.subscribers import Subscriber
from incidents.records.people import Person
from tests.conftest import WoundClock
from tests.factories import a_person
from tests.factories_subscribers import a_subscriber
from tests.outgoing import Outgoing

BUSY = Outcome("failed", "The mail server said: 450 busy")


def enqueue(event: str, to: str = "ada@example.com", *, channel: str = "email", **more: object) -> str:
    """Answers the message's key."""
    payload = {"to": to, "subject": event, "text": "", **more.pop("payload", {})}  # type: ignore[dict-item]
    made = outbox.enqueue(event=event, channel=channel, destination=to, payload=payload, **more)  # type: ignore[arg-type]
    assert made is not None
    key = made.key
    db.session.commit()
    return key


def claim(limit: int = 100, worker: str = "clock-1", **more: int) -> list[Claim]:
    db.session.rollback()
    return outbox.claim(worker=worker, channel="email", limit=limit, **more)  # type: ignore[arg-type]


def states() -> dict[str, tuple[str, str | None]]:
    db.session.rollback()
    found = {each.event: (each.state, each.reason) for each in db.session.scalars(select(OutboxMessage))}
    db.session.rollback()
    return found


def test_a_destination_has_one_message_in_flight_whoever_claims(app: Flask) -> None:
    for number in range(3):
        enqueue(f"a{number}")
    enqueue("b", to="bob@example.com")

    first, other = claim(), claim(worker="clock-2")

    assert [each.event for each in first] == ["a0", "b"]
    assert other == []
    outbox.mark_sent(first[0])
    assert [each.event for each in claim(worker="clock-2")] == ["a1"]


def test_what_waits_for_its_next_try_holds_back_only_its_own_incident(app: Flask) -> None:
    enqueue("one, first", incident_id=1)
    enqueue("one, second", incident_id=1)
    enqueue("two", incident_id=2)
    [first] = claim()
    outbox.mark_failed(first, reason="busy", retry_after=timedelta(minutes=30))

    [next_one] = claim()

    assert next_one.event == "two"
    outbox.mark_sent(next_one)
    assert claim() == []


def test_a_page_does_not_wait_for_the_next_try_of_an_earlier_message(app: Flask, clock: WoundClock) -> None:
    enqueue("told at 02:14", incident_id=1, purpose=outbox.PAGE)
    [first] = claim()
    outbox.mark_failed(first, reason="busy", retry_after=timedelta(hours=4))
    enqueue("over", incident_id=1)
    enqueue("the acknowledgement has lapsed", incident_id=1, purpose=outbox.PAGE)

    [page] = claim()

    assert page.event == "the acknowledgement has lapsed"
    outbox.mark_sent(page)
    assert claim() == []
    clock.forward(hours=5)
    assert [each.event for each in claim()] == ["told at 02:14"]


def test_what_is_meant_to_leave_later_holds_up_nothing(app: Flask, clock: WoundClock) -> None:
    enqueue("in ten minutes", incident_id=1, not_before=clock() + timedelta(minutes=10))
    enqueue("now", incident_id=1)

    assert [each.event for each in claim()] == ["now"]


def test_what_calls_somebody_goes_first_and_of_public_updates_the_newest(app: Flask, clock: WoundClock) -> None:
    enqueue("update 1", to="a@example.com", purpose=outbox.UPDATE)
    clock.forward(seconds=1)
    enqueue("update 2", to="b@example.com", purpose=outbox.UPDATE)
    enqueue("notice", to="c@example.com")
    enqueue("page", to="d@example.com", purpose=outbox.PAGE)

    assert [each.event for each in claim()] == ["page", "notice", "update 2", "update 1"]


def test_of_several_waiting_with_one_key_the_newest_is_sent_and_says_for_how_many(
    app: Flask, outgoing: Outgoing
) -> None:
    made = [enqueue(f"update {number}", fold_key="status", incident_id=1) for number in range(3)]
    newest = made[-1]

    Lane(app, "email", worker="clock-1").turn()

    assert outgoing.subjects == ["update 2"]
    assert "This stands for 2 earlier messages that had not left." in outgoing.sent[0].payload["text"]
    assert states()["update 0"] == ("skipped", f"Folded into a later message (key {newest})")


def test_nothing_older_leaves_after_something_newer(app: Flask, clock: WoundClock) -> None:
    enqueue("investigating", fold_key="status", not_before=clock() + timedelta(minutes=1))
    newer = enqueue("resolved", fold_key="status")
    [claimed] = claim()
    assert claimed.key == newer
    outbox.mark_sent(claimed)
    clock.forward(minutes=1)

    assert claim() == []
    assert states()["investigating"] == ("skipped", f"A later message had already left (key {newer})")


@pytest.mark.parametrize("was_tried", [False, True], ids=["unsent", "tried"])
def test_the_end_of_a_problem_goes_only_where_the_problem_was_told(
    app: Flask, clock: WoundClock, *, was_tried: bool
) -> None:
    enqueue("trigger", fold_key="pd", incident_id=1, payload={"event_action": "trigger"})
    if was_tried:  # it failed, and may have arrived all the same
        outbox.mark_failed(claim()[0], reason="timed out")
        clock.forward(seconds=5)
    enqueue("resolve", fold_key="pd", incident_id=1, payload={"event_action": "resolve"})

    claimed = claim()

    assert [each.event for each in claimed] == (["resolve"] if was_tried else [])
    assert states()["trigger"][0] == "skipped"


def test_one_text_for_many_is_one_body_and_one_statement(app: Flask, count_queries: list[str]) -> None:
    for number in range(40):
        a_person(f"Person {number}")
    db.session.commit()
    count_queries.clear()

    to = select(Person.email.label("destination"), Person.id.label("person_id"), literal({"n": 1}, Json).label("own"))
    added = outbox.fan_out(event="update/1", channel="email", body={"subject": "Down"}, to=to, fold_key="update")
    db.session.commit()

    assert added == 40
    assert len([each for each in count_queries if each.startswith("INSERT")]) == 2
    keys = db.session.scalars(select(OutboxMessage.key)).all()
    assert len({*keys}) == 40
    assert all(len(bytes.fromhex(key)) == 16 for key in keys)
    assert outbox.fan_out(event="update/1", channel="email", body={}, to=to) == 0
    db.session.commit()
    assert db.session.scalar(select(func.count()).select_from(OutboxBody)) == 1


def test_whoever_has_the_text_already_is_left_out_and_the_others_get_theirs(app: Flask) -> None:
    known, _other = a_subscriber(), a_subscriber("bob@example.com")
    enqueue("update/1", to=known.email or "")

    assert (
        outbox.fan_out(event="update/1", channel="email", body={}, to=select(Subscriber.email.label("destination")))
        == 1
    )
    db.session.commit()

    assert len(db.session.scalars(select(OutboxMessage)).all()) == 2


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)  # PostgreSQL plans by what is in the table
def test_a_claim_looks_only_at_what_waits_for_a_destination_and_not_at_all_that_was_sent_there(
    app: Flask, count_queries: list[str]
) -> None:
    enqueue("update/1", fold_key="update")
    count_queries.clear()

    claim()

    asked = [each for each in count_queries if each.startswith("SELECT") and "outbox_1" in each]
    looks = [look for each in asked for look in plan_of(each) if "outbox_1" in look]
    assert len(looks) > 6  # for each of the three kinds in flight and earlier; then what stands with it
    assert all("USING INDEX ix_outbox_destination (destination=? AND state=?" in look for look in looks), looks


def plan_of(statement: str) -> list[str]:
    """How SQLite would answer."""
    with db.engine.connect() as connection:
        unknown = (None,) * statement.count("?")
        return [row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", unknown)]


def test_each_of_many_gets_the_body_with_its_own_put_over_it_and_unused_bodies_go(
    app: Flask, outgoing: Outgoing
) -> None:
    person = a_subscriber()
    to = select(Subscriber.email.label("destination"), literal({"link": "own"}, Json).label("own"))
    outbox.fan_out(event="update/1", channel="email", body={"subject": "Down", "link": "none"}, to=to)
    db.session.commit()

    Lane(app, "email", worker="clock-1").turn()

    [sent] = outgoing.sent
    assert (sent.destination, dict(sent.payload)) == (person.email, {"subject": "Down", "link": "own"})
    assert (sent.body_id is not None, dict(sent.own)) == (True, {"link": "own"})
    assert outbox.forget_unused_bodies() == 0
    db.session.delete(db.session.scalars(select(OutboxMessage)).one())
    assert outbox.forget_unused_bodies() == 1


def test_a_breaker_outlives_a_restart_and_is_known_to_every_clock(
    app: Flask, outgoing: Outgoing, clock: WoundClock
) -> None:
    outgoing.outcome = BUSY
    for number in range(7):
        enqueue(f"busy {number}")
    while Lane(app, "email", worker="clock-1").turn():
        pass
    tried = len(outgoing.tried)

    enqueue("another")
    assert Lane(app, "email", worker="another clock").turn() == 0

    assert (tried, len(outgoing.tried)) == (5, 5)
    assert states()["another"] == ("waiting", f"Waits after 5 failed attempts in a row: {BUSY.reason}")


def test_an_address_refused_for_good_gets_nothing_more_until_it_is_tried_again(app: Flask, outgoing: Outgoing) -> None:
    outgoing.outcome = Outcome("gone", "The mail server said: 550 5.1.1 no such user")
    enqueue("first")
    enqueue("second")
    lane = Lane(app, "email", worker="clock-1")
    while lane.turn():
        pass

    assert len(outgoing.tried) == 1
    assert outbox.suppressed("email", ["ada@example.com"]) == {"ada@example.com": outgoing.outcome.reason}
    assert states()["second"] == ("skipped", f"Nothing is sent there any more: {outgoing.outcome.reason}")
    outgoing.outcome = SENT
    outbox.lift("email", "ada@example.com")
    db.session.commit()
    enqueue("third")
    lane.turn()
    assert outgoing.subjects == ["third"]


def test_a_webhook_that_fails_for_a_day_is_disabled_and_its_owner_told_once(
    app: Flask, outgoing: Outgoing, clock: WoundClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    from incidents.jobs import facts

    monkeypatch.setattr(facts, "facts_for", lambda claims: {})
    owner = a_person("Ada")
    outgoing.outcome = Outcome("failed", "The webhook answered 500")
    lane = Lane(app, "webhook", worker="clock-1")
    for number in range(60):
        enqueue(f"event {number}", to="address:1", channel="webhook", person_id=owner.id)
    for _hour in range(26):
        lane.turn()
        clock.forward(hours=1)

    [letter] = db.session.scalars(select(OutboxMessage).where(OutboxMessage.channel == "email")).all()
    assert (letter.destination, letter.payload["subject"]) == (owner.email, "Your webhook was disabled")
    assert "It failed for 24 hours" in outbox.suppressed("webhook", ["address:1"])["address:1"]


def test_slack_gets_a_message_a_second_to_a_channel(app: Flask, outgoing: Outgoing, clock: WoundClock) -> None:
    for number in range(3):
        enqueue(f"post {number}", to="C1", channel="slack")
    lane = Lane(app, "slack", worker="clock-1")

    while lane.turn():
        pass
    assert len(outgoing.sent) == 1
    clock.forward(seconds=1)
    while lane.turn():
        pass
    assert len(outgoing.sent) == 2


def test_what_was_claimed_just_before_the_database_went_away_leaves_as_soon_as_it_is_back(
    app: Flask, outgoing: Outgoing, monkeypatch: pytest.MonkeyPatch
) -> None:
    enqueue("a")
    stop, was_away = threading.Event(), threading.Event()
    lane = LaneThread(Lane(app, "email", worker="clock-1", stop=stop))
    prepare = lane.lane.prepare

    def away_at_first(claims: Sequence[Claim]) -> object:
        if claims and not was_away.is_set():
            was_away.set()
            raise OperationalError("SELECT", {}, Exception("terminating connection"))
        return prepare(claims)

    monkeypatch.setattr(lane.lane, "prepare", away_at_first)
    lane.start()
    deadline = time.monotonic() + 30
    while outbox.counts()["sent"] < 1 and time.monotonic() < deadline:
        db.session.rollback()
        time.sleep(0.02)
    stop.set()
    lane.wake()
    lane.join(30)

    assert was_away.is_set()
    assert outgoing.subjects == ["a"]
    assert db.session.scalars(select(OutboxMessage.attempts)).one() == 1


def test_a_lane_of_threads_sends_all_in_order_and_never_two_at_once_to_one_destination(
    app: Flask, outgoing: Outgoing, monkeypatch: pytest.MonkeyPatch
) -> None:
    under_way: Counter[str] = Counter()
    order: dict[str, list[str]] = {}
    lock, together = threading.Lock(), []

    def send(message: Message, settings: object) -> Outcome:
        with lock:
            under_way[message.destination] += 1
            together.append(under_way[message.destination])
            order.setdefault(message.destination, []).append(str(message.payload["subject"]))
        time.sleep(0.001)
        with lock:
            under_way[message.destination] -= 1
        return SENT

    monkeypatch.setattr(channels, "send", send)
    for number in range(6):
        for to in ("a@example.com", "b@example.com", "c@example.com"):
            enqueue(f"{to} {number}", to=to, incident_id=1)
    stop = threading.Event()
    lanes = [LaneThread(Lane(app, "email", worker=f"clock-{n}", stop=stop)) for n in range(2)]
    for lane in lanes:
        lane.start()
    deadline = time.monotonic() + 30
    while outbox.counts()["sent"] < 18 and time.monotonic() < deadline:
        db.session.rollback()
        time.sleep(0.02)
    stop.set()
    for lane in lanes:
        lane.wake()
        lane.join(30)

    assert max(together) == 1
    assert {to: sent == sorted(sent) and len(sent) == 6 for to, sent in order.items()} == dict.fromkeys(order, True)


def errand(number: int, *, failures: int) -> Errand:
    known = Claim(
        id=number,
        key=f"{number}",
        event="e",
        channel="webhook",
        destination=f"{number}",
        payload={},
        incident_id=None,
        person_id=None,
        purpose="notice",
        body_id=None,
        attempt=1,
        lease_term=1,
        first_attempt_at=datetime.now(UTC),
        worker="w",
        ends=0.0,
        failures=failures,
    )
    return Errand(claim=known, message=Message("k", "webhook", f"{number}", {}), host=f"{number}")


def test_a_thread_that_looks_ahead_sends_next_what_it_said_and_nothing_twice(app: Flask) -> None:
    gate, said, kept = threading.Event(), {}, threading.local()

    def attempt(each: Errand, patience: float | None) -> int:
        gate.wait(20)
        assert getattr(kept, "then", None) in (None, each.claim.id), "another was taken between"
        kept.then = each.then.claim.id if each.then else None
        said[each.claim.id] = kept.then
        return each.claim.id

    senders: Senders[int] = Senders(Rules(threads=2, looks_ahead=True), "email", attempt, app.app_context)
    senders.put([errand(number, failures=int(number % 7 == 6)) for number in range(40)])
    gate.set()
    done: list[int] = []
    while len(done) < 40:
        done += senders.done(wait=1)

    assert (sorted(done), senders.load()) == ([*range(40)], 0)
    assert {then for then in said.values() if then is not None and then % 7 == 6} == set()
    assert len([then for then in said.values() if then is not None]) > 20
    senders.stop()


def test_the_slow_share_a_part_of_the_threads_and_others_pass_them(app: Flask) -> None:
    stuck, began, fine = threading.Event(), [], threading.Semaphore(0)

    def attempt(errand: Errand, patience: float | None) -> int:
        began.append((errand.claim.id, patience))
        if errand.claim.failures:
            stuck.wait(20)
        else:
            fine.release()
        return errand.claim.id

    rules = Rules(threads=4, for_troubled=2, a_host=2, short=3.0)
    senders: Senders[int] = Senders(rules, "webhook", attempt, app.app_context)
    senders.put([errand(number, failures=1) for number in range(5)])
    senders.put([errand(number, failures=0) for number in range(100, 104)])
    for _ in range(4):
        assert fine.acquire(timeout=20)

    assert sorted(number for number, _patience in began) == [0, 1, 100, 101, 102, 103]
    assert {patience for number, patience in began if number >= 100} == {3.0}
    stuck.set()
    while senders.load():
        senders.done(wait=1)
    senders.stop()
