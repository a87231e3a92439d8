"""Fifty endpoints that take a connection and never answer: when healthy ones beside them get theirs, and the console too."""

from __future__ import annotations

import re
import socket
import sys
import tempfile
import threading
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from incidents.jobs.deliveries import Lane
from incidents.jobs.lanes import LaneThread
from incidents.kernel import outbox
from incidents.kernel.database import db
from incidents.records.addresses import ContactAddress
from tests.bench import processes, scratch
from tests.bench.figures import Figure, Result, percentile
from tests.factories import an_incident
from tests.factories_people import PASSWORD, make_person
from tests.ports import free_port

_TARPITS, _HEALTHY, _ROUNDS = 50, 10, 4
_BETWEEN, _PATIENCE, _READS_EVERY = 3.0, 40.0, 0.1  # seconds
_SECRET = "whsec_" + "c2V2ZW5iZWxscyBiZW5jaG1hcmsgb25seQ=="


class _Healthy(BaseHTTPRequestHandler):
    """Answers at once, and notes when it was asked."""

    arrived: dict[str, float] = {}  # noqa: RUF012 - one for all requests

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.arrived.setdefault(self.headers["webhook-id"], time.monotonic())
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_words: object) -> None:
        """Nothing."""


def measure() -> Iterator[Result]:
    """Seconds from enqueueing to arrival at the healthy ones, each round beginning with all the tarpits.

    Meanwhile somebody reads Now and a room by turns, from a web worker in its own process on the same database.
    """
    # a host gets two attempts at one time, so each has an address of its own; nobody accepts what tarpits are sent
    tarpits = [socket.create_server((f"127.0.1.{n + 1}", 0), backlog=50) for n in range(_TARPITS)]
    healthy = [ThreadingHTTPServer((f"127.0.2.{n + 1}", 0), _Healthy) for n in range(_HEALTHY)]
    for server in healthy:
        threading.Thread(target=server.serve_forever, daemon=True).start()
    places = [each.getsockname() for each in tarpits] + [each.server_address for each in healthy]
    port = free_port()
    with (
        tempfile.TemporaryDirectory() as folder,
        scratch.application(Path(folder), OUTBOUND_ALLOW="127.0.0.0/8") as app,
    ):
        person = make_person()
        room = an_incident(by=person, title="Checkout is slow")
        db.session.commit()
        email = person.email
        paths = ("/console/", f"/console/incidents/{room.ref}")
        urls = [f"http://{place[0]!s}:{place[1]}/" for place in places]
        addresses = [
            ContactAddress(person_id=person.id, kind="webhook", label=url, value=url, secret=_SECRET) for url in urls
        ]
        db.session.add_all(addresses)
        db.session.commit()
        names = [address.destination for address in addresses]
        db.session.remove()  # nobody else can write while this side holds a transaction open
        stop = threading.Event()
        lane = LaneThread(Lane(app, "webhook", worker="bench", stop=stop))
        lane.start()
        with _web_worker(Path(folder), port), _somebody_reads(port, paths, email) as read:
            late = _rounds(names)
        stop.set()
        lane.wake()
        lane.join(35)
    for server in healthy:
        server.shutdown()
        server.server_close()
    for each in tarpits:
        each.close()
    yield Figure(
        "Healthy webhooks beside 50 tarpits, enqueued to arrived at p95", percentile(late, 0.95), "s", 10, "at most"
    )
    yield Figure(
        f"The console meanwhile, {len(read)} pages, at p95", percentile(read, 0.95) * 1000, "ms", 300, "at most"
    )


@contextmanager
def _web_worker(folder: Path, port: int) -> Iterator[None]:
    address = f"http://127.0.0.1:{port}/"
    environ = {
        "DATA_DIR": str(folder / "web"),
        "DATABASE_URL": f"sqlite:///{folder / 'sevenbells.db'}",
        "SECRET_KEY": "only for this benchmark, and nobody else",
        "BASE_URL": address.rstrip("/"),
        "PORT": str(port),
        "LOG_LEVEL": "WARNING",
    }
    command = [sys.executable, "-m", "tests.bench.serve"]
    with processes.running(command, environ=environ, log=folder / "web.log", within=address):
        yield


@contextmanager
def _somebody_reads(port: int, paths: tuple[str, ...], email: str) -> Iterator[list[float]]:
    """Ten pages a second; how long each took."""
    took: list[float] = []
    stop = threading.Event()
    origin = f"http://127.0.0.1:{port}"
    browser = _signed_in(origin, email)

    def read() -> None:
        while not stop.wait(_READS_EVERY):
            began = time.perf_counter()
            with browser.open(origin + paths[len(took) % len(paths)], timeout=30) as answer:
                body = answer.read()
            took.append(time.perf_counter() - began)
            assert b"console.js" in body, "not signed in"

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    yield took
    stop.set()
    reader.join(35)
    assert took, "nothing was read"


def _signed_in(origin: str, email: str) -> urllib.request.OpenerDirector:
    browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
    with browser.open(f"{origin}/login", timeout=30) as page:
        token = re.search(rb'name="csrf_token"[^>]* value="([^"]+)"', page.read())
    fields = {"email": email, "password": PASSWORD, **({"csrf_token": token[1].decode()} if token else {})}
    request = urllib.request.Request(f"{origin}/login", urllib.parse.urlencode(fields).encode())
    browser.open(request, timeout=30).close()
    return browser


def _rounds(names: list[str]) -> list[float]:
    began: dict[str, float] = {}
    for number in range(_ROUNDS):
        for place, name in enumerate(names):
            made = outbox.enqueue(
                event=f"round {number}",
                channel="webhook",
                destination=name,
                payload={"type": "incident.notice", "timestamp": "2026-11-23T02:14:00Z", "data": {}},
            )
            if made is not None and place >= _TARPITS:
                began[made.key] = time.monotonic()
        db.session.commit()
        time.sleep(_BETWEEN)
    until = time.monotonic() + _PATIENCE
    while len(_Healthy.arrived) < len(began) and time.monotonic() < until:
        time.sleep(0.1)
    return [_Healthy.arrived.get(key, until) - at for key, at in began.items()]
