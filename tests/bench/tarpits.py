"""Fifty endpoints that take a connection and never answer, and healthy ones beside them: when these get theirs."""

from __future__ import annotations

import socket
import tempfile
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from incidents.jobs.deliveries import Lane
from incidents.jobs.lanes import LaneThread
from incidents.kernel import outbox
from incidents.kernel.database import db
from incidents.records.addresses import ContactAddress
from tests.bench import scratch
from tests.bench.figures import Figure, Result, percentile
from tests.factories import a_person

_TARPITS, _HEALTHY, _ROUNDS = 50, 10, 4
_BETWEEN, _PATIENCE = 3.0, 40.0  # seconds
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
    """Seconds from enqueueing to arrival at the healthy ones, each round beginning with all the tarpits."""
    # a host gets two attempts at one time, so each has an address of its own; nobody accepts what tarpits are sent
    tarpits = [socket.create_server((f"127.0.1.{n + 1}", 0), backlog=50) for n in range(_TARPITS)]
    healthy = [ThreadingHTTPServer((f"127.0.2.{n + 1}", 0), _Healthy) for n in range(_HEALTHY)]
    for server in healthy:
        threading.Thread(target=server.serve_forever, daemon=True).start()
    places = [each.getsockname() for each in tarpits] + [each.server_address for each in healthy]
    with (
        tempfile.TemporaryDirectory() as folder,
        scratch.application(Path(folder), OUTBOUND_ALLOW="127.0.0.0/8") as app,
    ):
        person = a_person("Alice")
        urls = [f"http://{place[0]!s}:{place[1]}/" for place in places]
        addresses = [
            ContactAddress(person_id=person.id, kind="webhook", label=url, value=url, secret=_SECRET) for url in urls
        ]
        db.session.add_all(addresses)
        db.session.commit()
        names = [address.destination for address in addresses]
        stop = threading.Event()
        lane = LaneThread(Lane(app, "webhook", worker="bench", stop=stop))
        lane.start()
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
