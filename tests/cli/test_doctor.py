"""The doctor names what is wrong and how to mend it; a network disk is refused; every address is listed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Message

import wsgi
from incidents.cli import starting
from incidents.kernel import settings as settings_module
from incidents.kernel import signing
from incidents.kernel.database import db
from tests.cli.conftest import Run, free_port

SQLITE = pytest.mark.parametrize("fresh_url", ["sqlite"], indirect=True)


class Mailbox(Message):
    """Keeps every letter that arrives."""

    def __init__(self) -> None:
        super().__init__()
        self.letters: list[str] = []

    def handle_message(self, message: object) -> None:
        self.letters.append(str(message))


@pytest.fixture
def mail_server() -> Iterator[tuple[str, Mailbox]]:
    mailbox = Mailbox()
    controller = Controller(mailbox, hostname="127.0.0.1", port=int(free_port()))
    controller.start()
    yield f"smtp://127.0.0.1:{controller.port}", mailbox
    controller.stop()


def test_before_the_first_migration_it_says_what_to_run(run: Run) -> None:
    told = run("doctor")

    assert told.code == 1
    assert "wrong  Database: The database is older than this program: run `sevenbells db upgrade`" in told.out


def test_with_everything_in_place_nothing_is_wrong(run: Run, mail_server: tuple[str, Mailbox]) -> None:
    run("db", "upgrade")

    told = run("doctor", SMTP_URL=mail_server[0], MAIL_FROM="status@example.com")

    assert "wrong" not in told.out
    assert told.code == 0
    assert "ok     Database: answers, and its tables are right" in told.out


@SQLITE
def test_a_machine_that_signs_with_another_key_is_named(
    run: Run, environ: dict[str, str], mail_server: tuple[str, Mailbox]
) -> None:
    run("db", "upgrade")
    mail = {"SMTP_URL": mail_server[0], "MAIL_FROM": "status@example.com"}
    settings = settings_module.load(environ)
    app = wsgi.create_app(settings)
    with app.app_context():
        signing.note("web", "status-2", settings)
        db.engine.dispose()

    other = run("doctor", SECRET_KEY="a key of its own that no other machine knows", **mail)

    assert "note   SECRET_KEY: web on status-2 signs with another SECRET_KEY than this command" in other.out
    assert "ok     SECRET_KEY: those that run know it" in run("doctor", **mail).out


@SQLITE
def test_a_test_letter_goes_out_at_once(run: Run, mail_server: tuple[str, Mailbox]) -> None:
    run("db", "upgrade")

    told = run("doctor", "--send-test", "ada@example.com", SMTP_URL=mail_server[0], MAIL_FROM="status@example.com")

    assert "ok     Test e-mail" in told.out
    assert "Subject: A test from Sevenbells" in mail_server[1].letters[0]


@SQLITE
def test_a_mail_server_that_is_not_there_is_named(run: Run) -> None:
    told = run(
        "doctor", "--send-test", "a@example.com", SMTP_URL=f"smtp://127.0.0.1:{free_port()}", MAIL_FROM="s@example.com"
    )

    assert told.code == 1
    assert "wrong  Mail: 127.0.0.1 port" in told.out
    assert "wrong  Test e-mail" in told.out


@SQLITE
def test_passwords_over_plain_http_are_wrong(run: Run) -> None:
    assert "wrong  BASE_URL" in run("doctor", BASE_URL="http://status.example.com").out


@SQLITE
@pytest.mark.parametrize("kind", ["nfs4", "cifs"])
def test_a_database_on_a_network_disk_is_refused(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, kind: str
) -> None:
    monkeypatch.setattr(starting, "_mounts", lambda: {Path("/"): "ext4", tmp_path.resolve(): kind})

    told = run("db", "upgrade")

    assert told.code == 1
    assert f"network disk ({kind})" in told.err
    assert not (tmp_path / "var" / "sevenbells.db").exists()


def test_the_list_of_addresses_holds_the_prepared_ones_and_who_may_use_each(run: Run) -> None:
    run("db", "upgrade")

    told = run("routes", "--json")

    routes = json.loads(told.out)
    assert all(set(route) == {"rule", "methods", "endpoint", "access"} for route in routes)
    assert {"/", "/history.atom", "/api/v2/summary.json", "/health/live"} <= {route["rule"] for route in routes}
    assert [route for route in routes if route["access"] == "closed"] == []


@SQLITE
def test_a_mirror_that_cannot_be_written_is_named(run: Run, tmp_path: Path) -> None:
    assert "Mirror" not in run("doctor").out
    assert f"ok     Mirror: {tmp_path / 'www'} can be written" in run("doctor", MIRROR_TO=str(tmp_path / "www")).out
    assert list((tmp_path / "www").iterdir()) == []
    (tmp_path / "file").write_text("no folder")
    told = run("doctor", MIRROR_TO=str(tmp_path / "file"))
    assert "wrong  Mirror: cannot write" in told.out
    assert "check MIRROR_TO" in told.out


@SQLITE
def test_a_tracker_is_looked_for_and_half_of_its_settings_are_named(run: Run) -> None:
    run("db", "upgrade")
    whole = {"GITLAB_TOKEN": "t", "GITLAB_PROJECT": "acme/shop", "GITLAB_URL": f"http://127.0.0.1:{free_port()}"}

    told = run("doctor", GITHUB_TOKEN="t", **whole)

    assert "wrong  github: a token is set, and not where its issues go" in told.out
    assert "wrong  gitlab: 127.0.0.1 port" in told.out
