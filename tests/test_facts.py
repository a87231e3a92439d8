"""What a sender must know besides the message is looked up just before: secrets, targets, and what was sent before."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from incidents.jobs.facts import facts_for
from incidents.jobs.refusals import Facts, Refusal
from incidents.kernel import outbox
from incidents.kernel.database import db
from incidents.kernel.outbox import OutboxMessage
from incidents.kernel.team_destinations import apprise_destination, team_destinations
from incidents.records.addresses import ContactAddress
from tests.conftest import WoundClock
from tests.factories import a_person

NTFY = "ntfys://ntfy.example.com/ops"


@pytest.fixture
def environ(environ: dict[str, str]) -> dict[str, str]:
    team = {"SLACK_BOT_TOKEN": "xoxb-1", "PAGERDUTY_ROUTING_KEY": "R" * 32, "APPRISE_URLS": f"{NTFY} json://host"}
    return {**environ, **team, "SLACK_CHANNEL": "C42"}


def an_address(kind: str, value: str, **more: Any) -> ContactAddress:
    address = ContactAddress(person_id=a_person(value[:3]).id, kind=kind, label=kind, value=value, **more)
    db.session.add(address)
    db.session.flush()
    return address


def facts(channel: str, destination: str, *, incident_id: int | None = None, **payload: Any) -> Facts | Refusal:
    """Of a message that is due there now."""
    outbox.enqueue(event="e", channel=channel, destination=destination, payload=payload, incident_id=incident_id)
    db.session.commit()
    [claimed] = outbox.claim(worker="w", channel=channel)
    found = facts_for([claimed])[claimed.id]
    db.session.rollback()
    return found


def was_sent(event: str, *, receipt: dict[str, Any], fold_key: str | None = None, destination: str = "team") -> None:
    outbox.enqueue(event=event, channel="slack", destination=destination, payload={}, incident_id=1, fold_key=fold_key)
    row = db.session.scalars(select(OutboxMessage).where(OutboxMessage.event == event)).one()
    row.state, row.sent_at, row.receipt = outbox.SENT, row.created_at, receipt


def test_a_webhook_is_signed_by_the_old_secret_too_until_its_time_is_over(app: Flask, clock: WoundClock) -> None:
    until = clock() + timedelta(hours=1)
    hook = an_address(
        "webhook",
        "https://hook.example/x",
        secret="whsec_new",
        old_secret="whsec_older whsec_old",
        old_secret_until=until,
    )

    assert facts("webhook", hook.destination) == {
        "url": hook.value,
        "secrets": ["whsec_new", "whsec_old", "whsec_older"],
    }
    clock.forward(hours=2)
    db.session.execute(OutboxMessage.__table__.delete())  # type: ignore[attr-defined]
    assert facts("webhook", hook.destination) == {"url": hook.value, "secrets": ["whsec_new"]}


def test_an_address_that_was_removed_meanwhile_is_not_used(app: Flask, clock: WoundClock) -> None:
    gone = an_address("webhook", "https://hook.example/x", removed_at=clock())

    assert facts("webhook", gone.destination) == Refusal("The address was removed before this was sent")


@pytest.mark.parametrize("destination", ["address:999", "address:-1", "address:٣", "address:", "https://x"])
def test_an_address_that_never_was_is_refused(app: Flask, destination: str) -> None:
    assert isinstance(facts("webhook", destination), Refusal)


def test_an_address_of_another_kind_is_refused(app: Flask) -> None:
    key = an_address("pagerduty", "K" * 32)

    assert isinstance(facts("webhook", key.destination), Refusal)
    assert facts("pagerduty", key.destination) == {"routing_key": "K" * 32}


def test_what_a_person_typed_is_not_trusted_and_what_the_environment_says_is(app: Flask) -> None:
    mine = an_address("apprise", "ntfys://ntfy.sh/mine")

    assert facts("apprise", mine.destination) == {"url": mine.value, "is_trusted": False}
    db.session.execute(OutboxMessage.__table__.delete())  # type: ignore[attr-defined]
    assert facts("apprise", apprise_destination(NTFY)) == {"url": NTFY, "is_trusted": True}


def test_the_teams_channels_are_named_without_their_secrets(app: Flask) -> None:
    found = team_destinations(app.extensions["sevenbells.settings"])

    assert found["slack"] == found["pagerduty"] == ["team"]
    assert found["apprise"] == [apprise_destination(NTFY), apprise_destination("json://host")]
    assert all("ntfy" not in place and len(place) == len("team:") + 8 for place in found["apprise"])
    assert facts("slack", "team") == {"channel": "C42"}
    assert facts("pagerduty", "team") == {"routing_key": "R" * 32}


def test_a_team_address_that_is_no_longer_set_is_refused(app: Flask) -> None:
    assert facts("apprise", "team:00000000") == Refusal("The team's address is no longer set in the environment")


def test_an_edit_knows_the_newest_of_what_it_replaces(app: Flask) -> None:
    was_sent("first", receipt={"ts": "1.1", "channel": "C42"}, fold_key="headline/1")
    was_sent("elsewhere", receipt={"ts": "9.9"}, fold_key="headline/1", destination="U1")
    was_sent("second", receipt={"ts": "1.2", "channel": "C42"}, fold_key="headline/1")

    found = facts("slack", "team", incident_id=1, replaces="headline/1", thread_of="first")

    assert found == {
        "channel": "C42",
        "receipt": {"ts": "1.2", "channel": "C42"},
        "root": {"ts": "1.1", "channel": "C42"},
    }


def test_what_only_edits_is_not_posted_where_nothing_stands(app: Flask) -> None:
    assert isinstance(facts("slack", "team", replaces="headline/1", of_incident=1, only_edits=True), Refusal)
