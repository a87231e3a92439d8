"""The clock: driven tick by tick with the wound clock, and once as the real thing."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Select, String, func, literal_column, select, text
from sqlalchemy.exc import OperationalError

from incidents.actions import strike
from incidents.jobs import audit, bells, loop, rest, ticker, timetable, waker
from incidents.jobs.deliveries import Lane
from incidents.jobs.lanes import LaneThread
from incidents.jobs.stop import Stop
from incidents.jobs.watchdog import ONE_TICK, Patience, Pulse, Watchdog, all_stacks
from incidents.kernel import beats, leases, outbox
from incidents.kernel.beats import ClockBeat
from incidents.kernel.database import db
from incidents.kernel.outbox import OutboxMessage
from tests.conftest import WoundClock
from tests.factories import a_person, an_incident
from tests.outgoing import Outgoing


@dataclass
class Bells:
    """Due times in the place of incidents, each of which tells one person when it is struck."""

    clock: WoundClock
    due: list[datetime] = field(default_factory=list)
    mended: int = 0

    def strike_due_bells(self, limit: int) -> int:
        ripe = [moment for moment in self.due if moment <= self.clock()][:limit]
        for moment in ripe:
            self.due.remove(moment)
            outbox.enqueue(
                event=f"bell:{moment.isoformat()}",
                channel="email",
                destination="ada@example.com",
                payload={"to": "ada@example.com", "subject": f"due {moment:%H:%M}", "text": ""},
            )
        db.session.commit()
        return len(ripe)

    def next_bell_at(self) -> datetime | None:
        return min(self.due, default=None)

    def mend_after_clock_went_back(self, by: timedelta) -> int:
        self.mended += 1
        return 0


@pytest.fixture
def ringing(app: Flask, clock: WoundClock, monkeypatch: pytest.MonkeyPatch) -> Bells:
    fake = Bells(clock)
    for name in ("strike_due_bells", "next_bell_at", "mend_after_clock_went_back"):
        monkeypatch.setattr(bells, name, getattr(fake, name))
    return fake


@pytest.fixture
def lane(app: Flask) -> LaneThread:
    """A lane that is woken but does not run: what it would send is sent by hand."""
    return LaneThread(Lane(app, "email", worker="clock-1"))


@pytest.fixture
def ticking(app: Flask, ringing: Bells, lane: LaneThread) -> ticker.Clock:
    return ticker.Clock(app, "clock-1", [lane])


def test_a_tick_strikes_what_is_due_and_wakes_the_lanes_at_once(
    ticking: ticker.Clock, ringing: Bells, lane: LaneThread, clock: WoundClock, outgoing: Outgoing
) -> None:
    ringing.due = [clock(), clock() + timedelta(minutes=5)]

    ticking.tick()

    assert lane._woken.is_set()
    assert lane.lane.turn() == 1
    assert outgoing.subjects == ["due 02:14"]
    ticking.tick()
    assert lane.lane.turn() == 0


def test_everything_due_is_struck_in_one_tick_whatever_the_batch(
    ticking: ticker.Clock, ringing: Bells, clock: WoundClock
) -> None:
    ringing.due = [clock() - timedelta(seconds=number) for number in range(bells.BATCH * 2 + 1)]

    ticking.tick()

    assert ringing.due == []
    assert outbox.counts()["waiting"] == bells.BATCH * 2 + 1


def test_however_much_is_overdue_it_says_between_that_it_lives(
    ticking: ticker.Clock, ringing: Bells, clock: WoundClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    passed, strike_some = [1_000.0], ringing.strike_due_bells
    monkeypatch.setattr(ticker, "time", SimpleNamespace(monotonic=lambda: passed[0]))
    ringing.due = [clock() - timedelta(seconds=number) for number in range(20)]

    def slowly(limit: int) -> int:
        passed[0] += 7
        return strike_some(1)

    monkeypatch.setattr(bells, "strike_due_bells", slowly)
    silences = []
    while ringing.due:
        began = passed[0]
        ticking.tick()
        silences.append(passed[0] - began)

    assert max(silences) < leases.span().total_seconds() / 2


@pytest.mark.parametrize(
    ("ahead", "pause"), [(None, 1.0), (3600.0, 1.0), (0.25, 0.1)], ids=["nothing", "in an hour", "in 250 ms"]
)
def test_it_sleeps_until_shortly_before_the_next_due_time_and_a_second_at_most(
    ticking: ticker.Clock, ringing: Bells, clock: WoundClock, ahead: float | None, pause: float
) -> None:
    if ahead is not None:
        ringing.due = [clock() + timedelta(seconds=ahead)]

    assert ticking.tick() == pytest.approx(pause)


def test_what_could_not_be_rehearsed_at_leisure_is_tried_again_and_never_shortly_before_it_is_due(
    ticking: ticker.Clock, ringing: Bells, clock: WoundClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers, rehearsed = [False, True], []

    def rehearse(moment: datetime, *, late_by: timedelta) -> bool:
        rehearsed.append(late_by)
        return answers.pop(0)

    monkeypatch.setattr(bells, "rehearse", rehearse)
    ringing.due = [clock() + timedelta(seconds=1)]
    ticking.tick()
    assert rehearsed == []

    ringing.due = [clock() + timedelta(minutes=5)]
    for _tick in range(3):
        ticking.tick()
    assert rehearsed == [timedelta(hours=2)] * 2


def test_before_a_bell_it_rehearses_until_that_is_due_and_says_that_it_lives_afterwards(
    ticking: ticker.Clock, ringing: Bells, clock: WoundClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    passed, rehearsed = [1_000.0], []
    monkeypatch.setattr(ticker, "time", SimpleNamespace(monotonic=lambda: passed[0]))

    def rehearse(moment: datetime) -> bool:
        rehearsed.append(moment)
        passed[0] += 0.04
        return True

    monkeypatch.setattr(bells, "rehearse", rehearse)
    ticking.tick()
    passed[0] += 30
    near = clock() + timedelta(seconds=0.1)
    ringing.due = [near]
    clock.forward(seconds=0.01)
    said = when_it_said_last()

    assert ticking.tick() == pytest.approx(0.01)
    assert rehearsed == [near, near]
    assert when_it_said_last() == said

    clock.forward(seconds=0.1)
    ringing.due.append(clock() + timedelta(seconds=0.1))
    ticking.tick()
    assert rehearsed == [near, near]  # the last one was just now
    assert when_it_said_last() == said

    ringing.due.clear()
    ticking.tick()
    assert when_it_said_last() > said


def test_as_long_as_it_ticks_a_clock_keeps_the_chores_without_a_gap(
    app: Flask, ringing: Bells, monkeypatch: pytest.MonkeyPatch
) -> None:
    passed = [1_000.7]
    terms: set[int | None] = set()
    for module in (ticker, rest, leases):
        monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=lambda: passed[0]))

    def wait(seconds: float) -> None:
        passed[0] += seconds
        held = table.holding.held
        terms.add(held.term if held is not None else None)

    table = timetable.Timetable(app, "clock-1")
    ticking = ticker.Clock(app, "clock-1", [], table, rest=20.0)
    monkeypatch.setattr(ticking, "_woken", SimpleNamespace(wait=wait, clear=lambda: None))
    until = passed[0] + 3 * leases.span().total_seconds()
    while passed[0] < until:
        ticking.sleep(ticking.tick())

    assert terms == {1}


def when_it_said_last() -> datetime:
    beat = beats.latest()
    assert beat is not None
    return beat.tick_ended_at


def test_what_cannot_be_struck_does_not_keep_it_spinning(
    ticking: ticker.Clock, ringing: Bells, clock: WoundClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    ringing.due = [clock()]
    monkeypatch.setattr(bells, "strike_due_bells", lambda limit: 0)

    assert ticking.tick() > 0


def test_a_database_that_is_away_stops_no_clock(
    ticking: ticker.Clock, ringing: Bells, clock: WoundClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    ringing.due = [clock()]

    def gone(limit: int) -> int:
        raise OperationalError("SELECT", {}, Exception("server closed the connection"))

    with monkeypatch.context() as patch:
        patch.setattr(bells, "strike_due_bells", gone)
        assert ticking.tick() == 1.0
        assert ticking.tick() == 1.0

    ticking.tick()
    assert ringing.due == []


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_server_that_ends_in_the_midst_of_a_rehearsal_ends_no_clock(
    app: Flask, clock: WoundClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    an_incident(by=a_person())

    def cut_off(*_incidents: object, **_named: object) -> None:
        ours = db.session.scalar(text("SELECT pg_backend_pid()"))
        with db.engine.begin() as another:
            another.execute(text(f"SELECT pg_terminate_backend({ours}, 5000)"))

    ticking = ticker.Clock(app, "clock-1", [])
    with monkeypatch.context() as patch:
        patch.setattr(strike, "strike_all", cut_off)
        assert ticking.tick() == 1.0
    ticking.tick()

    assert not ticking._is_cut_off


def test_each_tick_says_that_it_lives_and_what_is_late(
    ticking: ticker.Clock, ringing: Bells, clock: WoundClock, client: FlaskClient
) -> None:
    outbox.enqueue(event="late", channel="email", destination="d", payload={})
    db.session.commit()
    clock.forward(seconds=30)

    ticking.tick()

    beat = db.session.scalars(select(ClockBeat)).one()
    assert (beat.worker, beat.tick_ended_at) == ("clock-1", clock())
    assert (beat.due_backlog, beat.oldest_due_seconds) == (1, 30.0)
    assert client.get("/health/ready").status_code == 200


def test_a_wall_clock_set_back_is_noticed_and_mended(ticking: ticker.Clock, ringing: Bells, clock: WoundClock) -> None:
    ticking.tick()
    outbox.enqueue(event="fresh", channel="email", destination="d", payload={})
    db.session.commit()
    clock.back(hours=1)

    ticking.tick()

    assert ringing.mended == 1
    db.session.rollback()
    assert db.session.scalars(select(OutboxMessage)).one().next_attempt_at == clock()
    beat = beats.latest()
    assert beat is not None
    assert beat.tick_ended_at == clock()


def test_a_second_or_two_back_is_no_reason_to_mend(ticking: ticker.Clock, ringing: Bells, clock: WoundClock) -> None:
    ticking.tick()
    clock.back(seconds=30)
    ticking.tick()

    assert ringing.mended == 0


# ---- the whole process ----


def _the_newest_beat(name: str) -> Select[str, Any]:
    """In the place of the next bell of an incident."""
    newest = select(func.max(ClockBeat.tick_ended_at)).scalar_subquery()
    return select(literal_column(f"'{name}'", String).label("name"), newest.label("at"))


def until(condition: threading.Event) -> None:
    assert condition.wait(20), "it did not happen"


def test_the_real_clock_sends_what_is_due_and_what_falls_due_by_others_and_leaves_nothing_behind(
    app: Flask, ringing: Bells, clock: WoundClock, outgoing: Outgoing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waker, "_wall_beside_time", lambda: 0.0)
    monkeypatch.setattr(bells, "asking_when", _the_newest_beat)
    monkeypatch.setattr(loop, "_REST", 600.0)  # nobody looks by itself before this test has lost its patience
    asleep = Patience(3_600, 7_200)
    ringing.due = [clock()]
    stop, sent = Stop(), threading.Event()
    real = outgoing.send

    def notice(message: object, settings: object) -> object:
        outcome = real(message, settings)  # type: ignore[arg-type]
        sent.set()
        return outcome

    from incidents import channels

    channels.send = notice  # type: ignore[assignment]
    whole = threading.Thread(target=loop.run, args=(app, stop), kwargs={"patience": asleep, "with_lanes": asleep})
    whole.start()
    until(sent)
    sent.clear()
    ringing.due = [clock() - timedelta(minutes=1)]
    clock.forward(seconds=1)
    beats.beat(worker="another", pid=1, started_at=clock())
    until(sent)
    stop.set()
    whole.join()

    assert outgoing.subjects == ["due 02:14", "due 02:13"]
    assert outbox.counts()["sent"] == 2
    assert [beat.worker for beat in db.session.scalars(select(ClockBeat))] == ["another"]


# ---- the watchdog ----


@pytest.fixture
def dog() -> tuple[Watchdog, list[int]]:
    exits: list[int] = []
    return Watchdog(threading.Event(), Pulse("ticker"), give_up=exits.append), exits


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_new_clock_takes_over_at_once_from_one_that_was_killed(app: Flask) -> None:
    killed = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, check=True)
    here = socket.gethostname()[:40]
    alive, of_our_number = f"{here}-{os.getppid()}-0b", f"{here}-{os.getpid()}-0d"  # as in a container started again
    for number, worker in enumerate([f"{here}-{int(killed.stdout)}-0a", alive, "elsewhere-7-0c", of_our_number]):
        outbox.enqueue(event=f"e/{number}", channel="email", destination=f"d{number}@example.com", payload={})
        db.session.commit()
        assert len(outbox.claim(worker=worker, channel="email", limit=1)) == 1
    assert outbox.claim(worker="new", channel="email") == []
    leases.take("chores", holder=f"{here}-{int(killed.stdout)}-0a")
    leases.take("others", holder=alive)

    loop._end_leases_of_the_dead(app)

    taken = [outbox.claim(worker="new", channel="email") for _suspects_go_alone in range(3)]
    assert [(each.destination, each.attempt, each.was_abandoned) for batch in taken for each in batch] == [
        ("d0@example.com", 2, True),
        ("d3@example.com", 2, True),
    ]
    assert leases.take("chores", holder="new") is not None
    assert leases.take("others", holder="new") is None


def test_a_clock_that_ticks_is_left_alone(dog: tuple[Watchdog, list[int]], caplog: pytest.LogCaptureFixture) -> None:
    watchdog, exits = dog
    watchdog.pulses[0].sign()
    watchdog.look(time.monotonic() + ONE_TICK.suspicious - 1)

    assert exits == []
    assert caplog.records == []


def test_after_a_minute_of_silence_it_says_what_every_thread_does_once(
    dog: tuple[Watchdog, list[int]], caplog: pytest.LogCaptureFixture
) -> None:
    watchdog, exits = dog
    watchdog.look(time.monotonic() + ONE_TICK.suspicious + 1)
    watchdog.look(time.monotonic() + ONE_TICK.suspicious + 6)

    assert exits == []
    assert len(caplog.records) == 1
    assert "test_after_a_minute_of_silence" in all_stacks()


def test_after_two_minutes_it_ends_the_process(dog: tuple[Watchdog, list[int]]) -> None:
    watchdog, exits = dog
    watchdog.look(time.monotonic() + ONE_TICK.hopeless + 1)

    assert exits == [70]


# ---- the audit and the chores ----


def sentences() -> list[str]:
    return [fault.sentence for fault in audit.audit()]


def test_the_audit_is_silent_while_all_is_well(app: Flask, ringing: Bells, clock: WoundClock) -> None:
    ringing.due = [clock() + timedelta(minutes=3)]
    outbox.enqueue(event="e", channel="email", destination="d", payload={})
    db.session.commit()
    clock.forward(minutes=2)

    assert audit.audit() == []


def test_the_audit_finds_a_message_that_should_have_left(
    app: Flask, ringing: Bells, clock: WoundClock, client: FlaskClient
) -> None:
    outbox.enqueue(event="e", channel="email", destination="d", payload={})
    db.session.commit()
    clock.forward(minutes=3)

    assert sentences() == ["1 e-mail is 3 min late"]
    audit.init_app(app)
    answer = client.get("/health/ready")
    assert answer.status_code == 503
    assert "1 e-mail is 3 min late" in answer.get_json(force=True)["output"]


def test_the_audit_finds_a_lease_whose_sender_is_gone(app: Flask, ringing: Bells, clock: WoundClock) -> None:
    outbox.enqueue(event="e", channel="email", destination="d", payload={})
    db.session.commit()
    outbox.claim(worker="gone", channel="email")
    clock.forward(minutes=3, seconds=1)

    assert sentences() == ["1 message was taken by a sender that is gone"]


def test_the_audit_finds_a_reminder_that_did_not_ring(app: Flask, ringing: Bells, clock: WoundClock) -> None:
    ringing.due = [clock()]
    clock.forward(minutes=4)

    assert sentences() == ["a reminder is 4 min late"]


def test_what_is_held_back_on_purpose_is_not_late(app: Flask, ringing: Bells, clock: WoundClock) -> None:
    outbox.enqueue(event="e", channel="email", destination="d", payload={})
    outbox.hold_older_than(timedelta(minutes=5), reason="restored from a backup")
    db.session.commit()
    clock.forward(hours=1)

    assert audit.audit() == []


def test_a_chore_that_breaks_is_logged_and_stops_no_other(app: Flask, caplog: pytest.LogCaptureFixture) -> None:
    def broken() -> None:
        raise OperationalError("DELETE", {}, Exception("locked"))

    timetable.do(app, broken)

    assert "chore_failed" in caplog.text


@pytest.mark.parametrize("chore", [*timetable.CHORES, *timetable.EVERYWHERE])
def test_every_chore_runs(app: Flask, ringing: Bells, chore: object, caplog: pytest.LogCaptureFixture) -> None:
    timetable.do(app, chore)  # type: ignore[arg-type]

    assert caplog.records == []
