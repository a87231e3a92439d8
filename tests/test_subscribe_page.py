"""The public forms: the same answer to everybody, nothing by GET, one press to leave, and words while the database is away."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select
from sqlalchemy.exc import OperationalError
from standardwebhooks.webhooks import Webhook
from werkzeug.test import Client, TestResponse

import statuspage
from incidents.kernel.database import db
from incidents.kernel.outbox import OutboxMessage
from incidents.kernel.settings import Settings
from incidents.messages import about_subscriptions as words
from incidents.published import subscribers
from incidents.published.subscribers import Choice, Subscriber
from tests.factories_published import make_component
from tests.outgoing import Outgoing, run_due_jobs
from tests.receivers import Receiver, receiver

__all__ = ["receiver"]

READER = "reader@example.com"


@pytest.fixture
def environ(environ: dict[str, str]) -> dict[str, str]:
    return {**environ, "SMTP_URL": "smtp://127.0.0.1:2525", "MAIL_FROM": "status@example.com"}


def ask(client: FlaskClient, email: str = READER, **more: Any) -> TestResponse:
    return client.post("/subscribe", data={"email": email, **more})


def subscribed(email: str = READER, choice: Choice = subscribers.EVERYTHING) -> Subscriber:
    reader, _is_new = subscribers.add(email, choice, is_confirmed=True, words=words)
    db.session.commit()
    return reader


def on_list() -> list[str | None]:
    return list(db.session.scalars(select(Subscriber.email).where(Subscriber.confirmed_at.is_not(None))))


def path_in(outgoing: Outgoing) -> str:
    return str(outgoing.sent[-1].own["link"]).removeprefix("http://127.0.0.1:8000")


def test_the_answer_does_not_tell_whether_an_address_was_known(client: FlaskClient, outgoing: Outgoing) -> None:
    subscribed("known@example.com")
    answers = {ask(client, email).data for email in ("known@example.com", "new@example.com", "new@example.com")}
    assert len(answers) == 1
    assert b"Look into your mailbox" in answers.pop()
    run_due_jobs()
    assert sorted(outgoing.subjects) == ["[Our] Confirm your subscription", "[Our] You are subscribed already"]


def test_the_whole_way_from_the_form_to_the_list_and_off_it(client: FlaskClient, outgoing: Outgoing) -> None:
    api, web = make_component("API"), make_component("Web")
    ask(client, scope="chosen")
    run_due_jobs()
    link = path_in(outgoing)

    shown = client.get(link).text
    assert "Confirm your subscription" in shown
    assert READER in shown
    refused = client.post(link, data={"act": "confirm", "scope": "chosen"})
    assert refused.status_code == 422
    assert "Choose at least one component" in refused.text
    assert on_list() == []

    confirmed = client.post(
        link, data={"act": "confirm", "scope": "chosen", "component": [api.public_id], "language": "de"}
    )
    assert confirmed.status_code == 303
    own = confirmed.headers["Location"]
    assert "You are subscribed" in client.get(own).text
    assert on_list() == [READER]

    path = own.partition("?")[0]
    changed = client.post(
        path, data={"scope": "chosen", "component": [web.public_id], "maintenance": "no", "language": "fr"}
    )
    assert changed.status_code == 303
    reader = db.session.scalars(select(Subscriber)).one()
    assert Choice.of(reader) == Choice(components=(web.public_id,), maintenance=False, language="fr")

    left = client.post(path, data={"act": "leave"})
    assert "You are unsubscribed" in left.text
    assert db.session.scalar(select(func.count()).select_from(Subscriber)) == 0
    assert client.get(path).status_code == 404
    assert client.get(link).status_code == 404


def test_programs_that_open_every_link_change_nothing(client: FlaskClient, outgoing: Outgoing) -> None:
    ask(client)
    run_due_jobs()
    reader = subscribed("kept@example.com")
    kept = f"/subscriptions/{reader.token}"
    before = db.session.execute(select(Subscriber.__table__)).all()
    for method in ("GET", "HEAD", "OPTIONS"):
        for path in (path_in(outgoing), kept, f"{kept}?act=leave&List-Unsubscribe=One-Click", f"{kept}?done=<b>"):
            assert client.open(path, method=method).status_code == 200
    for method in ("PUT", "DELETE"):
        assert client.open(kept, method=method).status_code == 405
    assert db.session.execute(select(Subscriber.__table__)).all() == before


def test_a_mail_program_unsubscribes_with_one_post_from_anywhere_and_twice_is_as_once(client: FlaskClient) -> None:
    reader = subscribed()
    path = f"/subscriptions/{reader.token}"
    headers = {"Origin": "https://mail.example.net", "Sec-Fetch-Site": "cross-site"}
    for _time in range(2):
        answer = client.post(path, data={"List-Unsubscribe": "One-Click"}, headers=headers)
        assert answer.status_code == 200
        assert "Set-Cookie" not in answer.headers
        assert on_list() == []


def test_forms_of_other_sites_are_refused(client: FlaskClient) -> None:
    reader = subscribed()
    for headers in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}, {"Origin": "null"}):
        for path, data in (
            ("/subscribe", {"email": "victim@example.com"}),
            (f"/subscriptions/{reader.token}", {"act": "leave"}),
        ):
            assert client.post(path, data=data, headers=headers).status_code == 403
    assert db.session.scalars(select(Subscriber.email)).all() == [READER]


def test_twenty_addresses_from_one_network_in_a_quarter_of_an_hour_and_then_more_slowly(
    app: Flask, client: FlaskClient, clock: Any
) -> None:
    def from_network(address: str, number: int) -> int:
        peer = {"REMOTE_ADDR": address}
        return client.post("/subscribe", data={"email": f"r{number}@example.com"}, environ_base=peer).status_code

    assert {from_network(f"198.51.100.{number}", number) for number in range(20)} == {200}
    assert from_network("198.51.100.200", 20) == 429
    assert from_network("203.0.113.1", 21) == 200
    clock.forward(minutes=16)
    assert from_network("198.51.100.200", 20) == 200


def test_one_address_of_the_network_gives_five_an_hour_and_no_more(client: FlaskClient, clock: Any) -> None:
    def give(number: int) -> int:
        return client.post("/subscribe", data={"email": f"r{number}@example.com"}).status_code

    assert [give(number) for number in range(6)] == [200, 200, 200, 200, 200, 429]
    clock.forward(minutes=59)
    assert give(6) == 429
    clock.forward(minutes=2)
    assert [give(number) for number in range(7, 13)] == [200, 200, 200, 200, 200, 429]


def test_a_wrong_address_is_shown_again_with_what_is_wrong(client: FlaskClient) -> None:
    answer = ask(client, "a@example.com, b@example.com")
    assert answer.status_code == 422
    assert "Give an e-mail address such as" in answer.text
    assert 'value="a@example.com, b@example.com"' in answer.text


def test_without_a_mail_server_the_form_says_so(request: pytest.FixtureRequest, environ: dict[str, str]) -> None:
    del environ["SMTP_URL"]
    app: Flask = request.getfixturevalue("app")
    answer = ask(app.test_client())
    assert answer.status_code == 409
    assert "We cannot send e-mail at present" in answer.text
    assert db.session.scalar(select(func.count()).select_from(Subscriber)) == 0


def test_a_webhooks_secret_is_shown_once(client: FlaskClient) -> None:
    data = {"kind": "webhook", "url": "https://hooks.example.com/x", "shape": "statuspage"}
    answer = client.post("/subscribe", data=data)
    hook = db.session.scalars(select(Subscriber)).one()
    assert hook.secret is not None
    assert hook.secret in answer.text
    assert hook.shape == "statuspage"
    assert answer.headers["Cache-Control"] == "no-store"
    assert hook.secret not in client.get(f"/subscriptions/{hook.token}").text
    test = db.session.scalars(select(OutboxMessage)).one()
    assert (test.channel, test.destination) == ("webhook", f"subscriber:{hook.id}")
    assert hook.secret not in repr(test.payload)


def test_the_answer_does_not_tell_whether_a_webhook_was_known(client: FlaskClient, clock: Any) -> None:
    data = {"kind": "webhook", "url": "https://hooks.example.com/x"}
    first = client.post("/subscribe", data=data)
    hook = db.session.scalars(select(Subscriber)).one()
    again = client.post("/subscribe", data={**data, "shape": "statuspage"})

    def said(answer: Any) -> tuple[int, str]:
        return answer.status_code, re.sub(r"whsec_[\w+/=]+", "SECRET", answer.text)

    assert said(again) == said(first)
    assert str(hook.secret) not in again.text  # it is still the one that signs, and a stranger does not get it
    assert (hook.shape, hook.token in first.text + again.text) == ("standard", False)
    assert len(db.session.scalars(select(OutboxMessage)).all()) == 1
    clock.forward(days=1)
    client.post("/subscribe", data=data)
    # its owner hears of it, but no flood can be made of that
    assert len(db.session.scalars(select(OutboxMessage)).all()) == 2


def test_a_webhook_of_the_public_gets_a_signed_test_event(
    request: pytest.FixtureRequest, environ: dict[str, str], receiver: Receiver
) -> None:
    environ["OUTBOUND_ALLOW"] = "127.0.0.0/8"
    app: Flask = request.getfixturevalue("app")
    app.test_client().post("/subscribe", data={"kind": "webhook", "url": f"{receiver.url}/status"})
    run_due_jobs()
    hook = db.session.scalars(select(Subscriber)).one()
    (asked,) = receiver.asked
    assert asked.path == "/status"
    event = asked.json
    assert event["type"] == "subscription.test"
    assert event["data"]["manage_url"] == f"http://127.0.0.1:8000/subscriptions/{hook.token}"
    assert hook.secret is not None
    signed = Webhook(hook.secret).sign(
        asked.headers["webhook-id"],
        datetime.fromtimestamp(int(asked.headers["webhook-timestamp"]), UTC),
        asked.body.decode(),
    )
    assert asked.headers["webhook-signature"] == signed


def test_an_expired_link_offers_another_one(client: FlaskClient, clock: Any, outgoing: Outgoing) -> None:
    ask(client)
    run_due_jobs()
    link = path_in(outgoing)
    clock.forward(days=3)
    assert "This link has expired" in client.get(link).text
    assert client.post(link, data={"act": "confirm"}).status_code == 200
    assert on_list() == []
    run_due_jobs()
    assert path_in(outgoing) != link
    assert client.post(path_in(outgoing), data={"act": "confirm"}).status_code == 303


def test_who_did_not_ask_is_forgotten_with_one_press(client: FlaskClient, outgoing: Outgoing) -> None:
    ask(client)
    run_due_jobs()
    assert "Forgotten" in client.post(path_in(outgoing), data={"act": "forget"}).text
    assert db.session.scalars(select(Subscriber)).all() == []


def test_own_pages_are_kept_nowhere_and_their_address_is_told_to_nobody(client: FlaskClient) -> None:
    answer = client.get(f"/subscriptions/{subscribed().token}")
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Robots-Tag"] == "noindex"
    assert answer.headers["Referrer-Policy"] == "same-origin"
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]


def test_the_door_serves_the_page_and_lets_its_form_in(app: Flask, settings: Settings) -> None:
    make_component("API")
    db.session.commit()
    door = statuspage.front(app, settings)
    app.extensions["sevenbells.page"].stop()
    client = Client(door)
    page = client.get("/subscribe")
    assert page.status_code == 200
    assert "ETag" in page.headers
    assert "API" in page.text
    assert client.post("/subscribe", data={"email": READER}).status_code == 200
    assert client.put("/subscribe").status_code == 405
    assert client.post("/history").status_code == 405


def test_while_the_database_is_away_the_form_stands_and_says_so_when_it_is_sent(
    app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.get("/subscribe")

    class Lost(Exception):
        sqlstate = "08006"

    def away(*_words: Any, **_named: Any) -> Any:
        raise OperationalError("SELECT 1", {}, Lost("unable to open database file"), connection_invalidated=True)

    monkeypatch.setattr(type(db.engine), "connect", away)
    monkeypatch.setattr(type(db.engine), "begin", away)
    assert client.get("/subscribe").status_code == 200
    answer = ask(client)
    assert answer.status_code == 503
    assert "Our database does not answer. Nothing was recorded, try again later." in answer.text
    assert answer.headers["Retry-After"] == "30"
