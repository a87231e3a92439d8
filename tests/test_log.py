"""Logs: one line an event, with its request's id, and never a secret or a forged line."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import structlog
from flask import Flask

from incidents.kernel import log
from incidents.kernel.settings import Settings, load
from tests.conftest import SECRET


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load({"DATA_DIR": str(tmp_path), "SECRET_KEY": SECRET})


Written = Callable[[], str]


@pytest.fixture
def written(capsys: pytest.CaptureFixture[str]) -> Iterator[Written]:
    """Everything that was logged so far."""
    seen: list[str] = []

    def read() -> str:
        seen.append(capsys.readouterr().err)
        return "".join(seen)

    before = logging.getLogger().level
    yield read
    root = logging.getLogger()
    for handler in [each for each in root.handlers if each.get_name() == "sevenbells"]:
        root.removeHandler(handler)
    root.setLevel(before)


def break_with(words: str) -> None:
    raise RuntimeError(words)


def test_a_line_says_when_how_grave_and_what(settings: Settings, written: Written) -> None:
    log.set_up(settings)
    structlog.get_logger("x").warning("mail_failed", attempt=3, reason="no such user")

    line = written()
    assert line.count("\n") == 1
    assert "warning mail_failed attempt=3 reason='no such user'" in line


def test_json_has_one_object_a_line(settings: Settings, written: Written) -> None:
    log.set_up(replace(settings, log_format="json"))
    structlog.get_logger("x").info("one", n=1)
    logging.getLogger("some.library").warning("two %s", "things")

    first, second = (json.loads(line) for line in written().splitlines())
    assert (first["event"], first["n"], first["level"]) == ("one", 1, "info")
    assert (second["event"], second["logger"]) == ("two things", "some.library")


def test_the_level_is_the_operators(settings: Settings, written: Written) -> None:
    log.set_up(replace(settings, log_level="ERROR"))
    structlog.get_logger("x").warning("quiet")
    structlog.get_logger("x").error("loud")

    assert "quiet" not in written()
    assert "loud" in written()


@pytest.mark.parametrize("form", ["text", "json"])
@pytest.mark.parametrize(
    "fields",
    [
        {"password": "hunter2-hunter2"},
        {"Authorization": "Bearer hunter2-hunter2"},
        {"cookie": "sevenbells=hunter2-hunter2"},
        {"api_key": "hunter2-hunter2"},
        {"detail": "sent Authorization: Bearer hunter2-hunter2"},
        {"address": "smtp://bells:hunter2-hunter2@mail.example.com"},
        {"path": "/setup/hunter2-hunter2"},
        {"path": "/login/reset/hunter2-hunter2"},
        {"slack": "xoxb-hunter2-hunter2"},
        {"headers": {"Authorization": "Bearer hunter2-hunter2"}},
    ],
)
def test_no_secret_is_written(settings: Settings, written: Written, form: str, fields: dict[str, object]) -> None:
    log.set_up(replace(settings, log_format=form))  # type: ignore[arg-type]
    structlog.get_logger("x").info("event", **fields)

    assert "event" in written()
    assert "hunter2" not in written()


def test_a_secret_in_a_traceback_is_masked_too(settings: Settings, written: Written) -> None:
    log.set_up(settings)
    try:
        break_with("could not reach postgresql://bells:hunter2@db/x")
    except RuntimeError:
        structlog.get_logger("x").exception("broke")

    assert "RuntimeError" in written()
    assert "hunter2" not in written()


@pytest.mark.parametrize("form", ["text", "json"])
@pytest.mark.parametrize("forged", ["a\n2026-01-01 error forged", "a\r\nforged", "a\u2028forged", "a\x1b[31mforged"])
def test_nothing_typed_begins_a_line_of_its_own(settings: Settings, written: Written, form: str, forged: str) -> None:
    log.set_up(replace(settings, log_format=form))  # type: ignore[arg-type]
    structlog.get_logger("x").info("event", title=forged)
    logging.getLogger("library").info("%s", forged)

    assert len(written().splitlines()) == 2
    assert "\x1b" not in written()


def test_a_traceback_cannot_pass_for_other_events(settings: Settings, written: Written) -> None:
    log.set_up(settings)
    try:
        break_with("x\n2026-01-01T00:00:00Z error forged")
    except RuntimeError:
        structlog.get_logger("x").exception("broke")

    first, *others = written().splitlines()
    assert "broke" in first
    assert all(line.startswith("    ") for line in others)


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("/setup/abc123", "/setup/[masked]"),
        ("/login/reset/abc", "/login/reset/[masked]"),
        ("/ack/abc", "/ack/[masked]"),
        ("/hooks/generic/key", "/hooks/generic/[masked]"),
        ("/ping/uuid/start", "/ping/[masked]"),
        ("/console/incidents/INC-1", "/console/incidents/INC-1"),
        ("/login?next=/x", "/login"),
    ],
)
def test_paths_that_open_doors_are_masked(path: str, shown: str) -> None:
    assert log.masked_path(path) == shown


def test_a_request_is_logged_with_its_id_and_without_its_query(settings: Settings, written: Written) -> None:
    app = Flask("site")
    log.init_app(app, settings)
    answer = app.test_client().get("/nowhere?token=hunter2")

    line = written()
    assert f"request_id={answer.headers['X-Request-Id']}" in line
    assert "path=/nowhere status=404" in line
    assert "hunter2" not in line
