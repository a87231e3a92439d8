"""Getting onto the list of the status page and off it: letters, limits, and what is left of an address afterwards."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from incidents.kernel import outbox
from incidents.kernel.database import db
from incidents.kernel.errors import Malformed, NotAllowed
from incidents.kernel.outbox import OutboxMessage
from incidents.messages import about_subscriptions as words
from incidents.published import subscribers
from incidents.published.subscribers import Choice, Subscriber
from tests.factories_published import make_component
from tests.outgoing import Outgoing, run_due_jobs

READER = "reader@example.com"


def sign_up(email: str = READER, choice: Choice = subscribers.EVERYTHING) -> Subscriber:
    subscribers.sign_up(email, choice, words=words)
    db.session.commit()
    return db.session.scalars(select(Subscriber).where(Subscriber.email == email.lower())).one()


def subscribed(email: str = READER, choice: Choice = subscribers.EVERYTHING) -> Subscriber:
    reader = sign_up(email, choice)
    subscribers.confirm(reader, words=words)
    db.session.commit()
    return reader


def link_in(outgoing: Outgoing) -> str:
    return str(outgoing.sent[-1].own["link"]).removeprefix("http://127.0.0.1:8000/subscriptions/")


def test_a_new_address_is_asked_and_hears_nothing_before_it_says_yes(app: Flask, outgoing: Outgoing) -> None:
    reader = sign_up("Reader@EXAMPLE.com")
    assert reader.email == READER
    assert reader.confirmed_at is None

    run_due_jobs()
    assert outgoing.destinations == [READER]
    assert outgoing.subjects == ["[Our] Confirm your subscription"]
    invitation = subscribers.invitation(link_in(outgoing))
    assert invitation is not None
    assert invitation.subscriber.id == reader.id

    assert subscribers.confirm(invitation.subscriber, words=words)
    assert not subscribers.confirm(invitation.subscriber, words=words)
    run_due_jobs()
    assert outgoing.subjects[1:] == ["[Our] You are subscribed"]
    assert outgoing.sent[-1].own["unsubscribe"] == f"http://127.0.0.1:8000/subscriptions/{reader.token}"


def test_a_thousand_sign_ups_for_one_victim_send_one_letter(app: Flask, clock: Any, outgoing: Outgoing) -> None:
    for number in range(1000):
        subscribers.sign_up(("victim@example.com", "VICTIM@Example.com")[number % 2], words=words)
        clock.forward(seconds=1)
    run_due_jobs()
    assert outgoing.destinations == ["victim@example.com"]


def test_who_does_not_answer_is_asked_once_a_day_three_times_a_week_at_most(
    app: Flask, clock: Any, outgoing: Outgoing
) -> None:
    for _hour in range(6 * 12):
        sign_up()
        clock.forward(hours=2)
    run_due_jobs()
    assert outgoing.subjects == ["[Our] Confirm your subscription"] * 3


def test_who_is_on_the_list_already_is_told_where_to_change_it_and_what_was_chosen_stays(
    app: Flask, clock: Any, outgoing: Outgoing
) -> None:
    api = make_component("API")
    reader = subscribed(choice=Choice(components=(api.public_id,)))
    clock.forward(days=1)
    for _again in range(3):
        sign_up(choice=Choice(maintenance=False))
    run_due_jobs()
    assert outgoing.subjects[2:] == ["[Our] You are subscribed already"]
    assert link_in(outgoing) == reader.token
    assert Choice.of(reader) == Choice(components=(api.public_id,))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "reader",
        "a@example.com,b@example.com",
        "a@example.com\nBcc: b@example.com",
        "Reader <reader@example.com>",
        "reader@exa mple.com",
        "=?utf-8?q?a?=@example.com",
        "réader@example.com",
        f"{'a' * 250}@example.com",
    ],
)
def test_only_one_plain_address_is_taken(text: str) -> None:
    with pytest.raises(Malformed):
        subscribers.sign_up(text, words=words)


def test_an_address_under_a_name_in_other_letters_is_one_address(app: Flask) -> None:
    assert sign_up_all("Reader@bücher.example", "reader@xn--bcher-kva.example") == ["reader@xn--bcher-kva.example"]


def sign_up_all(*emails: str) -> list[str | None]:
    for email in emails:
        subscribers.sign_up(email, words=words)
    return list(db.session.scalars(select(Subscriber.email)))


def test_the_link_of_a_letter_ends_with_its_time_and_with_its_subscriber(
    app: Flask, clock: Any, outgoing: Outgoing
) -> None:
    reader = sign_up()
    number = reader.id
    run_due_jobs()
    link = link_in(outgoing)
    assert subscribers.invitation(link[:-2] + ("AA" if link[-2:] != "AA" else "BB")) is None

    clock.forward(days=3)
    invitation = subscribers.invitation(link)
    assert invitation is not None
    assert invitation.is_expired

    subscribers.leave(reader)
    db.session.commit()
    other = sign_up("other@example.com")
    other.id = number  # SQLite gives the highest number again once it is free
    db.session.commit()
    assert subscribers.invitation(link) is None


def test_an_unconfirmed_address_is_forgotten_after_a_week(app: Flask, clock: Any, outgoing: Outgoing) -> None:
    from incidents.jobs import timetable

    sign_up()
    subscribed("kept@example.com")
    run_due_jobs()
    clock.forward(days=6, hours=23)
    timetable.forget_what_has_expired()
    assert db.session.scalars(select(Subscriber.email).order_by(Subscriber.id)).all() == [READER, "kept@example.com"]

    clock.forward(hours=2)
    timetable.forget_what_has_expired()
    assert db.session.scalars(select(Subscriber.email)).all() == ["kept@example.com"]
    assert READER not in everything_kept()


def everything_kept() -> str:
    """Every value of every row of every table."""
    db.session.commit()
    return repr([db.session.execute(table.select()).all() for table in Subscriber.metadata.sorted_tables])


def test_erasure_leaves_nothing_but_a_log_without_the_address(app: Flask, outgoing: Outgoing) -> None:
    reader = subscribed()
    run_due_jobs()
    tokens = reader.token
    assert READER in everything_kept()

    subscribers.erase(reader)
    kept = everything_kept()
    assert READER not in kept
    assert tokens not in kept
    states = db.session.scalars(select(OutboxMessage.state)).all()
    assert states == [outbox.SENT, outbox.SENT]
    assert not subscribers.erase_address(READER)


def test_an_address_that_has_left_can_still_be_erased_from_the_log(app: Flask, outgoing: Outgoing) -> None:
    reader = subscribed()
    run_due_jobs()
    subscribers.leave(reader)
    assert READER in everything_kept()
    assert subscribers.erase_address("Reader@example.com")
    assert READER not in everything_kept()


def test_erasing_a_subscriber_leaves_what_a_responder_at_the_same_address_got(app: Flask) -> None:
    reader = sign_up()
    outbox.enqueue(event="page/1", channel="email", destination=READER, payload={"to": READER}, person_id=7)
    subscribers.erase(reader)
    db.session.commit()
    assert [row.destination for row in db.session.scalars(select(OutboxMessage)) if row.person_id] == [READER]


def test_who_leaves_gets_nothing_that_was_still_waiting(app: Flask, outgoing: Outgoing) -> None:
    reader = subscribed()
    outbox.enqueue(event="update/x", channel="email", destination=READER, payload={"to": READER}, purpose=outbox.UPDATE)
    subscribers.leave(reader)
    run_due_jobs()
    assert outgoing.sent == []
    assert {row.reason for row in db.session.scalars(select(OutboxMessage))} == {
        "The subscriber left before this was sent"
    }


def test_nobody_can_be_subscribed_to_nothing(app: Flask) -> None:
    reader = sign_up(choice=Choice(components=()))
    with pytest.raises(Malformed, match="at least one component"):
        subscribers.confirm(reader, words=words)
    with pytest.raises(Malformed, match="not there any more"):
        subscribers.confirm(reader, Choice(components=("zzzzzzzzzzzz",)), words=words)


def test_a_quarantined_address_that_is_confirmed_anew_hears_again(app: Flask, clock: Any, outgoing: Outgoing) -> None:
    reader = subscribed()
    reader.quarantined_at, reader.quarantine_reason = clock(), "The mailbox is full"
    clock.forward(days=2)
    sign_up()
    run_due_jobs()
    assert outgoing.subjects[2:] == ["[Our] Confirm your subscription"]
    invitation = subscribers.invitation(link_in(outgoing))
    assert invitation is not None
    subscribers.confirm(invitation.subscriber, words=words)
    assert reader.quarantined_at is None


def test_a_webhook_gets_a_secret_of_its_own_and_is_on_the_list_once(app: Flask) -> None:
    hook = subscribers.sign_up_webhook("https://Hooks.example.com/status")
    assert hook.url == "https://hooks.example.com/status"
    assert hook.secret is not None
    assert hook.secret.startswith("whsec_")
    with pytest.raises(NotAllowed, match="already"):
        subscribers.sign_up_webhook("https://hooks.example.com/status")
    for number in range(9):
        subscribers.sign_up_webhook(f"https://hooks.example.com/{number}")
    with pytest.raises(NotAllowed, match="at this host"):
        subscribers.sign_up_webhook("https://hooks.example.com/one-too-many")


def test_another_spelling_of_a_webhooks_address_is_not_another_webhook(app: Flask) -> None:
    subscribers.sign_up_webhook("https://hooks.example.com/status")
    for same in (
        "https://hooks.example.com./status",
        "https://hooks.example.com:443/status",
        "HTTPS://hooks.example.com:/status",
    ):
        with pytest.raises(NotAllowed, match="already"):
            subscribers.sign_up_webhook(same)
    assert subscribers.sign_up_webhook("https://hooks.example.com.:8443/a").url == "https://hooks.example.com:8443/a"


@pytest.mark.parametrize(
    "url", ["", "ftp://example.com/", "http://example.com/", "https://127.0.0.1/", "https://a:b@example.com/"]
)
def test_a_webhook_cannot_lead_into_a_private_network_or_show_a_password(app: Flask, url: str) -> None:
    with pytest.raises(Malformed):
        subscribers.sign_up_webhook(url)
