"""Settings, e-mail: a banner while nobody can be told, and what was not delivered, to be sent again."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient

from incidents.kernel import outbox
from incidents.kernel.database import db
from incidents.kernel.outbox import OutboxMessage
from tests.conftest import WoundClock
from tests.factories import an_incident
from tests.factories_people import make_person, post, sign_in

MAIL = "/console/settings/mail"


@pytest.fixture
def environ(environ: dict[str, str], request: pytest.FixtureRequest) -> dict[str, str]:
    if "without_a_server" in request.node.name:
        return environ
    return {**environ, "SMTP_URL": "smtp://bell:secret-word@mail.example.com:587", "MAIL_FROM": "status@example.com"}


def a_message(clock: WoundClock, *, state: str, event: str = "e", **more: Any) -> OutboxMessage:
    payload = {"to": "gone@example.com", "subject": more.pop("subject", "INC-1: update due")}
    message = outbox.enqueue(
        event=event,
        channel="email",
        destination="gone@example.com",
        payload=payload,
        incident_id=more.pop("incident_id", None),
    )
    assert message is not None
    message.state, message.last_attempt_at = state, clock()
    for column, value in more.items():
        setattr(message, column, value)
    db.session.commit()
    return message


def test_without_a_server_a_banner_leads_an_admin_to_the_settings(client: FlaskClient) -> None:
    sign_in(client, make_person("maya@example.com", role="admin"))

    page = client.get("/console/").text
    assert "E-mail is not leaving the server." in page
    assert f'href="{MAIL}"' in page
    assert "No mail server is set" in client.get(MAIL).text
    assert post(client, MAIL).status_code == 409


def test_without_a_server_a_responder_reads_the_banner_without_the_link(client: FlaskClient) -> None:
    sign_in(client, make_person("ron@example.com", role="responder"))

    page = client.get("/console/").text
    assert "E-mail is not leaving the server." in page
    assert f'href="{MAIL}"' not in page


def test_with_a_server_there_is_no_banner_until_messages_wait_or_fail(client: FlaskClient, clock: WoundClock) -> None:
    sign_in(client, make_person("maya@example.com", role="admin"))
    a_message(clock, state="waiting", event="first", attempts=1)
    assert 'class="ban warn"' not in client.get("/console/").text

    a_message(clock, state="waiting", event="second", attempts=2)
    assert "1 message waits for the mail server." in client.get("/console/").text


def test_what_failed_is_told_for_a_day_and_sent_again_on_demand(client: FlaskClient, clock: WoundClock) -> None:
    sign_in(client, make_person("maya@example.com", role="admin"), remembered=True)
    message = a_message(clock, state="failed", reason="550 no such mailbox", attempts=3)
    assert "1 message was not delivered in the last 24 hours." in client.get("/console/").text
    page = client.get(MAIL).text
    assert "550 no such mailbox" in page
    assert "secret-word" not in page

    assert post(client, f"{MAIL}/{message.id}").location == MAIL

    db.session.expire_all()
    assert (message.state, message.attempts, message.reason) == ("waiting", 0, None)
    assert post(client, f"{MAIL}/{message.id}").status_code == 404  # it waits now

    message.state, message.reason = "failed", "550 again"
    clock.forward(hours=25)
    assert "not delivered" not in client.get("/console/").text
    assert "550 again" in client.get(MAIL).text


def test_a_message_about_a_restricted_incident_is_listed_for_nobody_else(
    client: FlaskClient, clock: WoundClock
) -> None:
    declarer = make_person("ron@example.com", role="responder")
    incident = an_incident(by=declarer, title="Keys leaked", is_security=True)
    message = a_message(clock, state="failed", reason="550", subject="INC-1: Keys leaked", incident_id=incident.id)
    sign_in(client, make_person("maya@example.com", role="admin"))

    assert "Keys leaked" not in client.get(MAIL).text
    assert post(client, f"{MAIL}/{message.id}").status_code == 404


def test_a_test_mail_shows_its_fate_on_the_page(client: FlaskClient, clock: WoundClock) -> None:
    sign_in(client, make_person("maya@example.com", role="admin"))

    assert post(client, MAIL).location == MAIL

    page = client.get(MAIL).text
    assert "Last tests" in page
    assert "Waiting" in page
