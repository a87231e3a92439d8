"""Subscribers are told of each update once, of what they asked for, and the log says who was not and why."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from incidents import actions, channels
from incidents.actions import maintenance
from incidents.actions.corrections import revise_update, undo_update, withdraw_update
from incidents.actions.resolve import reopen, resolve
from incidents.actions.updates import post_update
from incidents.channels import SENT, Message, Outcome
from incidents.jobs import audit, quarantine, subscribers
from incidents.jobs.deliveries import send_due_messages
from incidents.kernel import outbox
from incidents.kernel.database import db
from incidents.kernel.outbox import OutboxMessage
from incidents.kernel.settings import Settings
from incidents.messages import public_updates
from incidents.policy.components import ComponentStatus
from incidents.published import planning
from incidents.published import subscribers as subscriber_ways
from incidents.published.maintenances import Maintenance
from incidents.published.notices import Notice
from incidents.published.planning import Words
from incidents.published.subscribers import Subscriber
from incidents.records.incidents import Incident
from incidents.records.people import Person
from incidents.records.updates import Update
from tests.conftest import WoundClock
from tests.factories import a_component, a_person, an_incident
from tests.factories_subscribers import a_subscriber
from tests.outgoing import Outgoing

DOWN, SLOW = str(ComponentStatus.MAJOR), str(ComponentStatus.DEGRADED)


@pytest.fixture
def maya(app: Flask) -> Person:
    return a_person("Maya")


@pytest.fixture
def incident(maya: Person) -> Incident:
    return an_incident(by=maya, title="Checkout fails")


@pytest.fixture
def outgoing(outgoing: Outgoing, monkeypatch: pytest.MonkeyPatch) -> Outgoing:
    """What goes to subscribers; what the team is told besides is of no interest here."""

    def send(message: Message, settings: Settings) -> Outcome:
        return SENT if message.destination == "maya@example.com" else outgoing.send(message, settings)

    monkeypatch.setattr(channels, "send", send)
    return outgoing


def publish(incident: Incident, by: Person, body: str = "We are looking into it.", **more: Any) -> Update:
    update = post_update(incident, by=by.as_actor(), body=body, audience="public", **more)
    db.session.commit()
    return update


def tell() -> int:
    """What the clock would do now; answers how many messages are new."""
    db.session.commit()
    written = subscribers.fan_out_due_notices()
    send_due_messages()
    return written


def messages() -> list[OutboxMessage]:
    db.session.rollback()
    return [
        *db.session.scalars(
            select(OutboxMessage).where(OutboxMessage.purpose == outbox.UPDATE).order_by(OutboxMessage.id)
        )
    ]


def notice() -> Notice:
    db.session.rollback()
    return db.session.scalars(select(Notice).order_by(Notice.id.desc()).limit(1)).one()


def test_one_update_is_one_message_whatever_changed_in_it(incident: Incident, maya: Person, outgoing: Outgoing) -> None:
    api, web = a_component("API"), a_component("Web")
    a_subscriber()
    publish(incident, maya, components={api: DOWN, web: SLOW}, public_status="identified")

    assert tell() == 1
    assert tell() == 0
    assert outgoing.subjects == ["[Our] Identified: Checkout fails"]


def test_whoever_chose_components_hears_of_those_and_of_what_the_incident_touched_before(
    incident: Incident, maya: Person, outgoing: Outgoing
) -> None:
    api, web, mail = a_component("API"), a_component("Web"), a_component("Mail")
    a_subscriber("api@example.com", components=[api])
    a_subscriber("web@example.com", components=[web])
    a_subscriber("mail@example.com", components=[mail])
    publish(incident, maya, components={api: DOWN})
    tell()
    publish(incident, maya, body="Web too.", components={web: SLOW})
    tell()

    assert sorted(outgoing.destinations) == ["api@example.com", "api@example.com", "web@example.com"]
    assert notice().told["left_out"] == {"other_components": 1}  # type: ignore[index]


def test_an_incident_that_names_no_component_is_told_to_those_who_hear_everything(
    incident: Incident, maya: Person, outgoing: Outgoing
) -> None:
    a_subscriber("all@example.com")
    a_subscriber("api@example.com", components=[a_component("API")])
    publish(incident, maya)
    tell()

    assert outgoing.destinations == ["all@example.com"]


def test_nobody_hears_before_confirming_nor_while_quarantined(
    incident: Incident, maya: Person, clock: WoundClock, outgoing: Outgoing
) -> None:
    a_subscriber("new@example.com", confirmed=False)
    a_subscriber("gone@example.com", quarantined_at=clock(), quarantine_reason="No such mailbox")
    publish(incident, maya)

    assert tell() == 0
    assert notice().told["left_out"] == {"unconfirmed": 1, "quarantined": 1}  # type: ignore[index]


def test_an_update_without_notification_and_an_edit_tell_nobody(
    incident: Incident, maya: Person, outgoing: Outgoing
) -> None:
    a_subscriber()
    update = publish(incident, maya, notify=False)
    revise_update(incident, update, by=maya.as_actor(), body="We are looking into it, carefully.")

    assert tell() == 0
    assert outgoing.sent == []


def test_ten_seconds_to_undo_pass_before_anybody_is_told(
    incident: Incident, maya: Person, clock: WoundClock, outgoing: Outgoing
) -> None:
    a_subscriber()
    publish(incident, maya, can_be_undone=True)
    clock.forward(seconds=9)
    assert tell() == 0
    assert subscribers.next_due_at() == clock() + timedelta(seconds=1)

    clock.forward(seconds=1)
    assert tell() == 1
    assert subscribers.next_due_at() is None


def test_the_clock_looks_again_when_the_undo_is_over_and_wakes_what_sends(
    app: Flask, incident: Incident, maya: Person, clock: WoundClock, outgoing: Outgoing
) -> None:
    a_subscriber()
    woken: list[bool] = []
    teller = subscribers.Teller(app, threading.Event(), wake=lambda: woken.append(True))
    publish(incident, maya, can_be_undone=True)
    clock.forward(seconds=9.5)
    assert (teller.look(), woken) == (0.5, [])

    clock.forward(seconds=0.5)
    assert (teller.look(), woken) == (3.0, [True])


def test_what_is_undone_is_told_to_nobody_and_the_log_says_why(
    incident: Incident, maya: Person, clock: WoundClock, outgoing: Outgoing
) -> None:
    a_subscriber()
    update = publish(incident, maya, can_be_undone=True)
    clock.forward(seconds=5)
    undo_update(incident, update, by=maya.as_actor())
    clock.forward(seconds=5)

    assert tell() == 0
    assert notice().reason == "The update was taken back within ten seconds."


def test_what_is_withdrawn_before_it_left_never_leaves_not_even_when_somebody_tries_it_again(
    incident: Incident, maya: Person, outgoing: Outgoing
) -> None:
    a_subscriber()
    update = publish(incident, maya)
    subscribers.fan_out_due_notices()
    withdraw_update(incident, update, by=maya.as_actor())
    db.session.commit()
    send_due_messages()
    [message] = messages()
    assert (message.state, message.reason) == ("skipped", "The update was withdrawn.")

    outbox.retry(message.id)
    db.session.commit()
    send_due_messages()
    assert outgoing.sent == []
    assert messages()[0].reason == "The update was withdrawn."


def test_an_incident_that_is_hidden_is_told_no_further(incident: Incident, maya: Person, outgoing: Outgoing) -> None:
    a_subscriber()
    publish(incident, maya)
    actions.change_visibility(incident, to="internal", by=maya.as_actor())

    assert tell() == 0
    assert notice().reason == "The update was withdrawn."


def test_resolving_tells_at_once_and_reopening_tells_once(incident: Incident, maya: Person, outgoing: Outgoing) -> None:
    a_subscriber()
    publish(incident, maya)
    tell()
    resolve(incident, by=maya.as_actor(), summary="Fixed.", reason="It is over.")
    tell()
    reopen(incident, by=maya.as_actor(), reason="It came back.", public_body="It is back.")
    tell()
    tell()

    assert [subject.partition(":")[0] for subject in outgoing.subjects] == [
        "[Our] Investigating",
        "[Our] Resolved",
        "[Our] Investigating",
    ]


def test_updates_that_waited_together_fold_into_the_newest_which_says_so(
    incident: Incident, maya: Person, clock: WoundClock, outgoing: Outgoing
) -> None:
    api = a_component("API")
    a_subscriber("api@example.com", components=[api])
    publish(incident, maya, body="One.", components={api: DOWN})
    publish(incident, maya, body="Two.")
    publish(incident, maya, body="Three.", public_status="monitoring")

    assert tell() == 1
    [message] = outgoing.sent
    assert "takes the place of 2 earlier updates" in message.payload["text"]
    assert "Three." in message.payload["text"]
    db.session.rollback()
    assert [each.reason for each in db.session.scalars(select(Notice).order_by(Notice.id))] == [
        subscribers.FOLDED,
        subscribers.FOLDED,
        None,
    ]


def test_an_update_still_open_to_undo_is_not_told_after_a_newer_one(
    incident: Incident, maya: Person, clock: WoundClock, outgoing: Outgoing
) -> None:
    a_subscriber()
    publish(incident, maya, body="One.", can_be_undone=True)
    clock.forward(seconds=2)
    publish(incident, maya, body="Two.")
    tell()
    clock.forward(seconds=10)

    assert tell() == 0
    assert len(outgoing.sent) == 1


def test_a_day_late_it_is_told_as_it_is_now_or_to_nobody_with_the_reason(
    maya: Person, clock: WoundClock, outgoing: Outgoing
) -> None:
    a_subscriber()
    over, still_open = an_incident(by=maya, title="Over"), an_incident(by=maya, title="Still open")
    publish(over, maya)
    update = publish(still_open, maya)
    clock.forward(hours=1)
    revise_update(still_open, update, by=maya.as_actor(), body="We know more now.")
    resolve(over, by=maya.as_actor(), summary="Fixed.", reason="It is over.")
    clock.forward(days=2)

    assert tell() == 1
    assert "We know more now." in outgoing.sent[0].payload["text"]
    reasons = {each.facts["title"]: each.reason for each in db.session.scalars(select(Notice).order_by(Notice.id))}
    assert reasons == {"Over": "It was more than a day late, and the incident was over.", "Still open": None}


def test_two_clocks_at_once_tell_once(incident: Incident, maya: Person, outgoing: Outgoing) -> None:
    a_subscriber()
    publish(incident, maya)
    first, second = subscribers._prepare_next(), subscribers._prepare_next()
    assert first is not None
    assert second is not None

    assert [subscribers.write(first), subscribers.write(second)] == [1, 0]
    assert len(messages()) == 1


def test_a_clock_that_dies_in_the_middle_leaves_it_for_the_next(
    incident: Incident, maya: Person, outgoing: Outgoing, monkeypatch: pytest.MonkeyPatch
) -> None:
    a_subscriber()
    publish(incident, maya)
    with monkeypatch.context() as broken:
        broken.setattr(subscribers, "_settle", lambda *args, **values: (_ for _ in ()).throw(RuntimeError("killed")))
        with pytest.raises(RuntimeError):
            subscribers.fan_out_due_notices()
        db.session.rollback()
    assert messages() == []

    assert tell() == 1


def test_a_notice_that_breaks_is_tried_again_in_a_minute_and_silences_no_other(
    maya: Person, clock: WoundClock, outgoing: Outgoing, monkeypatch: pytest.MonkeyPatch
) -> None:
    a_subscriber()
    publish(an_incident(by=maya, title="Broken"), maya)
    publish(an_incident(by=maya, title="Whole"), maya)
    real = public_updates.news_of

    def breaks(update: Any, *args: Any, **more: Any) -> Any:
        if update.incident.title == "Broken":
            raise ValueError("nobody knows")
        return real(update, *args, **more)

    with monkeypatch.context() as broken:
        broken.setattr(public_updates, "news_of", breaks)
        assert tell() == 1
        assert subscribers.next_due_at() == clock() + timedelta(minutes=1)
    clock.forward(minutes=1)
    assert tell() == 1


def test_who_leaves_or_is_quarantined_meanwhile_gets_nothing_more_and_the_log_says_why(
    incident: Incident, maya: Person, clock: WoundClock, outgoing: Outgoing
) -> None:
    a_subscriber("left@example.com")
    a_subscriber("bad@example.com")
    publish(incident, maya)
    subscribers.fan_out_due_notices()
    for subscriber in db.session.scalars(select(Subscriber)):
        if subscriber.email == "left@example.com":
            db.session.delete(subscriber)
        else:
            subscriber.quarantined_at, subscriber.quarantine_reason = clock(), "No such mailbox"
    db.session.commit()
    send_due_messages()

    assert outgoing.sent == []
    assert {message.destination: message.reason for message in messages()} == {
        "left@example.com": "They left before this was sent",
        "bad@example.com": "They are quarantined: No such mailbox",
    }


def test_a_mailbox_that_is_gone_is_quarantined_with_the_reason_and_told_no_more(
    incident: Incident, maya: Person, outgoing: Outgoing
) -> None:
    a_subscriber("gone@example.com")
    a_subscriber("here@example.com")
    outgoing.for_destination["gone@example.com"] = Outcome("gone", "The mail server said: 550 no such user")
    publish(incident, maya)
    tell()
    db.session.rollback()
    lost = db.session.scalars(select(Subscriber).where(Subscriber.email == "gone@example.com")).one()
    assert lost.quarantine_reason == "The mail server said: 550 no such user"

    publish(incident, maya, body="More.")
    tell()
    assert sorted(message.destination for message in outgoing.tried) == [
        "gone@example.com",
        "here@example.com",
        "here@example.com",
    ]


def test_a_webhook_that_fails_ten_times_in_a_row_is_quarantined(
    incident: Incident, maya: Person, clock: WoundClock, outgoing: Outgoing
) -> None:
    hook = a_subscriber(url="https://hooks.example.com/x")
    outgoing.outcome = Outcome("failed", "The webhook answered with status 500")
    publish(incident, maya)
    tell()
    for _ in range(9):
        db.session.rollback()
        assert db.session.get_one(Subscriber, hook.id).quarantined_at is None
        clock.forward(hours=1)
        for message in messages():  # whatever its own schedule says
            message.next_attempt_at = clock()
        db.session.commit()
        send_due_messages()

    db.session.rollback()
    reason = db.session.get_one(Subscriber, hook.id).quarantine_reason
    assert reason == "It failed 10 times in a row: The webhook answered with status 500"


def test_the_fate_of_a_webhook_that_left_is_not_that_of_the_next_to_come(
    incident: Incident, maya: Person, outgoing: Outgoing
) -> None:
    gone = a_subscriber(url="https://hooks.example.com/gone")
    outgoing.outcome = Outcome("gone", "The webhook answered with status 410")
    publish(incident, maya)
    tell()
    quarantine.settle()
    was = gone.destination
    subscriber_ways.leave(gone)
    db.session.commit()

    fresh = a_subscriber(url="https://hooks.example.com/fresh")
    assert fresh.destination != was
    quarantine.settle()
    db.session.refresh(fresh)
    assert fresh.quarantined_at is None


def test_a_page_leaves_before_thousands_of_letters_to_the_public(
    incident: Incident, maya: Person, outgoing: Outgoing
) -> None:
    for number in range(30):
        a_subscriber(f"s{number}@example.com")
    publish(incident, maya)
    subscribers.fan_out_due_notices()
    page = {"to": "grace@example.com", "subject": "You are paged", "text": ""}
    outbox.enqueue(event="page", channel="email", destination="grace@example.com", payload=page, purpose=outbox.PAGE)
    db.session.commit()
    send_due_messages(limit=5)

    assert outgoing.subjects[0] == "You are paged"


def test_what_should_have_been_told_minutes_ago_is_found_by_the_audit(
    incident: Incident, maya: Person, clock: WoundClock, outgoing: Outgoing
) -> None:
    publish(incident, maya)
    clock.forward(minutes=4)

    assert "subscribers should have been told 4 min ago" in [fault.sentence for fault in audit.audit()]
    tell()
    assert not [fault for fault in audit.audit() if fault.key == "notices"]


# ---- maintenance ----


def test_moved_maintenance_is_told_with_old_and_new_times_to_whoever_hears_of_maintenance(
    app: Flask, clock: WoundClock, outgoing: Outgoing
) -> None:
    api = a_component("API")
    a_subscriber("all@example.com")
    a_subscriber("no@example.com", hears_maintenance=False)
    a_subscriber("api@example.com", components=[api])
    start = clock() + timedelta(days=2)
    work = planning.plan(
        Words(title="New disks", components=[api]), starts_at=start, ends_at=start + timedelta(hours=1)
    )
    tell()
    planning.move(work, starts_at=start + timedelta(days=1), ends_at=start + timedelta(days=1, hours=1))
    tell()

    assert {*outgoing.destinations} == {"all@example.com", "api@example.com"}
    moved = outgoing.sent[-1].payload
    assert moved["subject"] == "[Our] Maintenance moved: New disks"
    assert "From 02:14 UTC, Thu 26 Nov 2026 to 03:14 UTC, Thu 26 Nov 2026." in moved["text"]
    assert "Before: from 02:14 UTC, Wed 25 Nov 2026 to 03:14 UTC, Wed 25 Nov 2026." in moved["text"]
    assert notice().told["left_out"] == {"no_maintenance": 1}  # type: ignore[index]


def test_after_downtime_one_word_about_the_work_as_it_is_now(app: Flask, clock: WoundClock, outgoing: Outgoing) -> None:
    a_subscriber()
    start = clock() + timedelta(days=2)
    work = planning.plan(Words(title="New disks"), starts_at=start, ends_at=start + timedelta(hours=1))
    planning.move(work, starts_at=start + timedelta(hours=3), ends_at=start + timedelta(hours=4))
    planning.cancel(work, body="Not needed.")

    assert tell() == 1
    assert outgoing.subjects == ["[Our] Maintenance cancelled: New disks"]


def test_an_edit_reaches_what_has_not_left_in_each_language_and_shape_and_nobody_twice(
    incident: Incident, maya: Person, clock: WoundClock, outgoing: Outgoing
) -> None:
    a_subscriber("told@example.com")
    ways: dict[str, dict[str, Any]] = {
        "waits@example.com": {},
        "wartet@example.com": {"language": "de"},
        "https://hooks.example.com/x": {"url": "https://hooks.example.com/x"},
        "https://hooks.example.org/x": {"url": "https://hooks.example.org/x", "shape": "statuspage"},
    }
    late = {a_subscriber(name, **more).destination: name for name, more in ways.items()}
    outgoing.for_destination.update(dict.fromkeys(late, Outcome("failed", "451 come again")))
    first = publish(incident, maya, body="We look into the chekout.")
    tell()
    clock.forward(seconds=1)
    revise_update(incident, first, by=maya.as_actor(), body="We look into the checkout.", public_status="identified")
    outgoing.for_destination.clear()
    clock.forward(minutes=5)

    assert tell() == 0
    [told, *others] = outgoing.sent
    assert (told.destination, "chekout" in told.payload["text"]) == ("told@example.com", True)
    said = {late[message.destination]: message.payload for message in others}
    assert len(others) == len(said) == 4
    assert "chekout" not in str(said)
    assert said["waits@example.com"]["subject"] == "[Our] Identified: Checkout fails"
    assert said["wartet@example.com"]["subject"] == "[Our] Ursache gefunden: Checkout fails"
    assert said["https://hooks.example.com/x"]["data"]["update"]["body"] == "We look into the checkout."
    [repeated] = said["https://hooks.example.org/x"]["incident"]["incident_updates"]
    assert (repeated["status"], repeated["body"]) == ("identified", "We look into the checkout.")
    assert notice().told["reworded"] == [{"at": "2026-11-23T02:14:01+00:00", "to": 4}]  # type: ignore[index]


def test_what_is_under_way_while_it_is_edited_is_logged_as_it_left_and_tried_again_as_it_reads_now(
    incident: Incident, maya: Person, clock: WoundClock, outgoing: Outgoing
) -> None:
    for name in ("leaves", "fails"):
        a_subscriber(f"{name}@example.com")
    update = publish(incident, maya, body="Old words.")
    subscribers.fan_out_due_notices()
    claims = {claim.destination: claim for claim in outbox.claim(worker="clock-1", channel="email")}
    revise_update(incident, update, by=maya.as_actor(), body="New words.")
    db.session.commit()
    outbox.mark_sent(claims["leaves@example.com"])
    outbox.mark_failed(claims["fails@example.com"], reason="451 come again")

    revise_update(incident, update, by=maya.as_actor(), body="Newest words.")
    assert outbox.forget_unused_bodies() == 1  # the words between, which nobody got
    clock.forward(minutes=5)
    tell()

    [sent] = outgoing.sent
    assert (sent.destination, "Newest words." in sent.payload["text"]) == ("fails@example.com", True)
    in_log = {message.destination: outbox.bodies({message.body_id or 0}) for message in messages()}
    assert "Old words." in str(in_log["leaves@example.com"])
    assert "Newest words." in str(in_log["fails@example.com"])


def test_an_edit_of_an_earlier_update_and_of_the_title_reaches_what_a_later_one_repeats(
    incident: Incident, maya: Person, outgoing: Outgoing
) -> None:
    a_subscriber(url="https://hooks.example.org/x", shape="statuspage")
    first = publish(incident, maya, body="Old words.", components={a_component("API"): DOWN})
    tell()
    publish(incident, maya, body="More.")
    subscribers.fan_out_due_notices()
    revise_update(incident, first, by=maya.as_actor(), body="New words.")
    actions.rename(incident, title="Payments fail", by=maya.as_actor())
    outgoing.clear()

    tell()
    [sent] = outgoing.sent
    assert sent.payload["incident"]["name"] == "Payments fail"
    assert [each["body"] for each in sent.payload["incident"]["incident_updates"]] == ["More.", "New words."]


def test_an_edit_while_the_messages_are_being_written_is_not_missed(
    incident: Incident, maya: Person, clock: WoundClock, outgoing: Outgoing, monkeypatch: pytest.MonkeyPatch
) -> None:
    a_subscriber()
    update = publish(incident, maya, body="Old words.")
    write = subscribers.write

    def write_after_an_edit(prepared: subscribers.Prepared) -> int:
        monkeypatch.setattr(subscribers, "write", write)
        clock.forward(seconds=1)
        revise_update(incident, update, by=maya.as_actor(), body="New words.")
        db.session.commit()
        return write(prepared)

    monkeypatch.setattr(subscribers, "write", write_after_an_edit)
    assert tell() == 1
    [sent] = outgoing.sent
    assert "New words." in sent.payload["text"]


def test_other_words_for_announced_work_reach_what_has_not_left(
    maya: Person, clock: WoundClock, outgoing: Outgoing
) -> None:
    a_subscriber()
    start = clock() + timedelta(days=2)
    ends_at = start + timedelta(hours=1)
    work = planning.plan(Words(title="New diks"), starts_at=start, ends_at=ends_at)
    db.session.commit()
    subscribers.fan_out_due_notices()
    work = db.session.get_one(Maintenance, work.id)
    maintenance.change(work, Words(title="New disks"), by=maya.as_actor(), starts_at=start, ends_at=ends_at)

    assert tell() == 0
    assert outgoing.subjects == ["[Our] Maintenance scheduled: New disks"]
