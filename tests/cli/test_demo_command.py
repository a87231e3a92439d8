"""`sevenbells demo`: a scratch database beside one's own, and nothing of one's own touched."""

from __future__ import annotations

import signal
import urllib.request
from pathlib import Path

import pytest

from tests.cli.conftest import Run, Start, free_port


@pytest.fixture
def fresh_url(tmp_path: Path) -> str:
    """The demo makes its own database, whatever the operator's is."""
    return f"sqlite:///{tmp_path / 'var' / 'sevenbells.db'}"


def test_it_prints_its_logins_serves_its_week_and_ends_at_a_signal(start: Start, tmp_path: Path) -> None:
    port = free_port()
    demo = start("demo", PORT=port)
    assert demo.stdout is not None
    said = ""
    while "Sevenbells answers at" not in said:
        line = demo.stdout.readline()
        assert line, said
        said += line

    with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=10) as answer:
        page = answer.read().decode()
    demo.send_signal(signal.SIGINT)

    assert "maya@example.com" in said
    assert "Analyses fail or take very long" in page
    assert demo.wait(timeout=30) == 0
    assert not (tmp_path / "var" / "sevenbells.db").exists()
    assert (tmp_path / "var" / "demo" / "sevenbells.db").exists()


def test_a_host_that_others_reach_is_refused_in_one_line(run: Run, tmp_path: Path) -> None:
    ended = run("demo", HOST="0.0.0.0", PORT=free_port())

    assert ended.code == 1
    assert ended.err.count("\n") == 1
    assert "HOST is 0.0.0.0" in ended.err
    assert not (tmp_path / "var" / "demo").exists()


def test_a_folder_that_is_not_the_demos_is_left_alone(run: Run, tmp_path: Path) -> None:
    precious = tmp_path / "var" / "demo" / "precious.txt"
    precious.parent.mkdir(parents=True)
    precious.write_text("keep me")

    ended = run("demo", PORT=free_port())

    assert ended.code == 1
    assert precious.read_text() == "keep me"
