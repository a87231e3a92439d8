"""Sessions end when they must, at once, and keep nobody from their typing."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from incidents.actions import passwords as password_actions
from incidents.actions import people
from incidents.kernel import settings as settings_module
from incidents.kernel.database import db
from incidents.records.actors import COMMAND_LINE
from incidents.records.people import Role
from incidents.records.sessions import ServerSession
from tests.conftest import CHEAP_HASHER, Browser, WoundClock
from tests.factories_people import PASSWORD, form_token, make_person, post, sign_in

ME = "/console/me"
FRESH = "another four quiet words"


def is_in(client: FlaskClient) -> bool:
    return bool(client.get(ME).status_code == 200)


def test_signing_out_ends_the_session_on_our_side_too(client: FlaskClient) -> None:
    sign_in(client, make_person())
    with client.session_transaction() as cookie:
        stolen = dict(cookie)

    assert post(client, "/logout").status_code == 303

    with client.session_transaction() as cookie:
        assert "_user_id" not in cookie
        cookie.update(stolen)
    assert not is_in(client)


def test_a_new_password_ends_every_other_session_and_keeps_this_one(app: Flask, client: FlaskClient) -> None:
    person = make_person()
    elsewhere = sign_in(app.test_client(), person)
    sign_in(client, person)

    answer = post(client, f"{ME}/password", {"current": PASSWORD, "password": FRESH})

    assert answer.status_code == 303
    assert is_in(client)
    assert not is_in(elsewhere)
    sign_in(elsewhere, person, password=FRESH)


def test_a_wrong_current_password_changes_nothing(client: FlaskClient) -> None:
    sign_in(client, make_person())
    answer = post(client, f"{ME}/password", {"current": "not it", "password": FRESH})
    assert answer.status_code == 422
    assert "This is not your current password" in answer.text
    assert FRESH not in answer.text
    assert post(client, "/logout").status_code == 303
    assert client.post("/login", data={"email": "maya@example.com", "password": FRESH}).status_code == 422


def test_guessing_the_current_password_is_slowed_down_as_signing_in_is(client: FlaskClient) -> None:
    sign_in(client, make_person())
    answers = [post(client, f"{ME}/password", {"current": "not it", "password": FRESH}) for _ in range(6)]
    assert [answer.status_code for answer in answers] == [422] * 5 + [429]
    assert answers[-1].headers["Retry-After"] == "30"


@pytest.mark.parametrize("act", ["role", "disable"])
def test_a_changed_role_and_a_disabled_account_end_every_session_at_once(client: FlaskClient, act: str) -> None:
    make_person("admin@example.com", role="admin")
    person = make_person()
    sign_in(client, person)
    if act == "role":
        people.change_role(person, Role.VIEWER, by=COMMAND_LINE)
    else:
        people.disable(person, by=COMMAND_LINE)
    assert not is_in(client)


def test_an_account_closed_by_any_hand_is_out_at_its_next_request(client: FlaskClient, clock: WoundClock) -> None:
    person = make_person()
    sign_in(client, person)
    person.disabled_at = clock()
    assert client.get(ME).location == "/login?next=%2Fconsole%2Fme"


def test_what_the_cookie_held_before_signing_in_is_gone_after(client: FlaskClient) -> None:
    with client.session_transaction() as cookie:
        cookie["csrf_token"] = "planted"
    sign_in(client, make_person())
    with client.session_transaction() as cookie:
        assert "csrf_token" not in cookie


def test_a_reset_ends_every_session(client: FlaskClient) -> None:
    person = make_person()
    sign_in(client, person)
    link = password_actions.issue_reset(person, by=COMMAND_LINE).removeprefix("http://127.0.0.1:8000")
    assert client.post(link, data={"password": FRESH}).status_code == 303
    assert not is_in(client)


def test_a_session_ends_after_twelve_idle_hours(client: FlaskClient, clock: WoundClock) -> None:
    sign_in(client, make_person())
    clock.forward(hours=11, minutes=59)
    assert is_in(client)
    clock.forward(hours=12)
    assert not is_in(client)


def test_a_session_ends_after_seven_days_however_busy(client: FlaskClient, clock: WoundClock) -> None:
    sign_in(client, make_person())
    for _ in range(14):
        clock.forward(hours=11, minutes=59)
        assert is_in(client)
    clock.forward(minutes=14)
    assert not is_in(client)


def test_a_ticked_device_stays_signed_in_for_thirty_days(client: FlaskClient, clock: WoundClock) -> None:
    sign_in(client, make_person(), remembered=True)
    clock.forward(days=29, hours=23)
    assert is_in(client)
    clock.forward(hours=1)
    assert not is_in(client)


def test_seeing_a_session_is_written_at_most_once_a_minute(
    client: FlaskClient, clock: WoundClock, count_queries: list[str]
) -> None:
    sign_in(client, make_person())
    began = clock()

    def seen_at() -> timedelta:
        db.session.commit()
        return db.session.scalars(select(ServerSession.seen_at)).one() - began

    clock.forward(seconds=59)
    count_queries.clear()
    client.get(ME)
    assert not [each for each in count_queries if each.startswith("UPDATE")]
    assert seen_at() == timedelta(0)
    clock.forward(seconds=1)
    client.get(ME)
    assert seen_at() == timedelta(minutes=1)


def test_reading_goes_on_while_nothing_can_be_written(client: FlaskClient, clock: WoundClock) -> None:
    sign_in(client, make_person())
    clock.forward(minutes=5)
    db.session.commit()
    # somebody else holds what the note of "seen" would need
    with db.engine.connect() as holder:
        holder.execute(select(ServerSession).with_for_update())
        assert is_in(client)
    assert db.session.scalars(select(ServerSession.seen_at)).one() == clock() - timedelta(minutes=5)
    assert is_in(client)
    db.session.commit()
    assert db.session.scalars(select(ServerSession.seen_at)).one() == clock()


def test_one_sees_ones_browsers_and_signs_one_out(app: Flask, client: FlaskClient) -> None:
    person = make_person()
    phone = app.test_client()
    agent = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605 Version/18.0 Mobile Safari/604.1"
    phone.post("/login", data={"email": person.email, "password": PASSWORD}, headers={"User-Agent": agent})
    sign_in(client, person)
    assert "Safari on iPhone" in client.get(ME).text

    theirs = db.session.scalars(select(ServerSession).where(ServerSession.agent == agent)).one().id
    assert post(client, f"{ME}/sessions/{theirs}").status_code == 303

    assert not is_in(phone)
    assert is_in(client)


def test_nobody_can_end_another_persons_session(app: Flask, client: FlaskClient) -> None:
    other = sign_in(app.test_client(), make_person("jonas@example.com"))
    theirs = db.session.scalars(select(ServerSession.id)).one()
    sign_in(client, make_person())
    post(client, f"{ME}/sessions/{theirs}")
    assert is_in(other)


def test_signing_out_everywhere_else(app: Flask, client: FlaskClient) -> None:
    person = make_person()
    others = [sign_in(app.test_client(), person) for _ in range(2)]
    sign_in(client, person)
    assert post(client, f"{ME}/sessions").status_code == 303
    assert [is_in(each) for each in (*others, client)] == [False, False, True]


def test_a_form_sent_by_a_dead_session_loses_no_text(client: FlaskClient) -> None:
    person = make_person()
    sign_in(client, person)
    token = form_token(client)
    people.disable(make_person("x@example.com"), by=COMMAND_LINE)
    db.session.execute(ServerSession.__table__.delete())  # type: ignore[attr-defined]

    answer = client.post(
        ME, data={"csrf_token": token, "name": "A long <name> typed at night", "password": "hush hush", "after": "1871"}
    )

    assert answer.status_code == 401
    assert "Your session ended" in answer.text
    assert "1871" not in answer.text
    assert "A long &lt;name&gt; typed at night" in answer.text
    assert "hush hush" not in answer.text
    assert token not in answer.text
    assert 'href="/login?next=%2Fconsole%2Fme"' in answer.text
    assert "Your session ended." in client.get("/login?next=/console/me").text


def test_a_fragment_of_a_page_is_told_plainly_and_never_led_away(client: FlaskClient) -> None:
    answer = client.get(ME, headers={"HX-Request": "true"})
    assert (answer.status_code, answer.text) == (401, "Your session ended. Sign in again.\n")


def test_the_cookie_is_kept_from_scripts_and_strangers(client: FlaskClient) -> None:
    person = make_person()
    answer = client.post("/login", data={"email": person.email, "password": PASSWORD})
    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith("sevenbells=")
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Path=/" in cookie
    assert "Expires" not in cookie
    assert "Domain" not in cookie


def test_behind_https_the_cookie_is_bound_to_the_host(app: Flask, environ: dict[str, str], clock: WoundClock) -> None:
    import wsgi

    make_person()
    secure = wsgi.create_app(settings_module.load({**environ, "BASE_URL": "https://sevenbells.example"}))
    secure.test_client_class = Browser
    secure.config["PASSWORD_HASHER"] = CHEAP_HASHER
    with secure.app_context():
        client = secure.test_client()
        answer = client.post(
            "/login",
            data={"email": "maya@example.com", "password": PASSWORD, "remembered": "1"},
            base_url="https://sevenbells.example",
        )
        assert answer.headers["Set-Cookie"].startswith("__Host-sevenbells=")
        assert "; Secure" in answer.headers["Set-Cookie"]
        assert "Expires" in answer.headers["Set-Cookie"]
        db.session.remove()
        db.engine.dispose()


def test_a_cookie_signed_by_the_old_key_still_counts_and_new_ones_use_the_new_key(
    app: Flask, client: FlaskClient, environ: dict[str, str]
) -> None:
    import wsgi

    sign_in(client, make_person())
    db.session.commit()
    old = client.get_cookie("sevenbells")
    assert old is not None
    rotated = {**environ, "SECRET_KEY": "a newer key that only the tests know", "SECRET_KEY_OLD": environ["SECRET_KEY"]}
    finished = {**rotated, "SECRET_KEY_OLD": ""}

    def opens(chosen: dict[str, str], cookie: str) -> tuple[bool, str]:
        """Whether that cookie is signed in under these settings, and the cookie of signing in afresh."""
        other = wsgi.create_app(settings_module.load(chosen))
        other.test_client_class = Browser
        other.config["PASSWORD_HASHER"] = CHEAP_HASHER
        with other.app_context():
            browser = other.test_client()
            browser.set_cookie("sevenbells", cookie)
            counted = is_in(browser)
            browser.post("/login", data={"email": "maya@example.com", "password": PASSWORD})
            fresh = browser.get_cookie("sevenbells")
            assert fresh is not None
            db.session.remove()
            db.engine.dispose()
            return counted, fresh.value

    counted, new = opens(rotated, old.value)
    assert counted
    assert opens(finished, new)[0]
    assert not opens(finished, old.value)[0]


def test_letting_others_in_asks_for_the_password_again_after_an_hour(client: FlaskClient, clock: WoundClock) -> None:
    person = make_person(role="admin")
    sign_in(client, person)
    clock.forward(minutes=59)
    assert client.get("/console/settings/tokens").status_code == 200
    clock.forward(minutes=1)

    asked = client.get("/console/settings/tokens?x=1")
    assert (asked.status_code, asked.location) == (303, "/console/me/proof?next=%2Fconsole%2Fsettings%2Ftokens%3Fx%3D1")
    refused = post(client, "/console/settings/tokens", {"name": "deploy", "scope": "admin"})
    assert refused.location == "/console/me/proof?next=%2Fconsole%2Fsettings%2Ftokens"
    assert client.get("/console/me").status_code == 200

    wrong = post(client, asked.location, {"password": "not it"})
    assert (wrong.status_code, wrong.text.count("This is not your password")) == (422, 2)
    right = post(client, asked.location, {"password": PASSWORD})
    assert (right.status_code, right.location) == (303, "/console/settings/tokens?x=1")
    assert client.get("/console/settings/tokens").status_code == 200
