"""Signing in: who gets in, where they land, and what guessing costs."""

from __future__ import annotations

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from incidents.access import passwords
from incidents.kernel.database import db
from incidents.records.audit import AuditEntry
from incidents.records.sessions import ServerSession
from tests.conftest import WoundClock
from tests.factories_people import PASSWORD, make_person, sign_in


def test_the_right_password_opens_the_console_where_one_wanted_to_go(client: FlaskClient) -> None:
    make_person("maya@example.com")

    asked = client.get("/console/me?x=1")
    assert asked.status_code == 302
    assert asked.location == "/login?next=%2Fconsole%2Fme%3Fx%3D1"

    answer = client.post(asked.location, data={"email": "Maya@Example.com ", "password": PASSWORD})

    assert (answer.status_code, answer.location) == (303, "/console/me?x=1")
    assert "Maya" in client.get("/console/me").text


@pytest.mark.parametrize(
    "evil", ["//evil.example", "/\\evil.example", "https://evil.example", "/x y", "/x\r\nSet-Cookie:a=b", ""]
)
def test_signing_in_never_leads_off_this_site(client: FlaskClient, evil: str) -> None:
    make_person("maya@example.com")
    answer = client.post(
        "/login", query_string={"next": evil}, data={"email": "maya@example.com", "password": PASSWORD}
    )
    assert answer.location == "/console/"


@pytest.mark.parametrize(
    ("email", "password"),
    [
        ("maya@example.com", "not the one"),
        ("nobody@example.com", PASSWORD),
        ("gone@example.com", PASSWORD),
        ("maya@example.com", "x" * 5000),
    ],
)
def test_every_way_of_not_getting_in_looks_the_same_and_costs_one_verification(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch, email: str, password: str, clock: WoundClock
) -> None:
    make_person("maya@example.com")
    make_person("gone@example.com", disabled_at=clock())
    verified: list[str] = []
    real = passwords._verify

    def counted(given: str, kept: str) -> bool:
        verified.append(kept)
        return real(given, kept)

    monkeypatch.setattr(passwords, "_verify", counted)

    answer = client.post("/login", data={"email": email, "password": password})

    assert answer.status_code == 422
    assert "The e-mail address or the password is wrong." in answer.text
    assert "<title>Error: Sign in" in answer.text
    assert f'value="{email}"' in answer.text
    assert password not in answer.text
    assert len(verified) == 1
    assert "Set-Cookie" not in answer.headers


def test_somebody_without_a_password_cannot_sign_in_with_an_empty_one(client: FlaskClient) -> None:
    make_person("new@example.com", password=None)
    assert client.post("/login", data={"email": "new@example.com", "password": ""}).status_code == 422
    assert client.post("/login", data={"email": "new@example.com", "password": "x"}).status_code == 422


def test_five_wrong_passwords_make_the_account_wait_longer_each_time(client: FlaskClient, clock: WoundClock) -> None:
    make_person("maya@example.com")

    def attempt(password: str, address: int) -> tuple[int, str | None]:
        where = {"REMOTE_ADDR": f"192.0.2.{address}"}
        answer = client.post("/login", data={"email": "maya@example.com", "password": password}, environ_base=where)
        return answer.status_code, answer.headers.get("Retry-After")

    assert [attempt("wrong", n) for n in range(5)] == [(422, None)] * 5
    assert attempt(PASSWORD, 6) == (429, "30")
    clock.forward(seconds=20)
    assert attempt(PASSWORD, 7) == (429, "10")
    clock.forward(seconds=10)
    assert attempt("wrong", 8) == (422, None)
    assert attempt(PASSWORD, 9) == (429, "60")
    clock.forward(seconds=60)
    assert attempt(PASSWORD, 10) == (303, None)
    assert attempt("wrong", 11) == (422, None)


def test_waiting_says_nothing_about_whether_the_account_exists(client: FlaskClient) -> None:
    make_person("maya@example.com")
    said = []
    for email in ("maya@example.com", "nobody@example.com"):
        for _ in range(5):
            client.post("/login", data={"email": email, "password": "wrong"})
        answer = client.post("/login", data={"email": email, "password": "wrong"})
        said.append((answer.status_code, answer.headers["Retry-After"], answer.text.replace(email, "")))
    assert said[0] == said[1]
    assert "Too many attempts. Try again in 30 s." in said[0][2]


def test_one_address_may_not_try_many_accounts(client: FlaskClient) -> None:
    make_person("maya@example.com")
    for number in range(20):
        assert client.post("/login", data={"email": f"u{number}@example.com", "password": "x"}).status_code == 422
    assert client.post("/login", data={"email": "maya@example.com", "password": PASSWORD}).status_code == 429
    elsewhere = {"REMOTE_ADDR": "198.51.100.7"}
    signed = client.post("/login", data={"email": "maya@example.com", "password": PASSWORD}, environ_base=elsewhere)
    assert signed.status_code == 303


def test_attempts_are_forgotten_after_a_while(client: FlaskClient, clock: WoundClock) -> None:
    make_person("maya@example.com")
    for _ in range(5):
        client.post("/login", data={"email": "maya@example.com", "password": "wrong"})
    clock.forward(minutes=16)
    sign_in(client, make_person("jonas@example.com"))
    assert client.post("/login", data={"email": "maya@example.com", "password": "wrong"}).status_code == 422


def test_many_wrong_passwords_at_once_gain_nothing(app: Flask) -> None:
    from concurrent.futures import ThreadPoolExecutor

    make_person("maya@example.com")
    clients = [app.test_client() for _ in range(12)]

    def attempt(browser: FlaskClient) -> int:
        import contextvars

        typed = {"email": "maya@example.com", "password": "wrong"}
        return (
            contextvars.Context()
            .run(lambda: FlaskClient.open(browser, "/login", method="POST", data=typed))
            .status_code
        )

    with ThreadPoolExecutor(12) as pool:
        answers = sorted(pool.map(attempt, clients))

    assert answers == [422] * 5 + [429] * 7


def test_the_session_id_is_new_at_every_sign_in_and_only_its_digest_is_kept(client: FlaskClient) -> None:
    person = make_person("maya@example.com")
    sign_in(client, person)
    with client.session_transaction() as first:
        token = first["_user_id"]
    sign_in(client, person)
    with client.session_transaction() as second:
        assert second["_user_id"] != token
    kept = db.session.scalars(select(ServerSession.token_hash)).all()
    assert len(kept) == 2
    assert token not in kept


def test_weak_hashes_are_renewed_at_sign_in(app: Flask, client: FlaskClient) -> None:
    from argon2 import PasswordHasher

    person = make_person("maya@example.com")
    before = person.password_hash
    app.config["PASSWORD_HASHER"] = PasswordHasher(time_cost=2, memory_cost=16, parallelism=1)
    sign_in(client, person)
    assert person.password_hash != before
    sign_in(client, person)


def test_signing_in_and_failing_stand_in_the_audit_log(client: FlaskClient) -> None:
    person = make_person("maya@example.com")
    client.post("/login", data={"email": "maya@example.com", "password": "wrong"})
    client.post("/login", data={"email": "typed-my-password-here", "password": "wrong"})
    sign_in(client, person)
    noted = [(each.what, each.subject) for each in db.session.scalars(select(AuditEntry).order_by(AuditEntry.id))]
    assert noted[1:] == [("sign-in failed", "maya@example.com"), ("signed in", "maya@example.com")]


def test_the_login_page_says_when_nobody_exists_yet(client: FlaskClient) -> None:
    assert "Nobody has an account yet." in client.get("/login").text
    make_person("maya@example.com")
    assert "Nobody has an account yet." not in client.get("/login").text
