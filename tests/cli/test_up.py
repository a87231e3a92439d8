"""`sevenbells up` as a real process: it answers, it stops, and it leaves nobody behind however it dies."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable

import pytest

from tests.cli.conftest import Run, Start, free_port

SQLITE = pytest.mark.parametrize("fresh_url", ["sqlite"], indirect=True)
PATIENCE = 60.0  # seconds; a limit for a machine that is busy, not a measurement


def until(claim: Callable[[], bool], what: str) -> None:
    """Come back as soon as ``claim`` holds; fail when it does not for a long time."""
    deadline = time.monotonic() + PATIENCE
    while not claim():
        assert time.monotonic() < deadline, f"never: {what}"
        time.sleep(0.05)


def status(port: str, path: str = "/") -> int:
    """The status of a GET; 0 while nobody answers."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code
    except OSError:
        return 0


def family(leader: int) -> dict[int, str]:
    """The living processes of the group that ``leader`` leads: id and command line."""
    told = subprocess.run(
        ["ps", "-A", "-o", "pid=,pgid=,stat=,args="], capture_output=True, text=True, check=True
    ).stdout
    rows = [line.split(None, 3) for line in told.splitlines()]
    return {
        int(row[0]): row[3] for row in rows if int(row[1]) == leader and not row[2].startswith("Z") and len(row) == 4
    }


def the(name: str, leader: int) -> int | None:
    """The process of ours that runs `sevenbells <name>`, the first of its kind; None while there is none."""
    return next(
        (process for process, words in sorted(family(leader).items()) if f"incidents.cli {name}" in words), None
    )


def runs_whole(leader: int, port: str) -> bool:
    """One supervisor, a web process with its two workers, one clock, and an answer."""
    words = list(family(leader).values())
    return (
        sum("incidents.cli web" in one for one in words) == 3
        and sum("incidents.cli clock" in one for one in words) == 1
        and not any("incidents.cli prepare" in one for one in words)
        and status(port) == 200
    )


@pytest.fixture
def port() -> str:
    return free_port()


def test_it_migrates_answers_prints_the_way_in_and_stops_when_told(start: Start, port: str) -> None:
    up = start("up", PORT=port)
    until(lambda: runs_whole(up.pid, port), "a page, two workers and a clock")

    up.send_signal(signal.SIGTERM)
    said, told = up.communicate(timeout=PATIENCE)

    assert up.returncode == 0, told
    assert f"Sevenbells answers at http://127.0.0.1:{port}" in said
    assert "/setup/" in said
    assert "Traceback" not in told
    assert family(up.pid) == {}


@SQLITE
def test_killed_outright_it_leaves_no_child_behind(start: Start, port: str) -> None:
    up = start("up", PORT=port)
    until(lambda: runs_whole(up.pid, port), "everything runs")

    up.kill()

    until(lambda: family(up.pid) == {}, "every child has ended")
    assert status(port) == 0


@SQLITE
@pytest.mark.parametrize("name", ["web", "clock"])
def test_a_child_that_is_killed_is_started_again(start: Start, port: str, name: str) -> None:
    up = start("up", PORT=port)
    until(lambda: runs_whole(up.pid, port), "everything runs")
    first = the(name, up.pid)
    assert first is not None

    os.kill(first, signal.SIGKILL)

    until(lambda: the(name, up.pid) not in (None, first) and runs_whole(up.pid, port), f"another {name}")


@SQLITE
def test_a_taken_port_is_told_in_one_line(run: Run) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        told = run("up", PORT=str(taken.getsockname()[1]))

    assert told.code == 1
    assert told.err.startswith("Cannot listen on 127.0.0.1 port")
    assert len(told.err.splitlines()) == 1


@SQLITE
def test_with_the_database_away_it_still_stands_at_the_door(start: Start, port: str) -> None:
    up = start("up", PORT=port, DATABASE_URL=f"postgresql://nobody@127.0.0.1:{free_port()}/none")
    until(lambda: status(port, "/console/") == 503, "a calm 503")

    up.send_signal(signal.SIGTERM)
    _said, told = up.communicate(timeout=PATIENCE)

    assert up.returncode == 0
    assert "The database does not answer" in told
