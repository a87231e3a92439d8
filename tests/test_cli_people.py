"""`sevenbells setup-link`, `user` and `token`, as a person at a terminal or a script meets them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import pytest
from flask import Flask

from incidents import cli
from incidents.access import tokens
from incidents.actions import first_run, invitations, passwords
from incidents.cli import starting
from incidents.kernel.database import db
from incidents.records.people import find_person
from tests.conftest import WoundClock
from tests.factories_people import make_person


class Outcome(NamedTuple):
    code: int
    out: str
    err: str


Run = Callable[..., Outcome]


@pytest.fixture
def run(app: Flask, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """`sevenbells <words>` on the test's database: its exit code and what it printed."""
    monkeypatch.setattr(starting, "application", lambda: app)

    def sevenbells(*words: str, typed: str = "") -> Outcome:
        import io

        db.session.commit()
        monkeypatch.setattr("sys.stdin", io.StringIO(typed))
        capsys.readouterr()
        code = cli.run(list(words))
        printed = capsys.readouterr()
        db.session.rollback()
        return Outcome(code, printed.out, printed.err)

    return sevenbells


def last_part(address: str) -> str:
    return address.strip().rpartition("/")[2]


def test_setup_link_prints_the_link_alone_and_only_while_nobody_exists(run: Run) -> None:
    first = run("setup-link")
    assert first.code == 0
    assert first.out.startswith("http://127.0.0.1:8000/setup/")
    assert first.out.count("\n") == 1
    second = run("setup-link")
    assert not first_run.setup_is_open(last_part(first.out))
    assert first_run.setup_is_open(last_part(second.out))

    make_person()
    refused = run("setup-link")
    assert (refused.code, refused.out) == (1, "")
    assert refused.err.startswith("Set-up is closed: somebody has an account.")
    assert refused.err.count("\n") == 1


def test_user_add_with_a_password_from_stdin(run: Run) -> None:
    added = run(
        "user", "add", "Maya@Example.com", "--role", "admin", "--name", "Maya Lindqvist", "--password-stdin",
        typed="four unrelated words walk\n",
    )  # fmt: skip
    assert added == Outcome(0, "Added Maya Lindqvist <maya@example.com> as admin.\n", "")
    maya = find_person("maya@example.com")
    assert maya is not None
    assert maya.password_hash is not None
    assert "four" not in maya.password_hash


@pytest.mark.parametrize(
    ("words", "typed", "said"),
    [
        (["no-address", "--role", "viewer"], "", "Give an e-mail address such as maya@example.com\n"),
        (
            ["x@example.com", "--role", "viewer", "--password-stdin"],
            "short\n",
            "Use at least 12 characters for the password\n",
        ),
        (["maya@example.com", "--role", "viewer"], "", "Somebody with this address is here already\n"),
    ],
)
def test_user_add_says_in_one_line_what_is_wrong(run: Run, words: Sequence[str], typed: str, said: str) -> None:
    make_person("maya@example.com")
    assert run("user", "add", *words, typed=typed) == Outcome(1, "", said)
    assert find_person("x@example.com") is None


def test_wrong_words_are_told_from_what_could_not_be_done(run: Run) -> None:
    assert run("user", "add", "x@example.com").code == 2
    assert run("user", "add", "x@example.com", "--role", "captain").code == 2
    assert run("token", "add", "deploy", "--scope", "everything").code == 2


def test_user_add_without_a_password_says_how_to_come_in(run: Run) -> None:
    added = run("user", "add", "new@example.com", "--role", "responder")
    assert added.out == "Added new <new@example.com> as responder.\n"
    assert "sevenbells user reset new@example.com" in added.err
    link = run("user", "reset", "new@example.com")
    assert link.out.startswith("http://127.0.0.1:8000/login/reset/")
    owner = passwords.owner_of_reset(last_part(link.out))
    assert owner is not None
    assert owner.email == "new@example.com"


def test_user_list_and_disable(run: Run) -> None:
    make_person("maya@example.com", role="admin", name="Maya")
    make_person("jonas@example.com", role="viewer", name="Jonas")
    assert run("user", "disable", "jonas@example.com").code == 0
    lines = run("user", "list").out.splitlines()
    assert [line.split() for line in lines] == [
        ["maya@example.com", "admin", "Maya"],
        ["jonas@example.com", "viewer", "Jonas", "disabled"],
    ]
    only = run("user", "disable", "maya@example.com")
    assert only == Outcome(1, "", "Maya is the only administrator. Make somebody else one first.\n")
    assert run("user", "disable", "who@example.com").err.startswith("Nobody here has the address who@example.com.")


def test_user_invite_prints_a_link_that_works(run: Run) -> None:
    invited = run("user", "invite", "new@example.com", "--role", "viewer")
    link = invitations.read_invitation(last_part(invited.out))
    assert link is not None
    assert (link.email, link.role) == ("new@example.com", "viewer")


def test_token_add_prints_the_token_alone_and_list_never_shows_it(run: Run, clock: WoundClock) -> None:
    added = run("token", "add", "deploy", "--scope", "respond")
    value = added.out.strip()
    assert (added.code, added.err) == (0, "")
    assert value.startswith("sb_")
    assert "never used" in run("token", "list").out
    assert tokens.recognise(value) is not None
    db.session.commit()
    listed = run("token", "list").out
    assert listed.split() == ["deploy", "respond", f"{value[:8]}…", "last", "used", "2026-11-23", "02:14", "UTC"]
    assert value not in listed
    assert run("token", "add", "deploy", "--scope", "read").code == 1


def test_token_revoke_works_at_once(run: Run) -> None:
    value = run("token", "add", "deploy", "--scope", "respond").out.strip()
    assert run("token", "revoke", "deploy") == Outcome(0, "Revoked deploy.\n", "")
    assert tokens.recognise(value) is None
    assert run("token", "revoke", "deploy").code == 1
    assert "revoked" in run("token", "list").out
