"""Lists of subscribers as files: every bad line has its number, twice is as once, and no cell is computed."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from incidents.actions import subscriber_files
from incidents.kernel.database import db
from incidents.messages import about_subscriptions as words
from incidents.published import subscribers
from incidents.published.subscribers import Choice, Subscriber
from tests.factories_people import form_token, make_person, post, sign_in
from tests.factories_published import make_component
from tests.outgoing import Outgoing, run_due_jobs

ERASURE = "/console/status-page/subscribers/erasure"
IMPORT = "/console/status-page/subscribers/import"


@pytest.fixture
def admin(client: FlaskClient) -> FlaskClient:
    return sign_in(client, make_person("maya@example.com", role="admin"))


def send(client: FlaskClient, content: str, **more: Any) -> Any:
    return post(client, IMPORT, {"text": content, **more})


def upload(client: FlaskClient, content: bytes) -> Any:
    data = {"csrf_token": form_token(client, IMPORT), "file": (io.BytesIO(content), "list.csv")}
    return client.post(IMPORT, data=data)


def on_list() -> dict[str | None, bool]:
    return {each.email: each.is_confirmed for each in db.session.scalars(select(Subscriber).order_by(Subscriber.id))}


def test_a_list_is_shown_with_its_bad_lines_before_anything_changes(admin: FlaskClient) -> None:
    make_component("API")
    content = (
        "Email;Components;Maintenance;Language\n"
        "ada@example.com;api;no;de\n"
        "\n"
        "not an address;;;\n"
        "ben@example.com;Billing;;\n"
        "ADA@example.com;;;\n"
        "cleo@example.com;;perhaps;\n"
        "dora@example.com;;;\n"
    )
    shown = send(admin, content).text
    for line, said in (
        (4, "This is not an e-mail address."),
        (5, "There is no component Billing."),
        (6, "ada@example.com stands in line 2 already."),
        (7, "Write yes or no for maintenance."),
    ):
        assert f'<th scope="row">{line}</th><td>{said}</td>' in shown
    assert "Import 2 addresses" in shown
    assert on_list() == {}


def test_imported_addresses_are_asked_unless_somebody_gives_their_word(admin: FlaskClient, outgoing: Outgoing) -> None:
    api = make_component("API")
    content = "email,components\nada@example.com,API\nben@example.com,\n"
    assert send(admin, content, act="import", agreed="ask").status_code == 303
    assert on_list() == {"ada@example.com": False, "ben@example.com": False}
    run_due_jobs()
    assert sorted(outgoing.destinations) == ["ada@example.com", "ben@example.com"]
    text = str(outgoing.sent[0].payload["text"])
    link = text.partition("/subscriptions/")[2].split()[0]
    invited = subscribers.invitation(link)
    assert invited is not None
    assert invited.subscriber.email == outgoing.destinations[0]

    assert send(admin, content, act="import", agreed="ask").status_code == 303
    run_due_jobs()
    assert len(outgoing.sent) == 2
    send(admin, content + "cleo@example.com,\n", act="import", agreed="yes")
    run_due_jobs()
    assert on_list() == {"ada@example.com": True, "ben@example.com": True, "cleo@example.com": True}
    assert len(outgoing.sent) == 2
    ada = db.session.scalars(select(Subscriber).where(Subscriber.email == "ada@example.com")).one()
    assert Choice.of(ada).components == (api.public_id,)


def test_what_cannot_be_read_at_all_is_refused(admin: FlaskClient) -> None:
    assert "The file is empty." in send(admin, "").text
    assert "at most 10,000 lines" in send(admin, "a@example.com\n" * 10_002).text
    latin = upload(admin, "ä@example.com".encode("latin-1"))
    assert "Save the file as UTF-8 first." in latin.text
    marked = upload(admin, b"\xef\xbb\xbfemail\r\nada@example.com\r\n")
    assert "Import 1 address<" in marked.text


def test_the_export_holds_no_secret_no_formula_and_can_be_imported_again(admin: FlaskClient) -> None:
    api = make_component("API")
    choice = Choice(components=(api.public_id,), maintenance=False, language="fr")
    subscribers.add("=cmd@example.com", choice, is_confirmed=True, words=words)
    hook = subscribers.sign_up_webhook("https://hooks.example.com/")
    file = admin.get("/console/status-page/subscribers.csv")
    assert file.mimetype == "text/csv"
    assert hook.secret is not None
    assert hook.secret not in file.text
    assert hook.token not in file.text
    rows = list(csv.reader(io.StringIO(file.text.removeprefix("\ufeff"))))
    assert rows[1][1] == "'=cmd@example.com"
    assert not any(cell.startswith(("=", "+", "-", "@")) for row in rows for cell in row)

    db.session.delete(db.session.scalars(select(Subscriber).where(Subscriber.email.is_not(None))).one())
    db.session.commit()
    send(admin, file.text, act="import", agreed="yes")
    again = db.session.scalars(select(Subscriber).where(Subscriber.email.is_not(None))).one()
    assert again.email == "=cmd@example.com"
    assert Choice.of(again) == choice


def test_an_address_is_erased_by_its_name(admin: FlaskClient) -> None:
    subscribers.add("ada@example.com", is_confirmed=True, words=words)
    erased = post(admin, ERASURE, {"email": "Ada@Example.com"})
    assert erased.status_code == 303
    assert on_list() == {}
    assert post(admin, ERASURE, {"email": "x"}).status_code == 422


def test_a_long_list_is_written_some_at_a_time_and_holds_no_transaction_between(
    admin: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subscriber_files, "_AT_ONCE", 2)
    api = make_component("API")
    for number in range(5):
        choice = Choice(components=(api.public_id,)) if number % 2 else Choice()
        subscribers.add(f"{number}@example.com", choice, is_confirmed=True, words=words)
    parts = admin.get("/console/status-page/subscribers.csv").iter_encoded()
    written = [next(parts), next(parts), next(parts)]
    # the reader takes its time, and everybody else goes on writing
    subscribers.add("5@example.com", is_confirmed=True, words=words)
    db.session.commit()
    rows = list(csv.DictReader(io.StringIO(b"".join([*written, *parts]).decode("utf-8-sig"))))
    assert [row["email"] for row in rows] == [f"{number}@example.com" for number in range(6)]
    assert [row["components"] for row in rows] == ["", api.public_id, "", api.public_id, "", ""]
