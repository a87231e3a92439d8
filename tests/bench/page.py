"""The status page behind our front door, beside nginx serving the same bytes with gzip_static."""

from __future__ import annotations

import gzip
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path

from sqlalchemy import insert

from incidents.kernel import clock
from incidents.kernel.database import db
from incidents.published.incidents import PublishedIncident, PublishedUpdate
from incidents.published.public_ids import fresh_public_id
from tests.bench import processes, scratch
from tests.bench.figures import Figure, LeftOut, Result
from tests.factories_published import (
    DEGRADED,
    MAJOR,
    OPERATIONAL,
    PARTIAL,
    make_component,
    make_past_incident,
    make_update,
)
from tests.ports import free_port

_ROUNDS = 5
_SECONDS = 4
_SETTLE = 0.5
_FOR_PROGRAMS = {"JSON": "api/v2/summary.json", "Atom": "history.atom"}
_NGINX = """
worker_processes 2; daemon off; error_log {folder}/nginx.log; pid {folder}/nginx.pid;
events {{ worker_connections 1024; }}
http {{
  access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000; default_type text/html; charset utf-8;
  client_body_temp_path {folder}/b; proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  server {{ listen 127.0.0.1:{port}; root {folder}/www; gzip_static on;
    add_header Cache-Control "public, max-age=15, stale-while-revalidate=60, stale-if-error=86400"; }}
}}
"""


@dataclass(frozen=True)
class Round:
    """What one run of the load generator and the server's clock ticks said."""

    rate: float  # requests/s
    cpu: float  # µs of the server a request
    p99: float  # ms
    errors: int


def measure() -> Iterator[Result]:
    """Requests/s, CPU a request and p99 with 64 connections; with a long history; beside slow work; and for 304."""
    missing = [
        name for name in ("nginx", "wrk") if shutil.which(name) is None and not Path(f"/usr/sbin/{name}").exists()
    ]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        with _ours(folder) as (address, pid):
            page = _fetch(address)
            yield from _weight(page, address)
            if missing:
                yield LeftOut("The page beside nginx", f"{' and '.join(missing)} not installed")
                return
            yield from _beside_nginx(folder, page, address, pid)


def _beside_nginx(folder: Path, page: bytes, address: str, pid: int) -> Iterator[Result]:
    www = folder / "www"
    www.mkdir()
    _put(www / "index.html", page)
    for path in _FOR_PROGRAMS.values():
        _put(www / path, _fetch(address + path))
    port = free_port()
    config = folder / "nginx.conf"
    config.write_text(_NGINX.format(folder=folder, port=port))
    theirs = f"http://127.0.0.1:{port}/"
    nginx = shutil.which("nginx") or "/usr/sbin/nginx"
    with processes.running([nginx, "-c", str(config)], log=folder / "nginx.out", within=theirs) as reference:
        yield from _compare("page", lambda: _load(address, pid), lambda: _load(theirs, reference.pid))
        etags = [_etag(address), _etag(theirs)]
        ours, nginxs = _in_turn(
            lambda: _load(address, pid, f"If-None-Match: {etags[0]}"),
            lambda: _load(theirs, reference.pid, f"If-None-Match: {etags[1]}"),
        )
        plain, _ = _in_turn(lambda: _load(address, pid), lambda: _load(theirs, reference.pid), rounds=3)
        yield Figure("304: our CPU a request beside our 200", ours.cpu, "µs", 1.1, "at most", plain.cpu)
        yield Figure("304: requests/s beside nginx's 304", ours.rate, "/s", 0.7, "at least", nginxs.rate)
        for name, path in _FOR_PROGRAMS.items():
            here, there = address + path, theirs + path
            yield from _compare(name, partial(_load, here, pid), partial(_load, there, reference.pid))
            yield from _compare_unchanged(name, here, pid, there, reference.pid)
        with _slow_work(address):
            yield from _compare(
                "page, 16 three-second requests in Flask",
                lambda: _load(address, pid),
                lambda: _load(theirs, reference.pid),
            )
        _add_history(folder)
        time.sleep(3)
        yield from _compare(
            "page, 10,000 past incidents", lambda: _load(address, pid), lambda: _load(theirs, reference.pid)
        )


def _put(path: Path, body: bytes) -> None:
    """A file, and its ``.gz`` beside it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(body)
    path.with_name(f"{path.name}.gz").write_bytes(gzip.compress(body, 9, mtime=0))


def _compare_unchanged(name: str, ours: str, pid: int, theirs: str, their_pid: int) -> Iterator[Result]:
    """The answer 304 beside nginx's, each asked with its own ETag."""
    asked = [f"If-None-Match: {_etag(address)}" for address in (ours, theirs)]
    mine, other = _in_turn(lambda: _load(ours, pid, asked[0]), lambda: _load(theirs, their_pid, asked[1]), rounds=3)
    yield Figure(f"304, {name}: requests/s beside nginx's 304", mine.rate, "/s", 0.7, "at least", other.rate)
    yield Figure(f"304, {name}: CPU a request beside nginx's 304", mine.cpu, "µs", 1.5, "at most", other.cpu)


def _compare(name: str, ours: Callable[[], Round], theirs: Callable[[], Round]) -> Iterator[Result]:
    mine, other = _in_turn(ours, theirs)
    yield Figure(f"{name}: requests/s beside nginx", mine.rate, "/s", 0.7, "at least", other.rate)
    yield Figure(f"{name}: CPU a request beside nginx", mine.cpu, "µs", 1.5, "at most", other.cpu)
    yield Figure(f"{name}: p99 with 64 connections", mine.p99, "ms", 15, "at most")
    yield Figure(f"{name}: errors", mine.errors, "", 0, "at most")


def _in_turn(ours: Callable[[], Round], theirs: Callable[[], Round], *, rounds: int = _ROUNDS) -> tuple[Round, Round]:
    pairs = [(ours(), theirs()) for _ in range(rounds)]
    return _median([pair[0] for pair in pairs]), _median([pair[1] for pair in pairs])


def _median(rounds: list[Round]) -> Round:
    return Round(
        statistics.median(each.rate for each in rounds),
        statistics.median(each.cpu for each in rounds),
        statistics.median(each.p99 for each in rounds),
        sum(each.errors for each in rounds),
    )


def _load(address: str, pid: int, *headers: str) -> Round:
    time.sleep(_SETTLE)
    before = processes.cpu_seconds(pid)
    asked = [part for header in ("Accept-Encoding: gzip", *headers) for part in ("-H", header)]
    said = subprocess.run(
        ["wrk", "-t2", "-c64", f"-d{_SECONDS}s", "--latency", *asked, address],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    cpu = processes.cpu_seconds(pid) - before
    requests = int(_found(r"(\d+) requests in", said))
    errors = sum(
        int(number)
        for number in re.findall(r"(?:Non-2xx or 3xx responses: |connect |read |write |timeout )(\d+)", said)
    )
    return Round(float(_found(r"Requests/sec:\s+([\d.]+)", said)), cpu / requests * 1e6, _milliseconds(said), errors)


def _milliseconds(said: str) -> float:
    number, unit = re.search(r"99%\s+([\d.]+)(us|ms|s)", said).groups()  # type: ignore[union-attr]
    return float(number) * {"us": 0.001, "ms": 1, "s": 1000}[unit]


def _found(pattern: str, said: str) -> str:
    found = re.search(pattern, said)
    if found is None:
        raise RuntimeError(f"wrk said something unexpected:\n{said}")
    return found[1]


def _weight(page: bytes, address: str) -> Iterator[Result]:
    elsewhere = re.findall(rb'(?:src|href)="(?!data:|#|/|mailto:)([^"]+)"', page)
    ours = [link for link in elsewhere if not link.startswith(address.encode())]
    needed = re.findall(rb'<(?:script|img|link[^>]*stylesheet)[^>]*(?:src|href)="(?!data:)', page)
    yield Figure("The page's HTML, uncompressed (about 45 kB is asked)", len(page) / 1000, "kB", 60, "at most")
    yield Figure(
        "The page with everything it needs, compressed", len(gzip.compress(page, 9)) / 1000, "kB", 20, "at most"
    )
    yield Figure("… requests besides the page itself", len(needed) + len(ours), "", 0, "at most")


def _fetch(address: str) -> bytes:
    with urllib.request.urlopen(address, timeout=10) as answer:
        body: bytes = answer.read()
        return body


def _etag(address: str) -> str:
    asked = urllib.request.Request(address, headers={"Accept-Encoding": "gzip"})
    with urllib.request.urlopen(asked, timeout=10) as answer:
        return str(answer.headers["ETag"])


class _slow_work:  # noqa: N801 - reads as a statement
    """Sixteen requests of three seconds each are always under way in Flask, or knocking at its door."""

    def __init__(self, address: str) -> None:
        self._address = f"{address}slow"
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._ask, daemon=True) for _ in range(16)]

    def __enter__(self) -> None:
        for thread in self._threads:
            thread.start()
        time.sleep(1)

    def __exit__(self, *_broken: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join(15)

    def _ask(self) -> None:
        while not self._over.is_set():
            try:
                urllib.request.urlopen(self._address, timeout=20).read()
            except (urllib.error.URLError, OSError):
                time.sleep(1)  # as Retry-After says


class _ours:  # noqa: N801 - reads as a statement
    """Our web workers on a scratch database with a full page: their address and process id."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        port = free_port()
        self._address = f"http://127.0.0.1:{port}/"
        self._environ = {
            "DATA_DIR": str(folder / "var"),
            "DATABASE_URL": f"sqlite:///{folder / 'bench.db'}",
            "SECRET_KEY": "only for this benchmark, and nobody else",
            "BASE_URL": self._address.rstrip("/"),
            "PORT": str(port),
            "LOG_LEVEL": "WARNING",
        }

    def __enter__(self) -> tuple[str, int]:
        with scratch.application(self._folder, database_url=self._environ["DATABASE_URL"]):
            _make_full_page()
            db.session.commit()
        self._running = processes.running(
            [sys.executable, "-m", "tests.bench.serve"],
            environ=self._environ,
            log=self._folder / "web.log",
            within=self._address,
        )
        process = self._running.__enter__()
        time.sleep(2)
        return self._address, process.pid

    def __exit__(self, *broken: object) -> None:
        self._running.__exit__(None, None, None)


def _make_full_page() -> None:
    """20 components in groups and 10 incidents, one of them open, with texts of a usual length."""
    components = [make_component(f"Component number {number}").public_id for number in range(20)]
    words = "Some requests fail and others are slow. We are looking into it, and write again when we know more. " * 3
    for number in range(9):
        status = (DEGRADED, PARTIAL, MAJOR)[number % 3]
        touched = components[number : number + 4]
        make_past_incident(
            f"Trouble with part {number} of what we offer",
            ended_ago=timedelta(days=1 + number, hours=3),
            lasted=timedelta(minutes=50),
            components=dict.fromkeys(touched, status),
            body=words,
        )
    now = clock.now()
    for minutes, status in ((95, "investigating"), (65, "investigating"), (35, "identified"), (5, "monitoring")):
        make_update(
            1,
            status=status,
            body=words,
            components=dict.fromkeys(components[:3], PARTIAL if status != "monitoring" else OPERATIONAL),
            at=now - timedelta(minutes=minutes),
            next_update_at=now + timedelta(minutes=25),
        )


def _add_history(folder: Path, *, database: str = "bench.db") -> None:
    """10,000 incidents of earlier years, each with two updates, written at once."""
    import wsgi
    from incidents.kernel import settings
    from incidents.published.revision import bump

    app = wsgi.create_app(
        settings.load({"DATA_DIR": str(folder / "history"), "DATABASE_URL": f"sqlite:///{folder / database}"})
    )
    with app.app_context():
        first = 1_000_000
        incidents, updates = [], []
        for number in range(first, first + 10_000):
            start = clock.now() - timedelta(days=100, hours=(number - first) * 2)
            end = start + timedelta(minutes=40)
            incidents.append(
                {
                    "id": number,
                    "public_id": fresh_public_id(),
                    "incident_id": number,
                    "incident_ref": f"INC-{number}",
                    "title": f"Old trouble {number}",
                    "severity": "P2",
                    "started_at": start,
                    "began_at": start,
                    "ended_at": end,
                    "created_at": start,
                    "updated_at": end,
                }
            )
            for at, status in ((start, "investigating"), (end, "resolved")):
                updates.append(
                    {
                        "public_id": fresh_public_id(),
                        "published_incident_id": number,
                        "body": "Words.",
                        "body_html": "<p>Words.</p>",
                        "public_status": status,
                        "components": {},
                        "display_at": at,
                        "notify": True,
                        "created_at": at,
                    }
                )
        db.session.execute(insert(PublishedIncident), incidents)
        db.session.execute(insert(PublishedUpdate), updates)
        bump()
        db.session.commit()
        db.session.remove()
        db.engine.dispose()
