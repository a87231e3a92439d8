"""PostgreSQL restarted while people post and reminders ring: how long until both go on, and what became of it all."""

from __future__ import annotations

import json
import threading
import time
import urllib.error
import urllib.request
import uuid
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from sqlalchemy import func, select, update

from incidents.kernel import clock
from incidents.kernel.beats import ClockBeat
from incidents.kernel.database import db
from incidents.kernel.outbox import OutboxMessage
from incidents.published.incidents import PublishedUpdate
from incidents.records.incidents import Bell, Incident
from incidents.records.updates import Update
from tests import crowds
from tests.faults.machines import Machine, site, wait_until
from tests.faults.postgresql import server


@dataclass
class Team:
    """Somebody who posts updates as fast as they are answered, and keeps what was."""

    web: Machine
    token: str
    ref: str
    over: threading.Event = field(default_factory=threading.Event)
    acknowledged: list[str] = field(default_factory=list)
    last_at: float = 0.0

    def post_for_ever(self) -> None:
        while not self.over.is_set():
            words = f"update {uuid.uuid4().hex}"
            try:
                self._post(words)
            except (urllib.error.URLError, OSError, ValueError):
                time.sleep(0.02)
            else:
                self.acknowledged.append(words)
                self.last_at = time.monotonic()

    def _post(self, words: str) -> None:
        headers = {
            "Authorization": f"Bearer {self.token}",
            "Content-Type": "application/json",
            "Idempotency-Key": uuid.uuid4().hex,
        }
        body = json.dumps({"body": words, "audience": "public"}).encode()
        asked = urllib.request.Request(f"{self.web.address}/api/v1/incidents/{self.ref}/updates", body, headers)
        with urllib.request.urlopen(asked, timeout=15) as answer:
            answer.read()


@dataclass
class Course:
    """What was seen."""

    posting_again: list[float] = field(default_factory=list)  # seconds after the server was back
    ringing_again: list[float] = field(default_factory=list)
    acknowledged: int = 0
    wrong: list[str] = field(default_factory=list)  # one sentence for each thing lost or done twice


def restart_under_load(folder: Path, *, restarts: int, reminders: int) -> Course:
    """Two web machines, two clocks, a crowd of reminders that fall due all the while, and so many restarts."""
    course = Course()
    with server() as postgresql, site(folder, postgresql.url) as (here, sink):
        with here.application():
            crowds.a_crowd(reminders)
        token = here.run("token", "add", "faults", "--scope", "respond").strip()
        webs = [here.start("web") for _ in range(2)]
        for _ in range(2):
            here.start("clock")
        here.wait_for_webs()
        teams = [Team(web, token, f"INC-{number}") for number, web in enumerate(webs, 1)]
        threads = [threading.Thread(target=team.post_for_ever) for team in teams]
        with here.application():
            wait_until(lambda: _count(select(func.count(ClockBeat.worker))) == 2, within=60, what="both clocks beat")
            for thread in threads:
                thread.start()
            _spread(reminders, over=timedelta(seconds=8 * restarts))
            for _ in range(restarts):
                _restart(postgresql.restart, teams, course)
            for team in teams:
                team.over.set()
            for thread in threads:
                thread.join()
            _let_everything_leave(reminders)
            course.acknowledged = sum(len(team.acknowledged) for team in teams)
            _judge(course, teams, set(sink.keys), reminders)
        here.stop()
    return course


def _spread(reminders: int, *, over: timedelta) -> None:
    """Their nudges come one after another, from two seconds from now on."""
    began = clock.now() + timedelta(seconds=2)
    crowds.let_fall_due()
    for number, incident_id in enumerate(db.session.scalars(select(Incident.id).order_by(Incident.id)).all()):
        moment = began + over * number / reminders
        moved = update(Incident).where(Incident.id == incident_id)
        db.session.execute(moved.values(attention_at=moment, next_update_due_at=moment + timedelta(minutes=5)))
    db.session.commit()


def _restart(restart: object, teams: list[Team], course: Course) -> None:
    time.sleep(3.0)  # work is under way
    db.session.remove()
    db.engine.dispose()
    restart()  # type: ignore[operator]
    back, rung = time.monotonic(), _rung()
    wait_until(lambda: all(team.last_at > back for team in teams), within=30, what="people are answered again")
    course.posting_again.append(time.monotonic() - back)
    wait_until(lambda: _rung() > rung, within=30, what="the clocks ring again")
    course.ringing_again.append(time.monotonic() - back)


def _let_everything_leave(reminders: int) -> None:
    waiting = select(func.count()).where(OutboxMessage.state == "waiting")
    wait_until(lambda: _rung() >= reminders - 2 and _count(waiting) == 0, within=200, what="everything leaves")


def _judge(course: Course, teams: list[Team], arrived: set[str], reminders: int) -> None:
    db.session.rollback()
    kept = set(db.session.scalars(select(Update.body).where(Update.state == "published")))
    public = set(db.session.scalars(select(PublishedUpdate.body)))
    acknowledged = {words for team in teams for words in team.acknowledged}
    sent = set(db.session.scalars(select(OutboxMessage.key).where(OutboxMessage.state == "sent")))
    twice = db.session.execute(
        select(OutboxMessage.event, OutboxMessage.destination)
        .group_by(OutboxMessage.event, OutboxMessage.destination)
        .having(func.count() > 1)
    ).all()
    checks = {
        "acknowledged updates are gone": acknowledged - kept,
        "acknowledged updates never became public": acknowledged - public,
        "letters never arrived": sent - arrived,
        "letters arrived under a key that no row bears": arrived - sent,
        "events were written twice to one destination": twice,
        "rows were given up": db.session.scalars(select(OutboxMessage.id).where(OutboxMessage.state == "failed")).all(),
    }
    course.wrong = [f"{len(found)} {what}" for what, found in checks.items() if found]


def _rung() -> int:
    return _count(select(func.count(Bell.id)).where(Bell.key.like("update/%")))


def _count(query: object) -> int:
    db.session.rollback()
    found: int = db.session.scalar(query) or 0  # type: ignore[call-overload]
    return found
