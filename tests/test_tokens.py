"""API tokens: shown once, kept as digests, bound to a scope, worthless once revoked."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from incidents import access
from incidents.access import Scope
from incidents.actions import api_tokens
from incidents.kernel.database import db
from incidents.records.actors import COMMAND_LINE
from incidents.records.tokens import ApiToken, find_token
from tests.conftest import WoundClock
from tests.factories_people import make_person, make_token, post, sign_in

TOKENS = "/console/settings/tokens"


@pytest.fixture
def probes(app: Flask) -> Flask:
    """Three addresses of the API, one a scope; each says who asked."""

    def answers() -> dict[str, str]:
        return {"by": access.actor().name, "kind": access.actor().kind}

    for scope in Scope:
        view = access.token_may(scope)(lambda: answers())  # noqa: PLW0108 - each needs a function of its own
        app.add_url_rule(f"/api/v1/probe-{scope.value}", f"probe_{scope.value}", view, methods=["GET", "POST"])
    return app


def bearer(value: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {value}"}


@pytest.mark.parametrize(
    ("scope", "answers"),
    [("read", [200, 403, 403]), ("respond", [200, 200, 403]), ("admin", [200, 200, 200])],
)
def test_a_scope_opens_what_it_names_and_what_is_below_it(probes: Flask, scope: str, answers: list[int]) -> None:
    client, value = probes.test_client(), make_token("deploy", scope=scope)
    got = [client.get(f"/api/v1/probe-{each.value}", headers=bearer(value)).status_code for each in Scope]
    assert got == answers


def test_a_token_acts_under_its_name_and_needs_no_form_token(probes: Flask) -> None:
    answer = probes.test_client().post("/api/v1/probe-respond", headers=bearer(make_token("deploy")))
    assert answer.json == {"by": "deploy", "kind": "token"}


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "Bearer",
        "Bearer ",
        "Bearer wrong",
        "Basic {}",
        "Token {}",
        "{}",
        "Bearer {}x",
        "Bearer sb_\u00e9",
        "bearer  {}",
    ],
)
def test_without_a_living_token_nobody_gets_in(probes: Flask, header: str | None) -> None:
    value = make_token()
    headers = {} if header is None else {"Authorization": header.format(value)}
    answer = probes.test_client().get("/api/v1/probe-read", headers=headers)
    if header == "bearer  {}":
        assert answer.status_code == 200
        return
    assert answer.status_code == 401
    assert answer.mimetype == "application/problem+json"
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert value not in answer.text


def test_a_signed_in_browser_is_no_token(probes: Flask) -> None:
    client = sign_in(probes.test_client(), make_person(role="admin"))
    assert client.get("/api/v1/probe-read").status_code == 401
    assert client.post("/api/v1/probe-admin").status_code == 401


def test_a_token_opens_no_page_of_the_console(client: FlaskClient) -> None:
    assert client.get("/console/me", headers=bearer(make_token(scope="admin"))).status_code == 302


def test_a_revoked_token_is_refused_at_once(probes: Flask) -> None:
    client, value = probes.test_client(), make_token("deploy")
    assert client.get("/api/v1/probe-read", headers=bearer(value)).status_code == 200
    token = find_token("deploy")
    assert token is not None
    api_tokens.revoke_token(token, by=COMMAND_LINE)
    assert client.get("/api/v1/probe-read", headers=bearer(value)).status_code == 401


def test_the_last_use_is_noted_at_most_once_a_minute(probes: Flask, clock: WoundClock) -> None:
    client, value = probes.test_client(), make_token("deploy")
    token = find_token("deploy")
    assert token is not None
    assert token.last_used_at is None
    first_use = clock()

    def last_used(after: float) -> datetime | None:
        clock.forward(seconds=after)
        assert client.get("/api/v1/probe-read", headers=bearer(value)).status_code == 200
        assert token is not None
        return token.last_used_at

    assert last_used(after=0) == first_use
    assert last_used(after=59) == first_use
    assert last_used(after=1) == first_use + timedelta(minutes=1)


def test_only_the_digest_and_the_beginning_are_kept(app: Flask) -> None:
    value = make_token("deploy")
    token = db.session.scalars(select(ApiToken)).one()
    columns = [str(getattr(token, column.key)) for column in ApiToken.__table__.columns]
    assert not [text for text in columns if value in text]
    assert value.startswith(token.beginning)
    assert len(value) >= 40


def test_an_administrator_issues_a_token_that_is_shown_once_and_revokes_it(client: FlaskClient) -> None:
    sign_in(client, make_person(role="admin"))

    issued = post(client, TOKENS, {"name": "deploy", "scope": "respond"})

    assert issued.status_code == 201
    found = re.search(r'value="(sb_[\w-]{40,})"', issued.text)
    assert found
    assert found[1] not in client.get(TOKENS).text
    assert issued.headers["Cache-Control"] == "no-store"
    token = find_token("deploy")
    assert token is not None
    assert token.created_by == "Maya"
    assert post(client, f"{TOKENS}/{token.id}/revoked").status_code == 303
    assert token.revoked_at is not None


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"name": "deploy", "scope": "read"}, "There is, or was, a token of this name. Choose another"),
        ({"name": "", "scope": "read"}, "Give a name"),
        ({"name": "x", "scope": "everything"}, "Choose a scope"),
    ],
)
def test_a_wrong_token_form_is_told_beside_the_field(client: FlaskClient, typed: dict[str, str], said: str) -> None:
    make_token("deploy")
    sign_in(client, make_person(role="admin"))
    answer = post(client, TOKENS, typed)
    assert (answer.status_code, answer.text.count(said)) == (422, 2)
