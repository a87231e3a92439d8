"""What somebody typed and has not sent: kept on the server, given back once, and never again after it was sent."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from incidents import actions
from incidents.kernel.database import db
from incidents.records.incidents import Incident
from incidents.records.people import Person
from incidents.records.unsent import UnsentText
from tests.acting import browser_of, opened, room
from tests.browsing import send, words
from tests.conftest import WoundClock
from tests.factories import an_incident
from tests.factories_people import sign_in


@pytest.fixture
def maya(app: Flask) -> tuple[FlaskClient, Person]:
    return browser_of(app, zone="Europe/Berlin")


@pytest.fixture
def incident(maya: tuple[FlaskClient, Person]) -> Incident:
    declared = an_incident(by=maya[1], severity="P2")
    actions.acknowledge(declared, by=maya[1].as_actor())
    db.session.commit()
    return declared


def composer(incident: Incident) -> str:
    return f"{room(incident)}/updates"


def keep(client: FlaskClient, form: dict[str, str], **fields: str) -> Any:
    answer = client.post("/console/unsent", data={**form, "fields": json.dumps(fields)})
    if answer.status_code == 200:
        kept = answer.get_json()
        form["tab_row"], form["tab_stamp"] = str(kept["row"]), kept["stamp"]
    return answer


def text_in(page: Any) -> str:
    found = re.search(r'<textarea id="body"[^>]*>\n(.*?)</textarea>', page.text, re.DOTALL)
    assert found
    return found[1]


def test_a_text_survives_the_death_of_tab_and_session_and_can_be_discarded(
    app: Flask, maya: tuple[FlaskClient, Person], incident: Incident, clock: WoundClock
) -> None:
    client, person = maya
    form = opened(client, composer(incident), holding='name="tab_page"')
    keep(client, form, body="Half a sentence", status="identified", csrf_token="x", audience="public")

    elsewhere = sign_in(app.test_client(), person)
    shown = elsewhere.get(composer(incident))
    assert "Your unsent text from 03:14 is back." in words(shown)
    assert text_in(shown) == "Half a sentence"
    assert 'value="identified" checked' in shown.text
    assert "Your unsent text from 03:14 is back." in words(elsewhere.get(room(incident)))

    row = db.session.scalars(select(UnsentText)).one()
    assert "csrf_token" not in row.fields
    back = send(elsewhere, f"/console/unsent/{row.id}/discard?next={composer(incident)}", page=composer(incident))
    assert back.location == composer(incident)
    assert "is back." not in words(elsewhere.get(composer(incident))).replace("Your unsent text is back.", "")


def test_what_was_sent_never_comes_back_not_even_by_a_late_save(
    maya: tuple[FlaskClient, Person], incident: Incident
) -> None:
    client, _person = maya
    form = opened(client, composer(incident), holding='name="tab_page"')
    keep(client, form, body="We look into it.")

    sent = client.post(
        composer(incident), data={**form, "act": "publish", "audience": "public", "body": "We look into it."}
    )
    late = keep(client, form, body="We look into it.")

    assert sent.status_code == 303
    assert late.status_code == 204
    assert "data-draft-note hidden" in client.get(composer(incident)).text


def test_two_tabs_of_one_person_keep_both_their_texts(
    maya: tuple[FlaskClient, Person], incident: Incident, clock: WoundClock
) -> None:
    client, _person = maya
    one = opened(client, composer(incident), holding='name="tab_page"')
    keep(client, one, body="From the first tab")
    clock.forward(minutes=1)
    two = opened(client, composer(incident), holding='name="tab_page"')
    keep(client, two, body="From the second tab")
    clock.forward(minutes=1)
    keep(client, one, body="From the first tab, longer")

    shown = client.get(composer(incident))
    assert text_in(shown) == "From the first tab, longer"
    assert "Also unsent, from another tab: your text from 03:15" in words(shown)
    other = re.search(r'href="([^"]+unsent=\d+)"', shown.text)
    assert other
    assert text_in(client.get(other[1])) == "From the second tab"

    client.post(
        composer(incident), data={**one, "act": "publish", "audience": "public", "body": "From the first tab, longer"}
    )
    assert text_in(client.get(composer(incident))) == "From the second tab"


def test_a_reload_goes_on_with_the_same_text_and_does_not_double_it(
    maya: tuple[FlaskClient, Person], incident: Incident
) -> None:
    client, _person = maya
    keep(client, opened(client, composer(incident), holding='name="tab_page"'), body="One")
    keep(client, opened(client, composer(incident), holding='name="tab_page"'), body="One and more")

    assert [row.fields["body"] for row in db.session.scalars(select(UnsentText))] == ["One and more"]


def test_nobody_gets_or_discards_anothers_text(
    app: Flask, maya: tuple[FlaskClient, Person], incident: Incident
) -> None:
    client, _person = maya
    keep(client, opened(client, composer(incident), holding='name="tab_page"'), body="Mine alone")
    jonas, _other = browser_of(app, "jonas")
    row = db.session.scalars(select(UnsentText)).one()

    assert "Mine alone" not in jonas.get(f"{composer(incident)}?unsent={row.id}").text
    send(jonas, f"/console/unsent/{row.id}/discard", page=composer(incident))
    db.session.expire_all()
    assert db.session.get(UnsentText, row.id) is not None


@pytest.mark.parametrize("path", ["notes", "resolution"])
def test_other_forms_give_their_text_back_too(maya: tuple[FlaskClient, Person], incident: Incident, path: str) -> None:
    client, _person = maya
    page, field = f"{room(incident)}/{path}", {"notes": "body", "resolution": "summary"}[path]
    form = opened(client, page, holding='name="tab_page"')
    keep(client, form, **{field: "What I was about to say"})

    assert "What I was about to say" in client.get(page).text
    sent = client.post(page, data={**form, field: "What I was about to say", "reason": "Over"})
    assert sent.status_code == 303
    assert db.session.scalars(select(UnsentText.id).where(UnsentText.sent_at.is_(None))).all() == []


def test_a_paste_of_100_kb_is_kept_and_said_beside_its_field(
    maya: tuple[FlaskClient, Person], incident: Incident
) -> None:
    client, _person = maya
    long = "غ😀<b>" * 25_000
    form = opened(client, composer(incident), holding='name="tab_page"')

    assert keep(client, form, body=long, odd="\ud800\x00").status_code == 200
    refused = client.post(composer(incident), data={**form, "act": "publish", "audience": "public", "body": long})
    preview = client.post(f"{composer(incident)}/preview", data={**form, "audience": "public", "body": long})

    assert refused.status_code == 422
    assert "Use at most 20,000 characters. There are 125,000 now." in words(refused)
    assert "غ😀&lt;b&gt;" in text_in(refused)
    assert preview.status_code == 200
    assert "<b>" not in preview.text.replace("<b></b>", "")


def test_nonsense_is_not_kept(maya: tuple[FlaskClient, Person], incident: Incident) -> None:
    client, _person = maya
    form = opened(client, composer(incident), holding='name="tab_page"')

    assert client.post("/console/unsent", data={**form, "fields": "[]"}).status_code == 422
    assert client.post("/console/unsent", data={**form, "fields": "{", "tab_page": "x"}).status_code == 422
    assert keep(client, form, body="x" * 300_001).status_code == 422


def test_a_form_with_a_stale_token_keeps_its_text_and_asks_once_more(
    app: Flask, maya: tuple[FlaskClient, Person], incident: Incident
) -> None:
    client, person = maya
    form = opened(client, composer(incident), holding='name="tab_page"')
    send(client, "/logout", page="/console/me")
    sign_in(client, person)
    typed = {**form, "act": "publish", "audience": "public", "body": "Typed before I signed in again"}

    asked = client.post(composer(incident), data=typed)
    assert asked.status_code == 400
    assert "Send it once more?" in words(asked)
    assert "Typed before I signed in again" in words(asked)

    again = dict(
        re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', asked.text.partition('id="again"')[2])
    )
    assert client.post(composer(incident), data=again).status_code == 303
    assert "Typed before I signed in again" in words(client.get(room(incident)))
