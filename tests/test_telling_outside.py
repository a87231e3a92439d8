"""What subscribers really get: letters over SMTP and webhooks over HTTP, read by programs that nobody here wrote."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from flask import Flask
from sqlalchemy import select
from standardwebhooks import Webhook

from incidents.actions.corrections import withdraw_update
from incidents.actions.updates import post_update
from incidents.jobs import subscribers as telling
from incidents.jobs.deliveries import send_due_messages
from incidents.kernel import clock as clock_module
from incidents.kernel.database import db
from incidents.kernel.outbox import OutboxMessage
from incidents.policy.components import ComponentStatus
from incidents.published import planning
from incidents.published.baselines import set_baseline
from incidents.published.components import find_component
from incidents.published.page_settings import change_page_settings
from incidents.published.planning import Words
from incidents.published.subscribers import Subscriber
from incidents.records.incidents import Incident
from incidents.records.people import Person
from tests.conftest import WoundClock
from tests.factories import a_component, a_person, an_incident
from tests.factories_subscribers import SECRET, a_subscriber
from tests.receivers import Receiver, answer, receiver
from tests.test_email import Postbox, postbox, server

__all__ = ["postbox", "receiver", "server"]
DOWN = str(ComponentStatus.MAJOR)


@pytest.fixture
def environ(environ: dict[str, str], server: Controller) -> dict[str, str]:
    return {
        **environ,
        "SMTP_URL": f"smtp://127.0.0.1:{server.port}",
        "MAIL_FROM": "Status <status@acme.example>",
        "BASE_URL": "https://ops.acme.example",
        "PAGE_URL": "https://status.acme.example",
        "OUTBOUND_ALLOW": "127.0.0.1",
    }


@pytest.fixture
def maya(app: Flask) -> Person:
    change_page_settings(name="Acme", zone="Europe/Berlin")
    return a_person("Maya", role="viewer")  # whom nothing about the incident is sent


def publish(incident: Incident, by: Person, body: str, **more: Any) -> None:
    post_update(incident, by=by.as_actor(), body=body, audience="public", **more)
    db.session.commit()


def send() -> None:
    telling.fan_out_due_notices()
    send_due_messages()
    db.session.rollback()


def public(box: Postbox) -> list[Any]:
    return [letter for letter in box.got if letter["List-Id"]]


def test_a_letter_says_what_is_so_and_where_to_change_it_and_hangs_with_the_others(
    maya: Person, postbox: Postbox
) -> None:
    api = a_component("API <gateway>")
    ada = a_subscriber("ada@example.com")
    incident = an_incident(by=maya, title="Checkout fails & burns")
    promised = clock_module.now() + timedelta(minutes=30)
    publish(incident, maya, "We **see** it. {{own.unsubscribe}}", components={api: DOWN}, next_update_at=promised)
    send()
    publish(incident, maya, "Found.", public_status="identified")
    send()

    first, second = public(postbox)
    [key, _] = db.session.scalars(
        select(OutboxMessage.key).where(OutboxMessage.destination == ada.email).order_by(OutboxMessage.id)
    )
    own = f"https://status.acme.example/subscriptions/{ada.token}"
    assert first["Subject"] == "[Acme] Investigating: Checkout fails & burns"
    assert first["Message-ID"].startswith(f"<{key}@")
    assert first["List-Unsubscribe"] == f"<{own}>"
    assert first["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert (first["List-Id"], first["Precedence"]) == ("<updates.status.acme.example>", "bulk")
    assert first["References"] == second["References"]
    assert first["Message-ID"] != second["Message-ID"]
    text = first.get_body(("plain",)).get_content()
    for said in (
        "We see it.",
        "- API <gateway>: Major outage",
        "Next update by 03:44 CET (02:44 UTC), Mon 23 Nov 2026.",
        "https://status.acme.example/incidents/",
        own,
    ):
        assert said in text
    markup = first.get_body(("html",)).get_content()
    assert "<li>API &lt;gateway&gt;: Major outage</li>" in markup
    assert f'<a href="{own}">' in markup
    assert "ops.acme.example" not in text + markup


def test_each_reads_in_the_language_they_chose_and_what_people_wrote_stays(maya: Person, postbox: Postbox) -> None:
    a_subscriber("ada@example.com", language="de")
    a_subscriber("bob@example.com", language="xx")
    incident = an_incident(by=maya, title="Checkout fails")
    publish(incident, maya, "We see it.")
    send()

    found = {letter["To"]: letter for letter in public(postbox)}
    german = found["ada@example.com"]
    assert german["Subject"].endswith(": Checkout fails")
    assert "Investigating" not in german["Subject"]
    assert "We see it." in german.get_body(("plain",)).get_content()
    assert "Auf der Statusseite lesen" in german.get_body(("plain",)).get_content()
    assert "Read on the status page" in found["bob@example.com"].get_body(("plain",)).get_content()


def test_a_hidden_component_is_named_to_nobody(maya: Person, postbox: Postbox, receiver: Receiver) -> None:
    hidden = a_component("Project Raven", shown=False)
    a_subscriber("ada@example.com")
    a_subscriber(url=f"{receiver.url}/a")
    a_subscriber(url=f"{receiver.url}/b", shape="statuspage")
    publish(an_incident(by=maya), maya, "We see it.", components={hidden: DOWN})
    send()

    assert "Raven" not in str(public(postbox)[0])
    assert len(receiver.asked) == 2
    assert all(b"Raven" not in asked.body and hidden.encode() not in asked.body for asked in receiver.asked)


def test_a_webhook_is_verified_by_the_library_of_the_standard_and_stays_small(
    maya: Person, receiver: Receiver, clock: WoundClock
) -> None:
    clock.set(datetime.now(UTC))  # the library refuses what is old
    api = a_component("API")
    hook = a_subscriber(url=f"{receiver.url}/hook")
    publish(an_incident(by=maya, title="Checkout fails"), maya, "東京 " * 4_000, components={api: DOWN})
    send()

    [asked] = receiver.asked
    assert len(asked.body) < 20_000
    said = Webhook(SECRET).verify(asked.body, asked.headers)
    assert said["type"] == "incident.updated"
    assert said["data"]["incident"]["impact"] == "critical"
    assert said["data"]["incident"]["components"] == [{"id": api, "name": "API", "status": DOWN}]
    assert said["data"]["incident"]["url"].startswith("https://status.acme.example/incidents/")
    assert said["data"]["update"]["body"].endswith("…")
    assert said["data"]["manage_url"] == f"https://status.acme.example/subscriptions/{hook.token}"
    assert set(said) == {"type", "timestamp", "data"}


def test_a_webhook_in_the_shape_of_statuspage_is_signed_too(
    maya: Person, receiver: Receiver, clock: WoundClock
) -> None:
    clock.set(datetime.now(UTC))
    api = a_component("API")
    hook = a_subscriber(url=f"{receiver.url}/hook", shape="statuspage")
    incident = an_incident(by=maya, title="Checkout fails")
    publish(incident, maya, "We see it.", components={api: DOWN})
    send()
    publish(incident, maya, "Found.", public_status="identified")
    send()

    said = Webhook(SECRET).verify(receiver.asked[1].body, receiver.asked[1].headers)
    assert said["meta"]["unsubscribe"] == f"https://status.acme.example/subscriptions/{hook.token}"
    assert said["page"]["status_indicator"] == "critical"
    assert (said["incident"]["name"], said["incident"]["status"]) == ("Checkout fails", "identified")
    assert [update["body"] for update in said["incident"]["incident_updates"]] == ["Found.", "We see it."]
    assert said["incident"]["incident_updates"][1]["affected_components"] == [
        {"code": api, "name": "API", "old_status": "operational", "new_status": DOWN}
    ]


def test_what_is_withdrawn_is_not_repeated_by_a_later_update_that_waits_for_another_try(
    maya: Person, receiver: Receiver, clock: WoundClock
) -> None:
    hook = a_subscriber(url=f"{receiver.url}/hook", shape="statuspage")
    incident = an_incident(by=maya, title="Checkout fails")
    publish(incident, maya, "We see it.")
    slip = post_update(incident, by=maya.as_actor(), body="The password is hunter2.", audience="public")
    db.session.commit()
    receiver.says(answer(500), answer(200))
    publish(incident, maya, "Found.", public_status="identified")
    send()
    assert "hunter2" in receiver.asked[0].body.decode()
    withdraw_update(incident, slip, by=maya.as_actor())
    db.session.commit()
    clock.forward(minutes=5)
    send()

    said = json.loads(receiver.asked[1].body)
    assert [each["body"] for each in said["incident"]["incident_updates"]] == ["Found.", "We see it."]
    assert said["meta"]["unsubscribe"].endswith(hook.token)


def test_a_webhook_that_is_gone_is_disabled_at_once(maya: Person, receiver: Receiver) -> None:
    hook = a_subscriber(url=f"{receiver.url}/hook")
    receiver.says(answer(410))
    incident = an_incident(by=maya)
    publish(incident, maya, "We see it.")
    send()
    publish(incident, maya, "More.")
    send()

    assert len(receiver.asked) == 1
    assert db.session.get_one(Subscriber, hook.id).quarantine_reason == (
        "The webhook answered that it is gone for good (status 410)"
    )


def test_a_mailbox_that_a_real_server_refuses_for_good_is_quarantined(maya: Person, postbox: Postbox) -> None:
    lost = a_subscriber("gone@example.com")
    a_subscriber("here@example.com")
    postbox.says["gone@example.com"] = "550 5.1.1 no such user"
    publish(an_incident(by=maya), maya, "We see it.")
    send()

    assert [letter["To"] for letter in public(postbox)] == ["here@example.com"]
    assert "550 5.1.1 no such user" in (db.session.get_one(Subscriber, lost.id).quarantine_reason or "")


def test_a_component_that_was_set_by_hand_is_told_to_programs_alone(
    maya: Person, postbox: Postbox, receiver: Receiver
) -> None:
    api = find_component(a_component("API"))
    assert api is not None
    a_subscriber("ada@example.com")
    a_subscriber(url=f"{receiver.url}/standard")
    a_subscriber(url=f"{receiver.url}/statuspage", shape="statuspage")
    set_baseline(api, DOWN)
    db.session.commit()
    send()
    set_baseline(api, "operational")
    set_baseline(api, DOWN)
    db.session.commit()
    send()

    assert public(postbox) == []
    said = {asked.path: json.loads(asked.body) for asked in receiver.asked}
    assert len(receiver.asked) == 2  # what was set back meanwhile is no news
    assert said["/standard"]["type"] == "component.updated"
    assert said["/standard"]["data"]["component"]["old_status"] == "operational"
    update = said["/statuspage"]["component_update"]
    assert (update["old_status"], update["new_status"], update["component_id"]) == ("operational", DOWN, api.public_id)
    assert said["/statuspage"]["component"]["status"] == DOWN


def test_maintenance_reaches_both_kinds(maya: Person, postbox: Postbox, receiver: Receiver) -> None:
    a_subscriber("ada@example.com")
    a_subscriber(url=f"{receiver.url}/hook")
    start = clock_module.now() + timedelta(days=1)
    planning.plan(
        Words(title="New disks", body="Ten minutes away."), starts_at=start, ends_at=start + timedelta(hours=1)
    )
    db.session.commit()
    send()

    assert [letter["Subject"] for letter in public(postbox)] == ["[Acme] Maintenance scheduled: New disks"]
    said = json.loads(receiver.asked[0].body)
    assert said["type"] == "maintenance.scheduled"
    assert said["data"]["maintenance"]["starts_at"] == "2026-11-24T02:14:00.000Z"
