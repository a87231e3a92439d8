"""kill -9 of the clock and of the web while people post and reminders ring: nothing acknowledged is lost."""

from __future__ import annotations

import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller

from tests.bench.processes import command_line, family, first_answer
from tests.ports import free_port

# A fault run of its own may ask for more: KILLS=50 pytest tests/faults
KILLS = int(os.environ.get("KILLS", "12"))
PROGRAM = [sys.executable, "-m", "incidents.cli"]


class Postbox:
    """The keys of all letters that arrived: a repeat after a crash bears the same one."""

    def __init__(self) -> None:
        self.keys: set[str] = set()

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        message = message_from_bytes(envelope.content, policy=policy.default)
        self.keys.add(str(message["Message-ID"]).strip("<>").partition("@")[0])
        return "250 OK"


class Program:
    """A running ``sevenbells up``, its API, and what it acknowledged."""

    def __init__(self, folder: Path, environ: dict[str, str]) -> None:
        self.environ, self.folder = environ, folder
        self.address = environ["BASE_URL"]
        self.token = self.run("token", "add", "faults", "--scope", "respond").strip()
        self.acknowledged: list[str] = []
        self.declared: list[str] = []

    def run(self, *words: str) -> str:
        done = subprocess.run(
            [*PROGRAM, *words], env={**os.environ, **self.environ}, capture_output=True, text=True, check=True
        )
        return done.stdout

    def post(self, path: str, body: dict[str, object], *, method: str = "POST") -> dict[str, Any]:
        asked = urllib.request.Request(
            f"{self.address}/api/v1{path}",
            json.dumps(body).encode(),
            {
                "Authorization": f"Bearer {self.token}",
                "Content-Type": "application/json",
                "Idempotency-Key": uuid.uuid4().hex,
            },
            method=method,
        )
        with urllib.request.urlopen(asked, timeout=5) as answer:
            read: dict[str, Any] = json.loads(answer.read())
            return read


@pytest.fixture
def postbox() -> Iterator[tuple[Postbox, int]]:
    box = Postbox()
    controller = Controller(box, hostname="127.0.0.1", port=free_port())
    controller.start()
    yield box, controller.port
    controller.stop()


@contextmanager
def up(environ: dict[str, str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*PROGRAM, "up"],
            env={**os.environ, **environ},
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        first_answer(f"{environ['BASE_URL']}/", process, log)
        yield process
    finally:
        process.terminate()
        try:
            process.wait(40)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def children(pid: int, word: str) -> list[int]:
    """Descendants of ``up`` that run ``sevenbells <word>``, the workers of web included."""
    return [one for one in family(pid)[1:] if f" {word}" in f"{command_line(one)} "]


def post_for_ever(program: Program, over: threading.Event) -> None:
    """One team that declares incidents and posts updates as fast as it is answered."""
    number = 0
    while not over.is_set():
        number += 1
        try:
            if number % 5 == 1:
                ref = str(program.post("/incidents", {"title": f"Trouble {number}", "severity": "P1"})["ref"])
                program.declared.append(ref)
                program.post(f"/incidents/{ref}/acknowledgement", {}, method="PUT")
            words = f"update {number} {uuid.uuid4().hex}"
            program.post(f"/incidents/{program.declared[-1]}/updates", {"body": words, "audience": "public"})
            program.acknowledged.append(words)
        except (urllib.error.URLError, OSError, ValueError, IndexError):
            time.sleep(0.02)


def make_reminders_due(database: Path) -> None:
    """Move the promises of open incidents so that the clock has something to ring at once."""
    with sqlite3.connect(database, timeout=10, isolation_level=None) as connection:
        now = time.strftime("%Y-%m-%d %H:%M:00.000000", time.gmtime())
        connection.execute(
            "UPDATE incidents SET next_update_due_at = ?, due_armed_at = '2020-01-01 00:00:00.000000', rang_at = NULL,"
            " attention_at = ? WHERE outcome IS NULL AND id IN (SELECT id FROM incidents ORDER BY id DESC LIMIT 10)",
            (now, now),
        )


def test_nothing_acknowledged_is_lost_and_nothing_is_sent_under_two_keys(
    tmp_path: Path, postbox: tuple[Postbox, int]
) -> None:
    box, smtp = postbox
    port = free_port()
    database = tmp_path / "var" / "sevenbells.db"
    environ = {
        "DATA_DIR": str(tmp_path / "var"),
        "PORT": str(port),
        "BASE_URL": f"http://127.0.0.1:{port}",
        "SMTP_URL": f"smtp://127.0.0.1:{smtp}",
        "MAIL_FROM": "status@example.com",
        "LOG_LEVEL": "WARNING",
    }
    log = tmp_path / "up.log"
    dice = random.Random(7)
    with up(environ, log) as process:
        program = Program(tmp_path, environ)
        for name in ("Maya", "Lena", "Jonas"):  # a token declares, so all of them are told
            program.run("user", "add", f"{name.lower()}@example.com", "--role", "responder", "--name", name)
        over = threading.Event()
        team = threading.Thread(target=post_for_ever, args=(program, over))
        team.start()
        for kill in range(KILLS):
            _wait_for_work(program, more_than=len(program.acknowledged) + 1)
            make_reminders_due(database)
            time.sleep(dice.uniform(0.0, 0.2))  # so that the blow falls anywhere in a request or a letter
            victims = children(process.pid, ("web", "clock")[kill % 2])
            for victim in dice.sample(victims, k=min(len(victims), 2)):
                with suppress(ProcessLookupError):  # a worker that was just starting ended with its parent
                    os.kill(victim, signal.SIGKILL)
        over.set()
        team.join()
        first_answer(f"{environ['BASE_URL']}/health/live", process, log)
        _let_everything_leave(database)

    assert len(program.acknowledged) > KILLS, log.read_text(errors="replace")[-2000:]
    with sqlite3.connect(database) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        kept = {body for (body,) in connection.execute("SELECT body FROM updates WHERE state = 'published'")}
        public = {body for (body,) in connection.execute("SELECT body FROM published_updates")}
        twice = connection.execute("SELECT incident_id, key FROM bells GROUP BY 1, 2 HAVING count(*) > 1").fetchall()
        unsent = connection.execute("SELECT id, state, reason FROM outbox WHERE state <> 'sent'").fetchall()
        keys = {key for (key,) in connection.execute("SELECT key FROM outbox")}
        keys_sent = {key for (key,) in connection.execute("SELECT key FROM outbox WHERE state = 'sent'")}
        told_twice = connection.execute(
            "SELECT event, destination FROM outbox GROUP BY 1, 2 HAVING count(*) > 1"
        ).fetchall()
    assert set(program.acknowledged) <= kept
    assert set(program.acknowledged) <= public
    assert twice == []
    # what was acknowledged in the meantime calls for nobody any more: that is said, and is a truthful end
    assert [row for row in unsent if row[1] != "skipped" or not row[2]] == []
    assert told_twice == []
    # every letter arrived under the one key that its row bears, and the letter of each row that was sent arrived
    assert keys_sent <= box.keys <= keys


def _wait_for_work(program: Program, *, more_than: int) -> None:
    """Go on once people are being answered again."""
    deadline = time.monotonic() + 60
    while len(program.acknowledged) <= more_than:
        assert time.monotonic() < deadline, "nothing was acknowledged for a minute"
        time.sleep(0.01)


def _let_everything_leave(database: Path) -> None:
    """Leases of killed clocks run out within two minutes; then whatever waits is sent."""
    deadline = time.monotonic() + 180
    while time.monotonic() < deadline:
        with sqlite3.connect(database, timeout=10) as connection:
            waiting = connection.execute("SELECT count(*) FROM outbox WHERE state = 'waiting'").fetchone()[0]
        if not waiting:
            return
        time.sleep(0.5)
