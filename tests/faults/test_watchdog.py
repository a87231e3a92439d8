"""A clock that really hangs: it says where, says so for others, and ends itself."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text


def run(what: str, url: str, folder: Path) -> subprocess.CompletedProcess[str]:
    environ = {"DATA_DIR": str(folder), "DATABASE_URL": url, "SECRET_KEY": "only for this test, long enough for all"}
    return subprocess.run(
        [sys.executable, "-m", "tests.faults.sick_clock", what],
        env={**os.environ, **environ},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_tick_that_hangs_is_said_with_its_stack_and_ends_the_process(database_url: str, tmp_path: Path) -> None:
    done = run("tick", database_url, tmp_path / "var")

    assert done.returncode == 70, done.stderr[-2000:]
    assert "clock_is_silent" in done.stderr
    assert "in hang" in done.stderr  # the line at which it stands
    assert "_FOR_EVER.wait()" in done.stderr
    engine = create_engine(database_url)
    with engine.begin() as connection:
        assert connection.scalar(text("SELECT count(*) FROM clock_beats WHERE hung_since IS NOT NULL")) == 1
    engine.dispose()


@pytest.mark.parametrize(
    ("what", "code", "thread"), [("lane", 70, "lane-email"), ("chore", 70, "quick chores"), ("dead", 1, "lane-email")]
)
def test_a_lane_that_hangs_or_dies_and_a_chore_that_keeps_others_waiting_end_the_process_so_that_a_fresh_one_comes(
    what: str, code: int, thread: str, sqlite_schema: Path, tmp_path: Path
) -> None:
    file = tmp_path / "sevenbells.db"
    file.write_bytes(sqlite_schema.read_bytes())
    done = run(what, f"sqlite:///{file}", tmp_path / "var")

    assert done.returncode == code, done.stderr[-2000:]
    assert thread in done.stderr


def test_a_clock_that_has_left_is_gone_though_a_chore_still_hangs() -> None:
    hanging = """
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from incidents.cli import clock
ThreadPoolExecutor().submit(Event().wait)
clock.end_soon(3)
"""
    ended = subprocess.run([sys.executable, "-c", hanging], timeout=30, check=False)

    assert ended.returncode == 3
