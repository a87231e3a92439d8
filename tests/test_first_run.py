"""The first run: one link, one winner, closed for ever after."""

from __future__ import annotations

import contextvars
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import delete, func, select

from incidents.access import links
from incidents.access.passwords import PasswordHash
from incidents.actions import first_run
from incidents.kernel.database import db
from incidents.kernel.errors import NotAllowed
from incidents.records.audit import AuditEntry
from incidents.records.links import LinkKind, OneTimeLink
from incidents.records.people import Person
from tests.conftest import WoundClock
from tests.factories_people import PASSWORD, make_person

HASH = PasswordHash("not a real hash")
TYPED = {"name": "Maya Lindqvist", "email": "maya@example.com", "password": PASSWORD}


@pytest.fixture
def link(app: Flask) -> str:
    """The path of a fresh set-up link."""
    address = first_run.new_setup_link()
    db.session.commit()
    assert address is not None
    return address.removeprefix("http://127.0.0.1:8000")


def test_the_link_makes_the_first_administrator_who_is_signed_in_at_once(client: FlaskClient, link: str) -> None:
    assert "Create your account" in client.get(link).text

    answer = client.post(link, data=TYPED)

    assert answer.status_code == 303
    maya = db.session.scalars(select(Person)).one()
    assert (maya.name, maya.email, maya.role, maya.zone) == ("Maya Lindqvist", "maya@example.com", "admin", "UTC")
    assert client.get("/console/me").status_code == 200
    assert "set up" in db.session.scalars(select(AuditEntry.what)).all()


def test_only_the_digest_of_the_link_is_kept(link: str) -> None:
    kept = db.session.scalars(select(OneTimeLink)).one()
    assert kept.token_hash not in link
    assert len(link.rpartition("/")[2]) >= 22  # 128 bits and more


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"password": "perception"}, "Use at least 12 characters for the password"),
        (
            {"password": "maya lindqvist 1"},
            "Leave your name, your address and the name of this program out of the password",
        ),
        ({"password": "password1234"}, "Many people use this password. Choose another"),
        ({"password": ""}, "Give a password"),
        ({"email": "maya"}, "Give an e-mail address such as maya@example.com"),
        ({"name": "  "}, "Give a name"),
        ({"name": "x" * 101}, "Use at most 100 characters for the name"),
    ],
)
def test_what_is_wrong_stands_beside_the_field_and_what_was_typed_stays(
    client: FlaskClient, link: str, wrong: dict[str, str], said: str
) -> None:
    answer = client.post(link, data=TYPED | wrong)

    assert answer.status_code == 422
    assert "<title>Error: Set up, step 1 of 4" in answer.text
    assert answer.text.count(said) == 2  # in the summary, and beside the field
    field = next(iter(wrong))
    assert f'<a href="#{field}">' in answer.text
    assert f'id="{field}-error"' in answer.text
    for name in {"name", "email"} - {field}:
        assert f'value="{TYPED[name]}"' in answer.text
    assert PASSWORD not in answer.text
    # the link still works
    assert client.post(link, data=TYPED).status_code == 303


def test_the_link_works_for_fifteen_minutes(client: FlaskClient, link: str, clock: WoundClock) -> None:
    clock.forward(minutes=14, seconds=59)
    assert client.get(link).status_code == 200
    clock.forward(seconds=1)
    assert client.get(link).status_code == 404
    assert client.post(link, data=TYPED).status_code == 404


def test_a_fresh_link_makes_the_older_one_void(client: FlaskClient, link: str) -> None:
    fresh = first_run.new_setup_link()
    db.session.commit()
    assert client.get(link).status_code == 404
    assert client.get(fresh or "").status_code == 200


def test_set_up_is_closed_for_ever_once_somebody_existed(client: FlaskClient, link: str) -> None:
    make_person()
    assert client.get(link).status_code == 404
    assert client.post(link, data=TYPED).status_code == 404
    # even where every person was taken out of the table by hand
    db.session.execute(delete(AuditEntry))
    db.session.execute(delete(Person))
    db.session.commit()
    assert first_run.new_setup_link() is None
    assert client.get(link).status_code == 404


def test_a_guessed_link_answers_as_a_used_one(client: FlaskClient, link: str) -> None:
    client.post(link, data=TYPED)
    used, guessed = client.get(link), client.get("/setup/guessed")
    assert (used.status_code, used.text.replace(str(used.headers), "")) == (guessed.status_code, guessed.text)


def test_of_many_who_set_up_at_once_exactly_one_wins(app: Flask) -> None:
    # two links alive at one instant, as when two processes start together
    tokens: list[str] = []
    for _ in range(2):
        address, _ends = links.write_link(LinkKind.SETUP, email=f"{len(tokens)}")
        tokens.append(address.rpartition("/")[2])
    db.session.commit()
    barrier = Barrier(8)

    def set_up(number: int) -> str:
        with app.app_context():
            barrier.wait(timeout=10)
            try:
                first_run.set_up(tokens[number % 2], name=f"N{number}", email=f"n{number}@example.com", password=HASH)
                db.session.commit()
            except NotAllowed:
                db.session.rollback()
                return "refused"
            return "won"

    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(lambda number: contextvars.Context().run(set_up, number), range(8)))

    assert sorted(outcomes) == ["refused"] * 7 + ["won"]
    assert db.session.scalar(select(func.count()).select_from(Person)) == 1
