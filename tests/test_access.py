"""The guard before every view: closed unless a route says otherwise."""

from __future__ import annotations

import pytest
from flask import Flask
from flask.testing import FlaskClient
from flask.views import MethodView

from incidents import access
from incidents.access import Role
from incidents.kernel import throttle
from tests.factories_people import make_person, make_token, sign_in


def ok() -> str:
    return "in"


def test_a_route_that_says_nothing_is_closed_to_everybody_and_logged(
    app: Flask, capsys: pytest.CaptureFixture[str]
) -> None:
    app.add_url_rule("/console/forgotten", "forgotten", lambda: "in")
    admin = sign_in(app.test_client(), make_person(role="admin"))
    token = {"Authorization": f"Bearer {make_token(scope='admin')}"}
    for client, headers in ((admin, {}), (app.test_client(), {}), (app.test_client(), token)):
        assert client.get("/console/forgotten", headers=headers).status_code == 403
    assert "route_without_access" in capsys.readouterr().err


def test_a_class_of_views_declares_for_all_its_methods(app: Flask) -> None:
    @access.may(Role.ADMIN)
    class Things(MethodView):
        def get(self) -> str:
            return "in"

    app.add_url_rule("/console/things", view_func=Things.as_view("things"))
    assert access.access_of(app, "things") == "admin"
    assert sign_in(app.test_client(), make_person(role="responder")).get("/console/things").status_code == 403


def test_a_refusal_says_who_may(app: Flask) -> None:
    app.add_url_rule("/console/only-admins", "only_admins", access.may(Role.ADMIN)(ok))
    client = sign_in(app.test_client(), make_person(role="viewer"))
    answer = client.get("/console/only-admins")
    assert answer.status_code == 403
    assert "Only administrators can do this." in answer.text


def test_what_is_not_there_is_not_there_for_everybody(client: FlaskClient) -> None:
    assert client.get("/console/nothing-of-the-kind").status_code == 404
    assert client.put("/console/me").status_code == 405
    sign_in(client, make_person())
    assert client.get("/console/nothing-of-the-kind").status_code == 404


def test_a_public_page_looks_at_no_cookie(app: Flask) -> None:
    def plain() -> str:
        return "public"

    app.add_url_rule("/plain", "plain", access.anyone()(plain))
    client = sign_in(app.test_client(), make_person())
    answer = client.get("/plain")
    assert "Cookie" not in answer.headers.get("Vary", "")
    assert "Set-Cookie" not in answer.headers


def test_private_pages_are_kept_out_of_caches(client: FlaskClient) -> None:
    sign_in(client, make_person())
    answer = client.get("/console/me")
    assert answer.headers["Cache-Control"] == "no-store"
    assert "Cookie" in answer.headers["Vary"]


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ("", "unknown"),
        ("not an address", "unknown"),
    ],
)
def test_guessing_is_counted_by_what_one_subscriber_has(address: str, network: str) -> None:
    assert throttle.network_of(address) == network


def test_a_proxy_is_believed_only_when_it_is_ours(environ: dict[str, str], request: pytest.FixtureRequest) -> None:
    environ["TRUSTED_PROXIES"] = "10.0.0.0/8"
    app: Flask = request.getfixturevalue("app")
    make_person()

    def fails(peer: str, claimed: str) -> int:
        return (
            app.test_client()
            .post(
                "/login",
                data={"email": f"u{claimed}@example.com", "password": "x"},
                environ_base={"REMOTE_ADDR": peer},
                headers={"X-Forwarded-For": claimed},
            )
            .status_code
        )

    # a stranger who names a new address each time is still one address
    assert [fails("198.51.100.7", f"192.0.2.{number}") for number in range(21)] == [422] * 20 + [429]
    # behind our proxy each address counts for itself
    assert {fails("10.1.1.1", f"203.0.113.{number}") for number in range(21)} == {422}
