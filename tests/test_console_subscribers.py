"""The list of subscribers on screen, and for each update and each of them who was told, who was not, and why."""

from __future__ import annotations

import re
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event, select

from incidents import actions
from incidents.actions.updates import post_update
from incidents.channels import Outcome
from incidents.jobs import subscribers as telling
from incidents.jobs.deliveries import send_due_messages
from incidents.kernel import outbox
from incidents.kernel.database import db
from incidents.kernel.outbox import OutboxMessage
from incidents.published import subscribers
from incidents.published.notices import Notice
from incidents.published.subscribers import Choice, Subscriber
from incidents.records.incidents import Incident
from incidents.records.people import Person
from tests.browsing import send, words
from tests.conftest import WoundClock
from tests.factories import a_component, an_incident
from tests.factories_people import make_person, sign_in
from tests.factories_subscribers import a_subscriber
from tests.outgoing import Outgoing

LIST = "/console/status-page/subscribers"
NOTICES = "/console/status-page/notices"


@pytest.fixture
def ada(app: Flask, client: FlaskClient) -> Person:
    person = make_person("ada@acme.example", role="admin", name="Ada")
    sign_in(client, person)
    return person


def tell(incident: Incident, by: Person, **more: Any) -> str:
    """Publish, fan out and send; the address of the log."""
    post_update(incident, by=by.as_actor(), body="We are looking into it.", audience="public", **more)
    db.session.commit()
    telling.fan_out_due_notices()
    send_due_messages()
    db.session.rollback()
    notice = db.session.scalars(select(Notice).order_by(Notice.id.desc()).limit(1)).one()
    return f"{NOTICES}/{notice.id}"


def test_the_list_is_found_by_words_kind_and_state_and_pages_by_the_hundred(client: FlaskClient, ada: Person) -> None:
    for number in range(101):
        a_subscriber(f"s{number}@example.com")
    a_subscriber("new@example.org", confirmed=False)
    a_subscriber(url="https://hooks.example.net/x")

    first = words(client.get(LIST))
    assert "All 103" in first
    assert "Told 102" in first
    assert "Not confirmed 1" in first
    assert "s0@example.com" not in first
    assert "s0@example.com" in words(client.get(f"{LIST}?before=3"))
    assert "new@example.org" in words(client.get(f"{LIST}?state=unconfirmed"))
    assert "hooks.example.net" in words(client.get(f"{LIST}?kind=webhook"))
    assert "Nobody fits" in words(client.get(f"{LIST}?q=nobody%27--"))


def test_an_address_is_added_unasked_only_with_its_owners_word(client: FlaskClient, ada: Person) -> None:
    api = a_component("API")
    added = send(client, LIST, {"email": "New@Example.com", "components": api, "maintenance": "1"}, page=f"{LIST}/new")
    assert added.status_code == 303
    agreed = send(client, LIST, {"email": "yes@example.com", "confirmed": "1"}, page=f"{LIST}/new")
    assert agreed.status_code == 303

    found = {each.email: each for each in db.session.scalars(select(Subscriber))}
    assert found["new@example.com"].confirmed_at is None
    assert [each.component_id for each in found["new@example.com"].components] == [api]
    assert found["yes@example.com"].confirmed_at is not None
    assert not found["yes@example.com"].hears_maintenance
    wrong = send(client, LIST, {"email": "nonsense"}, page=f"{LIST}/new")
    assert wrong.status_code == 422


def test_a_webhooks_secret_is_shown_once(client: FlaskClient, ada: Person) -> None:
    shown = send(client, f"{LIST}/webhooks", {"url": "https://hooks.example.com/x"}, page=f"{LIST}/new")
    hook = db.session.scalars(select(Subscriber)).one()
    assert shown.status_code == 201
    assert hook.secret is not None
    assert hook.secret in shown.text
    assert hook.secret not in client.get(f"{LIST}/{hook.public_id}").text
    refused = send(client, f"{LIST}/webhooks", {"url": "ftp://hooks.example.com/x"}, page=f"{LIST}/new")
    assert refused.status_code == 422


def test_a_subscriber_is_removed_tried_and_let_back(client: FlaskClient, ada: Person, clock: WoundClock) -> None:
    each = a_subscriber("bob@example.com", quarantined_at=clock(), quarantine_reason="550 no such user")
    page = f"{LIST}/{each.public_id}"
    assert "550 no such user" in words(client.get(page))

    send(client, f"{page}/lifted", page=page)
    db.session.expire_all()
    assert each.quarantined_at is None
    send(client, f"{page}/test", page=page)
    [test] = db.session.scalars(select(OutboxMessage).where(OutboxMessage.destination == "bob@example.com"))
    assert test.purpose == outbox.TEST
    send(client, f"{page}/removal", page=page)
    assert client.get(page).status_code == 404
    assert db.session.get(OutboxMessage, test.id).state == "skipped"  # type: ignore[union-attr]


def test_the_log_of_an_update_says_of_everybody_whether_and_why_not(
    client: FlaskClient, ada: Person, outgoing: Outgoing, clock: WoundClock
) -> None:
    api, web = a_component("API"), a_component("Web")
    a_subscriber("told@example.com")
    a_subscriber("gone@example.com")
    a_subscriber("web@example.com", components=[web])
    a_subscriber("new@example.com", confirmed=False)
    a_subscriber("bad@example.com", quarantined_at=clock(), quarantine_reason="550 no such user")
    outgoing.for_destination["gone@example.com"] = Outcome("refused", "554 we do not like you")
    incident = an_incident(by=ada)
    log = tell(incident, ada, components={api: "major_outage"})
    clock.forward(minutes=1)
    a_subscriber("late@example.com")

    shown = words(client.get(log))
    assert "1 told 1 failed" in shown
    assert "Not for: 1 had not confirmed; 1 quarantined; 1 chose other components" in shown
    assert "554 we do not like you" in shown
    not_told = words(client.get(f"{log}?state=not_told"))
    assert "late@example.com Subscribed later" in not_told
    assert "web@example.com Chose other components" in not_told
    assert "new@example.com Had not confirmed" in not_told
    assert "bad@example.com Quarantined: 550 no such user" in not_told
    assert "told@example.com" not in not_told
    assert "1 told" in words(client.get(f"/console/incidents/{incident.ref}/deliveries"))


def test_why_somebody_was_not_told_is_answered_by_what_was_so_then(
    client: FlaskClient, ada: Person, outgoing: Outgoing, clock: WoundClock
) -> None:
    api, web = a_component("API"), a_component("Web")
    bob = a_subscriber("bob@example.com", components=[web])
    bad = a_subscriber("bad@example.com", quarantined_at=clock(), quarantine_reason="550 no such user")
    log = tell(an_incident(by=ada), ada, components={api: "major_outage"})
    clock.forward(minutes=5)
    subscribers.change(bob, Choice())
    subscribers.lift_quarantine(bad)
    db.session.commit()

    not_told = words(client.get(f"{log}?state=not_told"))
    assert "bob@example.com Chose other components" in not_told
    assert "bad@example.com Quarantined: 550 no such user" in not_told
    own = words(client.get(f"{LIST}/{bob.public_id}"))
    assert "Chose other components" in own
    assert "Its choice was changed" in own


def test_responders_see_counts_and_no_address_and_nothing_of_what_is_hidden_from_them(
    app: Flask, client: FlaskClient, ada: Person, outgoing: Outgoing
) -> None:
    a_subscriber("bob@example.com")
    incident = an_incident(by=ada, title="A secret hole")
    log = tell(incident, ada)
    grace = make_person("grace@acme.example", role="responder", name="Grace")
    theirs = app.test_client()
    sign_in(theirs, grace)

    assert "1 told" in words(theirs.get(log))
    for page in (log, NOTICES, "/console/deliveries?state=sent", f"/console/incidents/{incident.ref}/deliveries"):
        assert "bob@example.com" not in theirs.get(page).text
    assert theirs.get(LIST).status_code == 403
    assert "bob@example.com" in client.get("/console/deliveries?state=sent").text

    actions.change_visibility(incident, to="restricted", by=ada.as_actor(), viewer_person=ada)
    db.session.commit()
    assert theirs.get(log).status_code == 404
    assert "A secret hole" not in theirs.get(NOTICES).text


def test_the_button_names_the_audience_and_one_may_leave_it_out(
    client: FlaskClient, ada: Person, outgoing: Outgoing
) -> None:
    api = a_component("API")
    incident = an_incident(by=ada)
    page = f"/console/incidents/{incident.ref}/updates"
    assert "Publish update" in words(client.get(page))
    for number in range(3):
        a_subscriber(f"s{number}@example.com", components=None if number else [api])
    assert "Publish and tell 2 subscribers" in words(client.get(page))

    form = {"audience": "public", "body": "Down.", f"component-{api}": "major_outage", "status": "investigating"}
    assert "Publish and tell 3 subscribers" in words(send(client, f"{page}/preview", form, page=page))
    assert "Subscribers are not told" in words(send(client, f"{page}/preview", {**form, "silent": "1"}, page=page))
    send(client, page, {**form, "silent": "1", "act": "publish", "confirmed": "1"}, page=page)
    assert db.session.scalars(select(Notice)).all() == []
    assert "3 subscribers are told that it is over" in words(
        client.get(f"/console/incidents/{incident.ref}/resolution")
    )
    assert "Publish and tell 3 subscribers" in words(client.get(f"{page}/no-change"))


# PostgreSQL rightly goes through tables that are as small as a test's
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_no_screen_goes_through_all_that_was_ever_sent(
    client: FlaskClient, ada: Person, environ: dict[str, str], outgoing: Outgoing
) -> None:
    a_subscriber("ben@example.com")
    at = tell(an_incident(by=ada), ada)
    asked: list[tuple[str, Any]] = []
    listener = lambda _connection, _cursor, said, values, *_more: asked.append((said, values))  # noqa: E731
    event.listen(db.engine, "before_cursor_execute", listener)
    for screen in (at, f"{at}?state=not_told", NOTICES, LIST, "/console/deliveries?state=failed"):
        assert client.get(screen).status_code == 200
    event.remove(db.engine, "before_cursor_execute", listener)

    connection = db.session.connection()
    about = [(said, values) for said, values in asked if said.startswith("SELECT") and " outbox" in said]
    plans = [
        row[3] for said, values in about for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {said}", values)
    ]

    through = [plan for plan in plans if plan.split()[:2] == ["SCAN", "outbox"]]
    assert through
    assert all("ix_outbox_due" in plan for plan in through)  # what waits at this moment


def test_what_a_subscriber_was_told_is_paged_by_ten(client: FlaskClient, ada: Person) -> None:
    ben = a_subscriber("ben@example.com")
    for number in range(12):
        key = f"update/{number:02d}"
        db.session.add(
            Notice(
                key=key,
                kind="incident.updated",
                facts={"title": f"Story {number:02d}"},
                due_at=ben.created_at,
                created_at=ben.created_at,
            )
        )
    db.session.commit()
    at = f"{LIST}/{ben.public_id}"
    first = client.get(at).text
    assert [f"Story {number:02d}" in first for number in (11, 2, 1)] == [True, True, False]
    [older] = re.findall(rf'href="({at}\?before=\d+)#told">Older', first)
    second = client.get(older).text
    assert [f"Story {number:02d}" in second for number in (2, 1, 0)] == [False, True, True]
    assert (">Newest<" in second, ">Older<" in second) == (True, False)
