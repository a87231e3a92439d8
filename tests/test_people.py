"""Accounts: invitations, resets, roles, preferences, and the administrators' screens for them."""

from __future__ import annotations

import contextvars
import re
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from incidents.access import password_rules
from incidents.access.passwords import PasswordHash, prepare
from incidents.actions import invitations, passwords, people, status_page
from incidents.kernel.database import db
from incidents.kernel.errors import Malformed, NotAllowed
from incidents.kernel.outbox import OutboxMessage
from incidents.records.actors import COMMAND_LINE
from incidents.records.audit import AuditEntry
from incidents.records.links import OneTimeLink
from incidents.records.people import Person, Role, find_person
from tests.conftest import WoundClock
from tests.factories_people import PASSWORD, make_person, post, sign_in

PEOPLE = "/console/settings/people"
FRESH = "another four quiet words"


@pytest.fixture
def admin(app: Flask) -> Person:
    return make_person("admin@example.com", role="admin")


def link_in(page: str) -> str:
    """The path of the one-time link that a page or a letter shows."""
    found = re.search(r"http://127\.0\.0\.1:8000(/\S+?/[\w-]{40,})", page)
    assert found, page
    return found[1]


def invited(client: FlaskClient, email: str = "new@example.com", role: str = "viewer") -> str:
    answer = post(client, PEOPLE, {"email": email, "role": role})
    assert answer.status_code == 201, answer.text
    return link_in(answer.text)


# Invitations


def test_an_invited_person_makes_an_account_and_is_signed_in(app: Flask, client: FlaskClient, admin: Person) -> None:
    link = invited(sign_in(client, admin), "New@Example.com", "viewer")
    status_page.change_page(by=admin.as_actor(), zone="Europe/Berlin")
    db.session.commit()
    guest = app.test_client()
    assert "new@example.com" in guest.get(link).text

    answer = guest.post(link, data={"name": "Noor", "password": PASSWORD})

    assert (answer.status_code, answer.location) == (303, "/console/")
    noor = find_person("new@example.com")
    assert noor is not None
    assert (noor.name, noor.role, noor.zone) == ("Noor", "viewer", "Europe/Berlin")
    assert guest.get("/console/me").status_code == 200
    assert guest.get(link).status_code == 404
    assert guest.post(link, data={"name": "Noor", "password": PASSWORD}).status_code == 404


def test_an_invitation_ends_after_seven_days_is_replaced_and_withdrawn(
    client: FlaskClient, admin: Person, clock: WoundClock
) -> None:
    sign_in(client, admin, remembered=True)
    first = invited(client)
    second = invited(client)
    assert (client.get(first).status_code, client.get(second).status_code) == (404, 200)

    assert "new@example.com" in client.get(PEOPLE).text
    open_link = db.session.scalars(select(OneTimeLink)).one().id
    assert post(client, f"{PEOPLE}/invitations/{open_link}").status_code == 303
    assert client.get(second).status_code == 404

    third = invited(client)
    clock.forward(days=7)
    assert client.get(third).status_code == 404


def test_somebody_who_is_here_cannot_be_invited(client: FlaskClient, admin: Person) -> None:
    sign_in(client, admin)
    answer = post(client, PEOPLE, {"email": "admin@example.com", "role": "viewer"})
    assert answer.status_code == 422
    assert answer.text.count("Somebody with this address is here already") == 2
    assert 'value="admin@example.com"' in answer.text


def test_an_invitation_accepted_by_two_at_once_makes_one_account(app: Flask) -> None:
    link = invitations.invite("new@example.com", Role.VIEWER, by=COMMAND_LINE)
    db.session.commit()
    token, barrier = link.rpartition("/")[2], Barrier(4)

    def accept(number: int) -> str:
        with app.app_context():
            barrier.wait(timeout=10)
            try:
                invitations.accept_invitation(token, name=f"N{number}", password=PasswordHash("x"))
                db.session.commit()
            except (NotAllowed, Malformed):
                db.session.rollback()
                return "refused"
            return "won"

    with ThreadPoolExecutor(4) as pool:
        outcomes = list(pool.map(lambda number: contextvars.Context().run(accept, number), range(4)))
    assert sorted(outcomes) == ["refused"] * 3 + ["won"]


def test_with_a_mail_server_an_invitation_is_mailed_too(
    environ: dict[str, str], request: pytest.FixtureRequest
) -> None:
    environ |= {"SMTP_URL": "smtp://127.0.0.1:2525", "MAIL_FROM": "Sevenbells <bells@example.com>"}
    request.getfixturevalue("app")
    link = invitations.invite("new@example.com", Role.VIEWER, by=COMMAND_LINE)
    letter = db.session.scalars(select(OutboxMessage)).one()
    assert (letter.channel, letter.destination) == ("email", "new@example.com")
    assert link in letter.payload["text"]
    assert letter.expires_at is not None


# Resets


def test_an_administrator_hands_over_a_reset_link(app: Flask, client: FlaskClient, admin: Person) -> None:
    maya = make_person()
    sign_in(client, admin)
    answer = post(client, f"{PEOPLE}/{maya.id}/reset")
    link, guest = link_in(answer.text), app.test_client()

    assert "maya@example.com" in guest.get(link).text
    short = guest.post(link, data={"password": "short"})
    assert (short.status_code, short.text.count("Use at least 12 characters")) == (422, 2)
    assert guest.post(link, data={"password": FRESH}).status_code == 303

    assert guest.get(link).status_code == 404
    assert guest.post("/login", data={"email": maya.email, "password": PASSWORD}).status_code == 422
    sign_in(guest, maya, password=FRESH)


def test_a_reset_link_of_a_disabled_account_is_void(client: FlaskClient, admin: Person) -> None:
    maya = make_person()
    sign_in(client, admin)
    link = link_in(post(client, f"{PEOPLE}/{maya.id}/reset").text)
    assert post(client, f"{PEOPLE}/{maya.id}/disabled").status_code == 303
    assert client.get(link).status_code == 404
    assert post(client, f"{PEOPLE}/{maya.id}/reset").status_code == 409


def test_a_reset_link_used_by_two_at_once_sets_one_password(app: Flask) -> None:
    link = passwords.issue_reset(make_person(), by=COMMAND_LINE)
    db.session.commit()
    token, barrier = link.rpartition("/")[2], Barrier(4)

    def reset(number: int) -> str | None:
        with app.app_context():
            barrier.wait(timeout=10)
            try:
                passwords.reset_password(token, PasswordHash(f"hash {number}"))
                db.session.commit()
            except NotAllowed:
                db.session.rollback()
                return None
            return f"hash {number}"

    with ThreadPoolExecutor(4) as pool:
        outcomes = list(pool.map(lambda number: contextvars.Context().run(reset, number), range(4)))

    won = [outcome for outcome in outcomes if outcome]
    maya = find_person("maya@example.com")
    assert maya is not None
    assert won == [maya.password_hash]


def test_forgot_it_answers_the_same_whether_the_account_exists(
    environ: dict[str, str], request: pytest.FixtureRequest, clock: WoundClock
) -> None:
    environ |= {"SMTP_URL": "smtp://127.0.0.1:2525", "MAIL_FROM": "Sevenbells <bells@example.com>"}
    app: Flask = request.getfixturevalue("app")
    client = app.test_client()
    maya = make_person()

    known = client.post("/login/reset", data={"email": "maya@example.com"})
    unknown = client.post("/login/reset", data={"email": "nobo@example.com"})

    assert known.status_code == unknown.status_code == 200
    assert known.text.replace("maya@", "").replace(known.headers.get("X-Request-ID", "-"), "") == unknown.text.replace(
        "nobo@", ""
    ).replace(unknown.headers.get("X-Request-ID", "-"), "")
    letter = db.session.scalars(select(OutboxMessage)).one()
    assert letter.destination == maya.email
    link = link_in(letter.payload["text"])
    clock.forward(hours=1)
    assert client.get(link).status_code == 404


def test_forgot_it_is_throttled(environ: dict[str, str], request: pytest.FixtureRequest) -> None:
    environ |= {"SMTP_URL": "smtp://127.0.0.1:2525", "MAIL_FROM": "Sevenbells <bells@example.com>"}
    client = request.getfixturevalue("app").test_client()
    make_person()
    answers = [client.post("/login/reset", data={"email": "maya@example.com"}).status_code for _ in range(6)]
    assert answers == [200] * 5 + [429]


def test_without_a_mail_server_forgot_it_says_whom_to_ask(client: FlaskClient) -> None:
    page = client.get("/login/reset").text
    assert "Ask an administrator" in page
    assert "<form" not in page


# Roles


def test_an_administrator_changes_a_role_and_it_stands_in_the_audit_log(client: FlaskClient, admin: Person) -> None:
    maya = make_person()
    sign_in(client, admin)
    assert post(client, f"{PEOPLE}/{maya.id}/role", {"role": "admin"}).status_code == 303
    assert maya.role == "admin"
    noted = db.session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc())).first()
    assert noted is not None
    assert (noted.by_name, noted.what, noted.subject) == ("Admin", "role changed", "maya@example.com")
    assert noted.detail == {"before": "responder", "after": "admin"}


@pytest.mark.parametrize("act", ["role", "disabled"])
def test_the_last_administrator_stays_one(client: FlaskClient, admin: Person, act: str) -> None:
    make_person("gone@example.com", role="admin", disabled_at=admin.created_at)
    sign_in(client, admin)
    answer = post(client, f"{PEOPLE}/{admin.id}/{act}", {"role": "viewer"})
    assert answer.status_code == 409
    assert "Admin is the only administrator. Make somebody else one first." in answer.text
    assert (admin.role, admin.disabled_at) == ("admin", None)


def test_two_administrators_who_demote_each_other_at_once_leave_one(app: Flask, admin: Person) -> None:
    ids = [admin.id, make_person("other@example.com", role="admin").id]
    db.session.commit()
    barrier = Barrier(2)

    def demote(person_id: int) -> bool:
        with app.app_context():
            barrier.wait(timeout=10)
            try:
                people.change_role(db.session.get_one(Person, person_id), Role.VIEWER, by=COMMAND_LINE)
                db.session.commit()
            except NotAllowed:
                db.session.rollback()
                return False
            return True

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(lambda each: contextvars.Context().run(demote, each), ids)) == [False, True]


def test_disabling_and_enabling_keeps_role_and_password(app: Flask, client: FlaskClient, admin: Person) -> None:
    maya, browser, before = make_person(), app.test_client(), app.test_client()
    sign_in(client, admin)
    sign_in(before, maya)
    post(client, f"{PEOPLE}/{maya.id}/disabled")
    assert browser.post("/login", data={"email": maya.email, "password": PASSWORD}).status_code == 422
    post(client, f"{PEOPLE}/{maya.id}/enabled")
    assert before.get("/console/me").status_code == 302  # what was ended stays ended
    sign_in(browser, maya)
    assert maya.role == "responder"


# Oneself


def test_name_zone_and_look_are_ones_own(client: FlaskClient) -> None:
    maya = make_person()
    sign_in(client, maya)
    assert post(client, "/console/me", {"name": " Maya  Lindqvist ", "zone": "Europe/Berlin"}).status_code == 303
    answer = post(client, "/console/me/preferences", {"theme": "dark", "agrees_to_drills": "1"})
    assert "theme=dark" in answer.headers["Set-Cookie"]
    assert (maya.name, maya.zone, maya.theme) == ("Maya Lindqvist", "Europe/Berlin", "dark")
    assert (maya.single_keys, maya.agrees_to_drills) == (False, True)
    page = client.get("/console/me").text
    assert 'data-theme="dark"' in page
    assert '<option value="Europe/Berlin" selected>' in page


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"name": "", "zone": "UTC"}, "Give a name"),
        ({"name": "Maya", "zone": "Mars/Olympus"}, "Choose a time zone from the list, such as Europe/Berlin"),
        ({"name": "a\u202eb", "zone": "UTC"}, "Leave control characters out of the name"),
    ],
)
def test_a_wrong_profile_is_told_beside_the_field(client: FlaskClient, typed: dict[str, str], said: str) -> None:
    maya = make_person()
    sign_in(client, maya)
    answer = post(client, "/console/me", typed)
    assert (answer.status_code, answer.text.count(said)) == (422, 2)
    assert "<title>Error: " in answer.text
    assert maya.name == "Maya"


# Rules


@pytest.mark.parametrize(
    "password",
    ["aaaaaaaaaaaa", "123456789012", "qwertyuiop[]"[:10] + "as", "passwordpassword", "Password2026!", "letmein12345", "sevenbells2026",
     "maya.lindqvist", "abcabcabcabc", "correcthorsebatterystaple"],
)  # fmt: skip
def test_guessable_passwords_are_refused(password: str) -> None:
    assert password_rules.objection(password, about=("maya@example.com", "Maya Lindqvist")) is not None


@pytest.mark.parametrize(
    "password",
    [
        "four unrelated words walk",
        "kB7#xq9Lm2$v",
        "ein langer deutscher satz",
        "hello from the harbour wall",
        "пароль из четырёх слов",
    ],
)
def test_long_and_surprising_passwords_are_taken(password: str) -> None:
    assert password_rules.objection(password, about=("maya@example.com", "Maya Lindqvist")) is None


def test_nothing_is_hashed_while_a_transaction_is_open(app: Flask) -> None:
    db.session.execute(select(Person))
    with pytest.raises(RuntimeError, match="end the transaction first"):
        prepare(PASSWORD)


@pytest.mark.parametrize(
    "email",
    ["", "maya", "maya@", "@example.com", "a b@example.com", "maya@example.com, x@example.com", "maya@example.com\r\nBcc: x@example.com",
     "=?utf-8?q?x?=@example.com", f"{'x' * 250}@example.com", "maya@-example.com", "maya\x00@example.com"],
)  # fmt: skip
def test_what_is_no_address_is_refused(email: str) -> None:
    with pytest.raises(Malformed):
        people.clean_email(email)
