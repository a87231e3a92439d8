"""The lane: kept pages over a real socket, exactly as the front door answers; everything else joined to the server behind."""

from __future__ import annotations

import contextlib
import errno
import http.client
import json
import os
import pickle
import random
import socket
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import Client

from incidents.kernel.database import db
from statuspage.frontdoor import FrontDoor
from statuspage.lane import Arrivals, Doorstep, Lane, arrivals
from statuspage.renewer import Renewer
from tests.doors import no_flask
from tests.factories_published import make_page, make_update

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)  # nothing of it is the database's

PATIENCE = 20.0  # seconds; a limit for a machine that is busy, not a measurement


class Behind:
    """A server on the doorstep: keeps whom each connection is from, and what it says; answers as it is told."""

    def __init__(self, doorstep: Doorstep) -> None:
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(doorstep.server))
        self.listener.listen()

    @contextmanager
    def next(self) -> Iterator[tuple[socket.socket, str]]:
        """The next connection, and the name it comes from."""
        self.listener.settimeout(PATIENCE)
        connection, name = self.listener.accept()
        connection.settimeout(PATIENCE)
        with connection:
            yield connection, name


class Site:
    """A lane that runs, its front door, and what is behind it. ``now`` is how far the lane's clock is moved on."""

    def __init__(self, renewer: Renewer, folder: Path) -> None:
        self.now = 0.0
        self.doorstep = Doorstep(folder)
        self.behind = Behind(self.doorstep)
        self.door = FrontDoor(no_flask, renewer, threads=8)
        self.public = socket.create_server(("127.0.0.1", 0))
        self.public.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 64_000)  # of its connections too
        self.lane = Lane(self.public, self.door, self.doorstep.join, now=lambda: self.now + time.monotonic())

    def connect(self, *, room: int = 0) -> socket.socket:
        """A connection; with ``room`` bytes, about, for what is not read yet."""
        connection = socket.socket()
        connection.settimeout(PATIENCE)
        if room:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, room)
        connection.connect(self.public.getsockname())
        return connection

    def ask(self, path: str, headers: dict[str, str] | None = None) -> tuple[int, dict[str, str], bytes]:
        """One request on a connection of its own."""
        with closing(
            http.client.HTTPConnection("127.0.0.1", self.public.getsockname()[1], timeout=PATIENCE)
        ) as connection:
            connection.request("GET", path, headers=headers or {})
            answer = connection.getresponse()
            body = answer.read()
            return answer.status, {name.lower(): value for name, value in answer.getheaders()}, body


@pytest.fixture
def renewer(app: Flask) -> Renewer:
    found: Renewer = app.extensions["sevenbells.page"]
    make_page()
    make_update(1, body="Checkout fails.")
    db.session.commit()
    found.renew_now()
    return found


@pytest.fixture
def site(renewer: Renewer, tmp_path: Path) -> Iterator[Site]:
    found = Site(renewer, tmp_path)
    found.lane.start()
    yield found
    found.lane.stop()
    found.behind.listener.close()
    found.public.close()


def test_what_a_worker_is_given_can_be_sent_to_a_new_process(site: Site) -> None:
    again = pickle.loads(pickle.dumps(site.doorstep))
    with again.join("203.0.113.7"), site.behind.next() as (_server, name):
        assert name.endswith("@203.0.113.7")


def test_a_doorstep_is_made_where_there_is_room_and_swept_once_its_process_is_no_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, database_url: str
) -> None:
    monkeypatch.setattr(arrivals, "_LONGEST_PLACE", len(str(tmp_path)))
    monkeypatch.setattr(arrivals, "_IN_MEMORY", str(tmp_path / "missing"))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    left, in_use = tmp_path / "sevenbells-99999999-dead", tmp_path / f"sevenbells-{os.getpid()}-alive"
    left.mkdir()
    in_use.mkdir()
    made = Doorstep.make()
    assert made is not None
    assert sorted(tmp_path.glob("sevenbells-*")) == sorted([in_use, made.folder])
    assert made.folder.stat().st_mode & 0o077 == 0


@contextmanager
def closing_all(connections: Iterable[socket.socket]) -> Iterator[list[socket.socket]]:
    with ExitStack() as stack:
        yield [stack.enter_context(connection) for connection in connections]


def say_and_go(server: socket.socket, words: bytes) -> None:
    server.sendall(words)
    server.close()


def head(path: str = "/", *headers: str, version: str = "1.1") -> bytes:
    return "\r\n".join((f"GET {path} HTTP/{version}", "Host: status.example", *headers, "", "")).encode()


def whole(connection: socket.socket, answers: int = 1) -> list[tuple[int, bytes]]:
    """Status and body of so many answers on one connection."""
    read = []
    with connection.makefile("rb") as file:
        for _ in range(answers):
            status = int(file.readline().split()[1])
            headers = dict(line.rstrip().lower().split(b": ", 1) for line in iter(file.readline, b"\r\n"))
            read.append((status, file.read(int(headers.get(b"content-length", 0)))))
    return read


@pytest.mark.parametrize(
    "path", ["/", "/?lang=de", "/?utm_source=x", "/api/v2/summary.json", "/history.atom", "/embed"]
)
def test_the_lane_answers_word_for_word_as_the_front_door_does(site: Site, path: str) -> None:
    behind_it = Client(site.door)
    if "lang" in path:  # made when somebody first asks; from then on it is kept ready
        site.door._renewer.find("/?lang=de")
    for headers in ({}, {"Accept-Encoding": "gzip"}, {"Accept-Encoding": "gzip;q=0"}):
        expected = behind_it.get(path, headers=headers)
        status, found, body = site.ask(path, headers)
        assert found.pop("date").endswith(" GMT")
        assert (status, body) == (expected.status_code, expected.data)
        assert found == {name.lower(): value for name, value in expected.headers.items()}
        again = site.ask(path, {**headers, "If-None-Match": found["etag"]})
        assert (again[0], again[2]) == (304, b"")


def test_requests_that_come_in_one_go_or_byte_by_byte_get_the_same_answers(site: Site) -> None:
    asked = [head(), head("/api/v2/summary.json"), head("/", "Accept-Encoding: gzip"), head("/history.atom"), head()]
    expected = [site.ask(path, more)[2] for path, more in (
        ("/", {}), ("/api/v2/summary.json", {}), ("/", {"Accept-Encoding": "gzip"}), ("/history.atom", {}), ("/", {})
    )]  # fmt: skip
    sent = b"".join(asked)
    chance = random.Random(7)
    for cuts in ([], range(1, len(sent), 7), sorted(chance.sample(range(1, len(sent)), 9))):
        with site.connect() as connection:
            for start, end in zip((0, *cuts), (*cuts, len(sent)), strict=True):
                connection.sendall(sent[start:end])
            assert [body for _status, body in whole(connection, 5)] == expected


@pytest.mark.parametrize(("version", "headers"), [("1.0", ()), ("1.1", ("Connection: close",))])
def test_a_connection_that_is_to_end_with_its_answer_ends(site: Site, version: str, headers: tuple[str, ...]) -> None:
    with site.connect() as connection, connection.makefile("rb") as file:
        connection.sendall(head("/", *headers, version=version))
        answer = file.read()
    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"\r\nconnection: close\r\n" in answer


def test_an_old_client_that_asks_to_keep_its_connection_keeps_it_and_is_told(site: Site) -> None:
    with site.connect() as connection:
        for _ in range(2):
            connection.sendall(head("/api/v2/status.json", "Connection: Keep-Alive", version="1.0"))
            answer = connection.recv(65_536)
            assert b"\r\nconnection: keep-alive\r\n" in answer
            assert json.loads(answer.partition(b"\r\n\r\n")[2])["status"]


@pytest.mark.parametrize(
    "asked",
    [
        b"POST /subscribe HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nemail",
        b"HEAD / HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /console/ HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 30\r\n\r\nGET /console/ HTTP/1.1\r\nHost: ",
        b"GET / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding : chunked\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nX: a\r\n Transfer-Encoding: chunked\r\n\r\n",
        b"GET /?<> HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\n" + b"X: y\r\n" * 100 + b"\r\n",
        b"GET / HTTP/1.1\nHost: x\n\n",
        b"GET / HTTP/1.1\rHost: x\r\r",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET / HTTP/1.1\nHost: x\n\nGET /console/ HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\rTransfer-Encoding: chunked\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nX: a\x00b\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n\r\n",
        b"GET http://elsewhere.example/ HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /%2e HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET / HTTP/2.0\r\nHost: x\r\n\r\n",
        b"GET  / HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /" + b"a" * 17_000,
    ],
)
def test_what_is_not_a_plain_question_for_a_kept_page_is_passed_on_byte_for_byte(site: Site, asked: bytes) -> None:
    with site.connect() as connection:
        connection.sendall(asked)
        with site.behind.next() as (server, _name):
            read = b""
            while len(read) < len(asked):
                read += server.recv(65_536)
            assert read == asked
            server.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")
            assert connection.recv(100) == b"HTTP/1.1 204 No Content\r\n\r\n"


def test_a_connection_passed_on_carries_any_amount_both_ways_and_tells_who_it_is_from(site: Site) -> None:
    much = random.Random(1).randbytes(3_000_000)
    with site.connect() as connection:
        connection.sendall(head())  # a kept page first, by us
        assert whole(connection)[0][0] == 200
        sender = threading.Thread(target=lambda: connection.sendall(head("/console/") + much))
        sender.start()
        with site.behind.next() as (server, name):
            assert name.startswith(f"{site.doorstep.folder}/")
            assert name.endswith("@127.0.0.1")
            with server.makefile("rb") as file:
                assert file.read(len(head("/console/") + much)) == head("/console/") + much
            sender.join()
            sender = threading.Thread(target=say_and_go, args=(server, much))
            sender.start()
            with connection.makefile("rb") as file:
                assert file.read() == much  # and the end of it
            sender.join()
            assert not Path(name).exists()


def test_what_the_server_says_before_it_hangs_up_on_an_upload_is_read(site: Site) -> None:
    with site.connect() as connection:
        connection.sendall(b"POST /subscribe HTTP/1.1\r\nHost: x\r\nContent-Length: 9000000\r\n\r\n" + b"a" * 500_000)
        with site.behind.next() as (server, _name):
            server.recv(1_000)
            say_and_go(server, b"HTTP/1.1 413 Content Too Large\r\n\r\n")
        connection.sendall(b"a" * 500_000)  # what it does not stop to say is thrown away
        with connection.makefile("rb") as file:
            assert file.read() == b"HTTP/1.1 413 Content Too Large\r\n\r\n"


def test_a_visitor_who_takes_nothing_of_what_the_server_says_is_let_go(site: Site) -> None:
    with site.connect(room=4_000) as connection:
        connection.sendall(head("/console/"))
        with site.behind.next() as (server, _name):
            server.settimeout(0.2)
            with contextlib.suppress(TimeoutError):
                while True:
                    server.sendall(b"a" * 100_000)
            site.now += 61
            site.ask("/")
            server.settimeout(PATIENCE)
            with pytest.raises(ConnectionError):
                server.sendall(b"a")


def test_connections_passed_on_leave_the_page_room(site: Site) -> None:
    site.lane._tunnels._most = 1
    with site.connect() as first:
        first.sendall(head("/console/"))
        with site.behind.next():
            assert site.ask("/console/")[0] == 503
            assert site.ask("/")[0] == 200
            assert site.ask("/health/live")[2] == b"ok\n"  # which keeps the page behind a load balancer


def test_the_server_hears_at_once_that_a_visitor_has_gone(site: Site) -> None:
    with site.connect() as connection:
        connection.sendall(head("/console/"))
        with site.behind.next() as (server, _name):
            assert server.recv(1_000) == head("/console/")
            connection.close()
            assert server.recv(1_000) == b""


def test_requests_over_the_lane_have_their_visitors_address_and_nobody_else_can_claim_one(site: Site) -> None:
    seen: dict[str, Any] = {}

    def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        seen.update(environ)
        return no_flask(environ, start_response)

    arrivals = Arrivals(app, site.doorstep, host="127.0.0.1", port=8000)
    for told, address in (
        (f"{site.doorstep.folder}/12.1@2001:db8::7", "2001:db8::7"),
        (f"{site.doorstep.folder}/12.2@203.0.113.7", "203.0.113.7"),
        ("", ""),
        ("/elsewhere/12.3@203.0.113.7", ""),
    ):
        Client(arrivals).get("/", environ_overrides={"REMOTE_ADDR": told, "SERVER_NAME": str(site.doorstep.folder)})
        assert (seen["REMOTE_ADDR"], seen["SERVER_NAME"], seen["SERVER_PORT"]) == (address, "127.0.0.1", "8000")


def test_a_reader_who_is_slow_gets_every_byte_in_order(site: Site) -> None:
    page = site.ask("/")[2]
    with site.connect(room=64_000) as connection:
        asked = 200  # far more than fits between the two of us
        sender = threading.Thread(target=lambda: connection.sendall(head() * asked))
        sender.start()
        assert site.ask("/")[0] == 200  # others are served meanwhile
        answers = whole(connection, asked)
        sender.join()
    assert answers == [(200, page)] * asked


def test_a_change_is_answered_from_the_moment_it_is_there(site: Site, renewer: Renewer) -> None:
    before = site.ask("/")
    assert site.ask("/")[2] == before[2]
    make_update(1, body="Checkout works again.", status="monitoring")
    db.session.commit()
    renewer.renew_now()
    after = site.ask("/")
    assert b"Checkout works again." in after[2]
    assert site.ask("/", {"If-None-Match": before[1]["etag"]})[0] == 200


def test_who_says_nothing_or_never_ends_a_head_is_let_go(site: Site) -> None:
    with site.connect() as silent, site.connect() as slow:
        slow.sendall(b"GET / HTTP/1.1\r\nHost:")
        site.ask("/")  # by now the lane has read all that came before
        site.now += 11
        site.ask("/")
        assert slow.recv(10) == b""
        silent.sendall(head())
        assert whole(silent)[0][0] == 200
        site.now += 76
        site.ask("/")
        assert silent.recv(10) == b""


def test_without_a_server_behind_it_kept_pages_go_on_and_others_are_told_to_come_again(site: Site) -> None:
    site.behind.listener.close()
    status, headers, body = site.ask("/console/")
    assert (status, headers["retry-after"], body) == (503, "1", b"Busy, try again in a second.\n")
    assert int(headers["content-length"]) == len(body)
    assert site.ask("/")[0] == 200


def test_when_there_is_no_room_for_a_connection_the_idle_ones_make_it(site: Site) -> None:
    class Full:
        """The public socket, with no room for the next connection."""

        def __init__(self) -> None:
            self.refusals = 1

        def __getattr__(self, name: str) -> Any:
            return getattr(site.public, name)

        def accept(self) -> Any:
            if self.refusals:
                self.refusals -= 1
                site.now += 1  # it rests meanwhile
                raise OSError(errno.EMFILE, "Too many open files")
            return site.public.accept()

    with site.connect() as idle:
        idle.sendall(head())
        whole(idle)
        site.lane._listener = Full()  # type: ignore[assignment]
        assert site.ask("/")[0] == 200
        assert idle.recv(10) == b""


def test_who_waits_at_the_public_socket_when_it_is_shut_is_served(site: Site) -> None:
    shut, lanes = socket.socketpair()
    public = socket.create_server(("127.0.0.1", 0))
    with shut, lanes, public:
        lane = Lane(public, site.door, site.doorstep.join, closing=shut)
        with closing_all(socket.create_connection(public.getsockname()) for _ in range(9)) as waiting:
            lanes.shutdown(socket.SHUT_WR)
            lane.start()
            for connection in waiting:
                connection.sendall(head())
                assert whole(connection)[0][0] == 200
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(public.getsockname())
        lane.stop()


def test_told_to_stop_it_takes_nobody_new_and_ends_what_it_has_begun(renewer: Renewer, tmp_path: Path) -> None:
    site = Site(renewer, tmp_path)
    site.lane.start()
    page = site.ask("/")[2]
    with site.connect() as idle, site.connect(room=64_000) as slow, site.connect() as passed_on:
        for connection in (idle, slow):
            connection.sendall(head())
        whole(idle)
        slow.sendall(head() * 99)
        passed_on.sendall(head("/console/"))
        with site.behind.next() as (server, _name):
            stopping = threading.Thread(target=site.lane.stop)
            stopping.start()
            while not site.lane._is_stopping:
                time.sleep(0.01)
            idle.sendall(head())  # it could not know
            with idle.makefile("rb") as file:
                assert b"\r\nconnection: close\r\n" in file.read()
            site.now += 1
            with slow.makefile("rb") as file:
                answered = file.read()
            assert answered.count(page) >= 1
            assert answered.endswith(page)
            server.recv(1_000)
            server.sendall(b"HTTP/1.1 200 OK\r\n\r\nthe last words")
            server.close()
            assert passed_on.makefile("rb").read().endswith(b"the last words")
            stopping.join(PATIENCE)
            assert not stopping.is_alive()
    site.behind.listener.close()
    site.public.close()
