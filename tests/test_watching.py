"""Who watches the watcher: what the self-audit finds is kept, shown, told by another way, and stops the heartbeat."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update

from incidents.channels import Outcome
from incidents.jobs import audit, heartbeat, holding, slack_channels, timetable
from incidents.kernel import beats, findings, leases, outbox
from incidents.kernel.beats import ClockBeat
from incidents.kernel.database import db
from incidents.kernel.findings import AuditFinding
from incidents.kernel.leases import Held
from incidents.records.incidents import Incident
from tests.acting import browser_of
from tests.conftest import WoundClock
from tests.factories import a_person, an_incident
from tests.outgoing import Outgoing


def a_late_message(clock: WoundClock) -> None:
    outbox.enqueue(event="e", channel="email", destination="d", payload={})
    db.session.commit()
    clock.forward(minutes=3)


def beat(clock: WoundClock, worker: str = "here-1-aa") -> None:
    beats.beat(worker=worker, pid=1, started_at=clock())


def sentences() -> list[str]:
    return [fault.sentence for fault in audit.audit()]


def look(clock: WoundClock) -> None:
    """A minute of the clock that holds the chores."""
    db.session.commit()
    clock.forward(seconds=1)
    timetable.look_for_what_is_late()


# ---- what it finds ----


def test_an_open_incident_for_which_nothing_would_ring_is_found_and_looked_at_again(
    app: Flask, clock: WoundClock
) -> None:
    person = a_person("Alice")
    incident, other = an_incident(by=person), an_incident(by=person)
    db.session.execute(update(Incident).where(Incident.id == incident.id).values(attention_at=None))
    db.session.commit()

    assert sentences() == [f"nothing would have rung for {incident.ref}, which is open"]
    assert db.session.get_one(Incident, incident.id, populate_existing=True).attention_at == clock()
    assert db.session.get_one(Incident, other.id).attention_at is not None
    assert sentences() == []


def test_a_restricted_incident_without_a_timer_is_counted_and_not_named(app: Flask, clock: WoundClock) -> None:
    incident = an_incident(by=a_person("Alice"), is_security=True)
    db.session.execute(update(Incident).where(Incident.id == incident.id).values(attention_at=None))
    db.session.commit()

    assert sentences() == ["nothing would have rung for 1 restricted incident, which is open"]


def test_strangers_read_that_mail_is_late_and_not_what_its_server_said(app: Flask, clock: WoundClock) -> None:
    late = outbox.enqueue(event="a", channel="email", destination="ada@example.com", payload={})
    assert late is not None
    late.reason, late.attempts = "The mail server said: 450 <ada@example.com> try later", 1
    db.session.commit()
    clock.forward(minutes=5)

    answer = app.test_client().get("/health/ready")

    assert "1 e-mail is 5 min late" in answer.text
    assert "ada@example.com" not in answer.text


def test_an_incident_that_rightly_has_no_timer_is_no_finding(app: Flask, clock: WoundClock) -> None:
    incident = an_incident(by=a_person("Alice"), is_drill=True)
    db.session.execute(update(Incident).where(Incident.id == incident.id).values(attention_at=None, pages_nobody=True))
    db.session.commit()

    assert sentences() == []


def test_a_machine_whose_clock_fell_silent_is_a_word_and_no_alarm_while_others_do_its_work(
    app: Flask, clock: WoundClock, client: FlaskClient
) -> None:
    beat(clock, "db-1-aa")
    clock.forward(seconds=91)
    beat(clock, "web-2-bb")

    assert sentences() == ["the clock on db has been silent for 1 min, and others do its work"]
    answer = client.get("/health/ready")
    assert answer.status_code == 200
    assert "the clock on db" in answer.text


def test_a_clock_that_was_killed_and_started_again_is_not_missed(app: Flask, clock: WoundClock) -> None:
    beat(clock, "db-1-aa")
    clock.forward(seconds=91)
    beat(clock, "db-2-bb")

    assert sentences() == []


def test_a_machine_that_was_taken_away_is_missed_for_an_hour(app: Flask, clock: WoundClock) -> None:
    beat(clock, "db-1-aa")
    clock.forward(minutes=61)
    beat(clock, "web-2-bb")

    assert sentences() == []


def test_a_chore_that_fails_three_times_is_found_and_one_that_works_takes_it_back(app: Flask) -> None:
    def count_the_sheep() -> None:
        raise RuntimeError("no sheep")

    for _ in range(3):
        assert sentences() == []
        timetable.do(app, count_the_sheep)
    assert sentences() == ["“count the sheep” has failed 3 times in a row (no sheep)"]

    def works() -> None:
        pass

    works.__name__ = "count_the_sheep"
    timetable.do(app, works)
    assert sentences() == []


def test_a_chore_that_works_is_not_asked_each_time_whether_it_failed_and_takes_a_failure_back_at_once(
    app: Flask, count_queries: list[str]
) -> None:
    mine = holding.Holding("clock-1")
    mine.keep()

    def chore() -> None:
        if is_broken:
            raise RuntimeError("no sheep")

    for is_broken in (False, True, False):  # noqa: B007 - the chore looks at it
        timetable.do_alone(app, chore, mine)
    assert findings.trouble("chore") is None
    db.session.rollback()
    count_queries.clear()
    timetable.do_alone(app, chore, mine)
    assert count_queries == []


def test_the_timetable_does_what_is_on_it_and_nothing_about_a_slack_that_nobody_has(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert slack_channels.keep_channels_current not in timetable.chores_of(app)
    done = {name: threading.Event() for name in ("by all", "by one", "by one that waits for others")}
    every = timedelta(minutes=1)

    def chore(name: str) -> Callable[[], None]:
        def do() -> None:
            done[name].set()

        do.__name__ = name
        return do

    by_all, by_one, slow = (chore(name) for name in done)
    monkeypatch.setattr(timetable, "EVERYWHERE", {by_all: every})
    monkeypatch.setattr(timetable, "CHORES", {by_one: every, slow: every})
    monkeypatch.setattr(timetable, "_SLOW", {slow})
    table = timetable.Timetable(app, "clock-1")
    table.holding.keep()
    table.start()
    table.start_over()

    assert all(event.wait(20) for event in done.values())
    table.stop(within=20)


@pytest.mark.parametrize("hangs", [False, True], ids=["ends", "hangs"])
def test_a_clock_that_leaves_gives_the_chores_away_when_the_one_under_way_has_ended_or_its_time_is_up(
    app: Flask, monkeypatch: pytest.MonkeyPatch, hangs: bool
) -> None:
    began, may_end, had_them_then = threading.Event(), threading.Event(), []

    def chore() -> None:
        began.set()
        may_end.wait(20)
        had_them_then.append(table.holding.held is not None)

    monkeypatch.setattr(timetable, "EVERYWHERE", {})
    monkeypatch.setattr(timetable, "CHORES", {chore: timedelta(minutes=1)})
    table = timetable.Timetable(app, "clock-1")
    table.holding.keep()
    table.start()
    table.start_over()
    assert began.wait(20)
    if not hangs:
        threading.Timer(0.1, may_end.set).start()

    table.stop(within=0 if hangs else 20)

    assert had_them_then == ([] if hangs else [True])
    assert leases.take(holding.NAME, holder="another") is not None
    may_end.set()
    for thread in threading.enumerate():
        if thread.name == "timetable's end":
            thread.join(20)


def test_chores_that_no_clock_takes_up_are_found(app: Flask, clock: WoundClock) -> None:
    held = leases.take(holding.NAME, holder="gone")
    assert held is not None
    end_of(held, clock, seconds=125)

    assert sentences() == ["no clock has taken up the chores"]


def end_of(held: Held, clock: WoundClock, *, seconds: int) -> None:
    """Its minute passed, and more, by the database's clock."""
    clock.forward(seconds=seconds)
    if db.engine.dialect.name == "postgresql":
        from sqlalchemy import text

        db.session.execute(text(f"UPDATE leases SET expires_at = expires_at - interval '{seconds} seconds'"))
        db.session.commit()


# ---- what is kept and shown ----


def test_a_finding_is_kept_with_its_beginning_as_long_as_it_lasts(app: Flask, clock: WoundClock) -> None:
    a_late_message(clock)
    audit.audit()
    began = clock()
    clock.forward(minutes=1)
    audit.audit()

    [kept] = findings.standing()
    assert kept.found_at == began
    assert kept.fault.sentence == "1 e-mail is 4 min late"
    assert kept.fault.channel == "email"


def test_the_console_says_it_above_every_page_in_one_sentence(app: Flask, clock: WoundClock) -> None:
    client, _ = browser_of(app)
    beat(clock)
    assert "late" not in banners(client)
    a_late_message(clock)
    beat(clock)
    audit.audit()

    said = banners(client)
    assert "1 e-mail is 3 min late." in said
    assert "Since 02:17 UTC." in said
    assert "start it again" in said


def test_the_console_says_that_no_clock_is_heard_though_no_clock_writes_it(app: Flask, clock: WoundClock) -> None:
    client, _ = browser_of(app)
    beat(clock)
    clock.forward(seconds=91)

    said = banners(client)
    assert "The clock has been silent for 91 s, so nobody is reminded." in said
    assert "Start `sevenbells clock` again" in said.replace("&#96;", "`")


def test_a_clock_whose_audit_stopped_is_said_too(app: Flask, clock: WoundClock) -> None:
    client, _ = browser_of(app)
    audit.audit()
    clock.forward(minutes=4)
    beat(clock)

    assert "Nobody checks that the clock does its work." in banners(client)
    assert client.get("/health/ready").status_code == 503


def banners(client: FlaskClient) -> str:
    page = client.get("/console/").text
    return page.partition('id="banners"')[2].partition("</section>")[0]


def test_a_clock_that_hangs_is_not_ready_even_while_its_last_beat_is_young(
    app: Flask, clock: WoundClock, client: FlaskClient
) -> None:
    beat(clock)
    clock.forward(seconds=60)
    beats.note_hanging("here-1-aa", since=clock() - timedelta(seconds=60))
    answer = client.get("/health/ready")
    assert answer.status_code == 503
    assert "the clock has hung for 60 s" in answer.text

    beat(clock)
    assert client.get("/health/ready").status_code == 200


def test_of_two_clocks_one_that_hangs_leaves_the_other_in_charge(
    app: Flask, clock: WoundClock, client: FlaskClient
) -> None:
    beat(clock, "a-1-aa")
    beat(clock, "b-2-bb")
    beats.note_hanging("a-1-aa", since=clock())

    assert client.get("/health/ready").status_code == 200
    assert sentences() == ["the clock on a has been silent for 1 min, and others do its work"]


# ---- who is told ----


def test_admins_are_told_once_and_once_more_when_it_is_over(app: Flask, clock: WoundClock, outgoing: Outgoing) -> None:
    a_person("Ada", role="admin")
    a_person("Maya")
    db.session.commit()
    clock.forward(minutes=10)
    beat(clock, "db-1-aa")
    clock.forward(seconds=91)
    beat(clock, "web-2-bb")
    look(clock)
    look(clock)

    assert outgoing.destinations == ["ada@example.com"]
    assert outgoing.subjects == ["Sevenbells: the clock on db has been silent for 1 min, and others do its work"]

    beat(clock, "db-1-aa")
    look(clock)
    look(clock)
    assert outgoing.destinations == ["ada@example.com"] * 2
    assert outgoing.subjects[1].startswith("Sevenbells: over, the clock on db")
    assert db.session.scalars(select(AuditFinding)).all() == []


def test_where_nobody_takes_the_warning_it_is_tried_again_under_the_same_key(
    app: Flask, clock: WoundClock, outgoing: Outgoing
) -> None:
    a_person("Ada", role="admin")
    a_late_message(clock)
    outgoing.outcome = Outcome("unreachable", "The mail server cannot be reached")
    look(clock)
    outgoing.outcome = Outcome("sent")
    look(clock)
    look(clock)

    first, second = outgoing.tried
    assert first.key == second.key
    assert len(outgoing.sent) == 1


def test_what_was_over_before_anybody_was_told_is_not_told(app: Flask, clock: WoundClock, outgoing: Outgoing) -> None:
    a_person("Ada", role="admin")
    a_late_message(clock)
    audit.audit()
    [claimed] = outbox.claim(worker="w", channel="email")
    outbox.mark_sent(claimed)
    look(clock)

    assert outgoing.tried == []
    assert db.session.scalars(select(AuditFinding)).all() == []


# ---- one clock does it ----


def test_of_two_clocks_only_the_holder_does_the_chores(app: Flask) -> None:
    mine, yours = holding.Holding("a"), holding.Holding("b")
    mine.keep()
    yours.keep()
    done: list[str] = []

    timetable.do_alone(app, lambda: done.append("a"), mine)
    timetable.do_alone(app, lambda: done.append("b"), yours)
    assert done == ["a"]

    mine.give_back()
    yours.keep()
    timetable.do_alone(app, lambda: done.append("b"), yours)
    assert done == ["a", "b"]


def test_a_holder_whose_lease_ran_out_has_it_again_at_once_under_another_term(app: Flask, clock: WoundClock) -> None:
    mine = holding.Holding("a")
    mine.keep()
    before = mine.held
    assert before is not None
    end_of(before, clock, seconds=61)

    mine.keep()

    assert mine.held is not None
    assert mine.held.term == before.term + 1


def test_a_holder_that_was_overtaken_leaves_its_findings_unwritten(app: Flask, clock: WoundClock) -> None:
    mine, yours = holding.Holding("a"), holding.Holding("b")
    mine.keep()
    held = mine.held
    assert held is not None
    a_late_message(clock)
    end_of(held, clock, seconds=61)
    yours.keep()

    timetable.do(app, timetable.look_for_what_is_late, held)

    assert findings.last_audit_at() is None


# ---- the watcher outside ----


@pytest.fixture
def outside() -> Iterator[tuple[str, list[str]]]:
    heard: list[str] = []

    class Watcher(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            heard.append(self.path)
            self.send_response(302 if self.path == "/moved" else 200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Watcher)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", heard
    server.shutdown()
    server.server_close()


@pytest.fixture
def environ(environ: dict[str, str], outside: tuple[str, list[str]]) -> dict[str, str]:
    return {**environ, "HEARTBEAT_URL": f"{outside[0]}/ping/secret"}


def test_the_watcher_outside_hears_of_a_passed_audit_and_of_no_other(
    app: Flask, clock: WoundClock, outside: tuple[str, list[str]]
) -> None:
    timetable.do(app, timetable.look_for_what_is_late)
    assert outside[1] == ["/ping/secret"]

    a_late_message(clock)
    timetable.do(app, timetable.look_for_what_is_late)
    assert outside[1] == ["/ping/secret"]


def test_a_watcher_that_sends_elsewhere_or_is_away_has_not_heard(
    app: Flask, outside: tuple[str, list[str]], caplog: pytest.LogCaptureFixture
) -> None:
    assert not ping_at(app, f"{outside[0]}/moved")
    assert not ping_at(app, "http://127.0.0.1:1/secret")

    assert "heartbeat_not_heard" in caplog.text
    assert "/secret" not in caplog.text


def ping_at(app: Flask, url: str) -> bool:
    app.extensions["sevenbells.settings"] = replace(app.extensions["sevenbells.settings"], heartbeat_url=url)
    return heartbeat.ping()


def test_the_warning_goes_another_way_than_the_one_that_fails(
    app: Flask, clock: WoundClock, outgoing: Outgoing
) -> None:
    a_person("Ada", role="admin")
    with_pagerduty(app)
    a_late_message(clock)
    look(clock)
    assert [message.channel for message in outgoing.sent] == ["pagerduty"]
    alert = outgoing.sent[0].payload
    assert alert["payload"]["summary"] == "Sevenbells: 1 e-mail is 3 min late"

    [claimed] = outbox.claim(worker="w", channel="email")
    outbox.mark_sent(claimed)
    look(clock)
    assert outgoing.sent[1].payload == {"event_action": "resolve", "dedup_key": alert["dedup_key"]}


def test_where_e_mail_is_well_the_admins_get_the_warning_by_it(
    app: Flask, clock: WoundClock, outgoing: Outgoing
) -> None:
    a_person("Ada", role="admin")
    db.session.commit()
    with_pagerduty(app)
    beat(clock, "db-1-aa")
    clock.forward(seconds=91)
    beat(clock, "web-2-bb")
    look(clock)

    assert [message.channel for message in outgoing.sent] == ["email"]


def with_pagerduty(app: Flask) -> None:
    settings = app.extensions["sevenbells.settings"]
    app.extensions["sevenbells.settings"] = replace(settings, pagerduty_routing_key="a routing key")


def test_a_beat_takes_back_that_it_hung(app: Flask, clock: WoundClock) -> None:
    beat(clock)
    beats.note_hanging("here-1-aa", since=clock())
    beat(clock)

    assert db.session.scalars(select(ClockBeat)).one().hung_since is None
