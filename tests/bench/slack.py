"""How soon Slack is answered: 10,000 incidents on SQLite, while an update goes to 10,000 subscribers, and for long."""

from __future__ import annotations

import http.client
import itertools
import json
import multiprocessing
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode

from sqlalchemy import delete, func, insert, select, text

from incidents import actions
from incidents.kernel import clock, outbox
from incidents.kernel.database import db
from incidents.kernel.outbox import OutboxMessage
from incidents.published.public_ids import fresh_public_id
from incidents.published.subscribers import EMAIL, Subscriber, fresh_token
from incidents.records.incidents import Incident
from incidents.records.people import Person
from tests.bench import fanout, processes, scratch
from tests.bench.figures import Figure, LeftOut, Result, percentile
from tests.bench.screens import _fill_incidents
from tests.factories import a_component, a_person, an_incident
from tests.ports import free_port
from tests.receivers import receiving
from tests.slack_api import TEAM, SlackApi
from tests.slack_door import KEY, command_body, headers, linked

_INCIDENTS, _OPEN, _SUBSCRIBERS = 10_000, 200, 10_000
_ANSWERS, _LONG, _WARM = 600, 10_000, 1_000
_USER, _OPS = "U0ALICE", "C0OPS"
_LONGEST_FANOUT = 90.0  # seconds
Ask = tuple[str, str, str]  # path, content type, body


def measure() -> Iterator[Result]:
    """Milliseconds from a signed request to its whole answer, over HTTP, one after another; megabytes of the web worker."""
    with tempfile.TemporaryDirectory() as name, ExitStack() as all_of_them:
        folder, api = Path(name), SlackApi(all_of_them.enter_context(receiving()))
        environ = _environ(folder, api, _mail_server(all_of_them))
        all_of_them.enter_context(scratch.application(folder, **environ))
        open_ones = _fill()
        db.session.remove()
        port = free_port()
        serve = [sys.executable, "-m", "tests.bench.serve"]
        served = {**environ, "PORT": str(port), "WEB_WORKERS": "1"}
        web = all_of_them.enter_context(
            processes.running(serve, environ=served, log=folder / "web.log", within=f"http://127.0.0.1:{port}/")
        )
        slack = Slack(port, open_ones)
        slack.answers(60)
        yield from _figures(slack.answers(_ANSWERS), "with 10,000 incidents", 300)
        tick = [sys.executable, "-m", "tests.bench.tick"]
        with processes.running(tick, environ=environ, log=folder / "clock.log"):
            yield from _during_a_fanout(slack)
        yield _memory(slack, web.pid)


def _environ(folder: Path, api: SlackApi, smtp_port: int) -> dict[str, str]:
    return {
        "DATA_DIR": str(folder),
        "DATABASE_URL": f"sqlite:///{folder / 'sevenbells.db'}",
        "SECRET_KEY": "only for this benchmark, and nobody else",
        "BASE_URL": "http://127.0.0.1",
        "LOG_LEVEL": "WARNING",
        "SMTP_URL": f"smtp://127.0.0.1:{smtp_port}",
        "MAIL_FROM": "status@example.com",
        "SLACK_BOT_TOKEN": "xoxb-bench",
        "SLACK_SIGNING_SECRET": KEY,
        "SLACK_API_BASE_URL": api.url,
    }


def _mail_server(running: ExitStack) -> int:
    """In a process of its own, as a mail server is; answers its port."""
    context = multiprocessing.get_context("spawn")
    told: Any = context.Queue()
    server = context.Process(target=fanout._serve, args=(told,), daemon=True)
    server.start()
    running.callback(server.join, 10)
    running.callback(server.terminate)
    return int(told.get(timeout=30))


# ---- what stands in the database ----


def _fill() -> list[str]:
    """Incidents with their headlines in Slack, subscribers, and somebody who acts; answers those that are open."""
    alice = linked(a_person("Alice"), _USER)
    component = a_component("API")
    first = an_incident(by=alice, title="A long night", components={component: "major_outage"})
    first_id = first.id
    found = [first.ref, *(an_incident(by=alice, title=f"Trouble {n}", severity="P3").ref for n in range(_OPEN - 1))]
    _fill_incidents(first_id, _INCIDENTS - _OPEN)
    now = clock.now()
    db.session.execute(delete(OutboxMessage))  # nobody is called while this is measured
    _headlines()
    same = {"shape": "standard", "language": "en", "hears_maintenance": True, "created_at": now, "updated_at": now}
    people = [
        {
            **same,
            "public_id": fresh_public_id(),
            "token": fresh_token(),
            "kind": EMAIL,
            "email": f"{number}@example.com",
            "all_components": True,
            "confirmed_at": now,
        }
        for number in range(_SUBSCRIBERS)
    ]
    db.session.execute(insert(Subscriber), people)
    db.session.commit()
    return found


def _headlines() -> None:
    """As they stand once Slack has taken them."""
    numbers = db.session.scalars(select(Incident.id)).all()
    same = {"channel": "slack", "destination": "team", "purpose": outbox.TEAM, "payload": {"text": "x", "blocks": []}}
    outbox.enqueue_each(
        [{**same, "event": f"team/{n}/headline/{n}", "incident_id": n, "fold_key": f"headline/{n}"} for n in numbers]
    )
    taken = "json_object('ts', (1795000000 + incident_id) || '.000100', 'channel', :channel)"
    sent = text(f"UPDATE outbox SET state = 'sent', sent_at = created_at, receipt = {taken}")
    db.session.execute(sent, {"channel": _OPS})


# ---- Slack ----


class Slack:
    """Asks for one thing after another, each signed anew."""

    def __init__(self, port: int, refs: list[str]) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        self._refs = itertools.cycle(refs)
        self._number = itertools.count(1)
        self._kinds = itertools.cycle(
            [
                lambda: _command("list"),
                lambda: _command(f"show {next(self._refs)}"),
                lambda: _command(f"note {next(self._refs)} It is the pool, number {next(self._number)}"),
                lambda: _command("oncall"),
                lambda: _command(f"ack {next(self._refs)}"),
                self._button,
                self._reaction,
                self._shortcut,
            ]
        )

    def answers(self, how_many: int) -> list[tuple[str, float]]:
        """What was asked, and the milliseconds until its answer was read."""
        return [self._ask(next(self._kinds)()) for _ in range(how_many)]

    def answers_until(self, is_over: Callable[[], bool]) -> list[tuple[str, float]]:
        found = []
        while not is_over():
            found += self.answers(8)
        return found

    def _ask(self, asked: Ask) -> tuple[str, float]:
        path, media, content = asked
        signed = {**headers(content), "Content-Type": media}
        began = time.perf_counter()
        self._connection.request("POST", path, content, signed)
        answer = self._connection.getresponse()
        said = answer.read()
        took = (time.perf_counter() - began) * 1000
        if answer.status != 200 or b"Nothing was recorded" in said:
            raise RuntimeError(f"{path} answered {answer.status}: {said[:300]!r}")
        return _name(content), took

    def _button(self) -> Ask:
        return _interaction("block_actions", self._number, actions=[{"action_id": f"acknowledge:{next(self._refs)}"}])

    def _shortcut(self) -> Ask:
        """In a thread of the team's channel: all the headlines are looked through."""
        number = int(next(self._refs).removeprefix("INC-"))
        root = f"{1795000000 + number}.000100"
        message = {"type": "message", "user": _USER, "ts": root[:-1] + "1", "thread_ts": root, "text": "Restarted it"}
        return _interaction("message_action", self._number, callback_id="add_to_timeline", message=message)

    def _reaction(self) -> Ask:
        item = {"type": "message", "channel": _OPS, "ts": f"1795{next(self._number):06}.000200"}
        happened = {"type": "reaction_added", "user": _USER, "reaction": "pushpin", "item": item}
        told = {"type": "event_callback", "team_id": TEAM, "event_id": f"Ev{next(self._number)}", "event": happened}
        return "/slack/events", "application/json", json.dumps(told)


def _name(content: str) -> str:
    """What was asked, for saying which was slow."""
    fields = parse_qs(content)
    return (fields.get("text") or fields.get("payload") or [content])[0][:60]


def _command(words: str) -> Ask:
    content = command_body(words, user=_USER, team_id=TEAM, channel_id=_OPS)
    return "/slack/commands", "application/x-www-form-urlencoded", content


def _interaction(kind: str, numbers: Iterator[int], **more: Any) -> Ask:
    told = {
        "type": kind,
        "team": {"id": TEAM, "domain": "acme"},
        "user": {"id": _USER, "username": "alice"},
        "channel": {"id": _OPS},
        "trigger_id": f"{next(numbers)}.1.x",
        **more,
    }
    return "/slack/interactions", "application/x-www-form-urlencoded", urlencode({"payload": json.dumps(told)})


# ---- figures ----


def _figures(found: list[tuple[str, float]], when: str, goal: float) -> Iterator[Result]:
    taken = [each for _asked, each in found]
    slowest = max(found, key=lambda each: each[1])
    sys.stderr.write(f"{len(found)} answers {when}; the slowest was {slowest[0]} with {slowest[1]:.0f} ms\n")
    yield Figure(f"Slack's answer {when}, p99", percentile(taken, 0.99), "ms", goal, "at most")
    yield Figure("… at the median", percentile(taken, 0.5), "ms", goal / 3, "at most")


def _during_a_fanout(slack: Slack) -> Iterator[Result]:
    alice = db.session.scalars(select(Person)).first()
    assert alice is not None
    incident = db.session.get_one(Incident, 1)
    actions.post_update(incident, by=alice.as_actor(), body="Checkout fails. We look into it.", audience="public")
    db.session.commit()
    db.session.remove()
    began, looked_at, sent = time.monotonic(), 0.0, 0

    def is_over() -> bool:
        nonlocal looked_at, sent
        now = time.monotonic()
        if now - looked_at > 1:
            looked_at = now
            by_mail = (OutboxMessage.channel == "email", OutboxMessage.state == "sent")
            sent = db.session.scalar(select(func.count()).select_from(OutboxMessage).where(*by_mail)) or 0
            db.session.rollback()
        return sent >= _SUBSCRIBERS or now - began > _LONGEST_FANOUT

    found = slack.answers_until(is_over)
    if sent < _SUBSCRIBERS:
        yield LeftOut(
            "Slack's answer to the end of a fan-out", f"only {sent} letters had left after {_LONGEST_FANOUT} s"
        )
    yield from _figures(found, "while an update goes to 10,000 subscribers", 1000)


def _memory(slack: Slack, pid: int) -> Result:
    """What 10,000 more add, once everything has been loaded that is ever needed."""
    slack.answers(_WARM)
    before = _megabytes(pid)
    slack.answers(_LONG)
    return Figure("… what 10,000 of them add to the web worker's memory", _megabytes(pid) - before, "MB", 10, "at most")


def _megabytes(pid: int) -> float:
    return max(processes.resident_megabytes(each) for each in processes.family(pid))
