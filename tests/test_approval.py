"""A second pair of eyes: asked for, answered once, reminded of once, and never in the place of an update."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from incidents import actions
from incidents.actions import approval
from incidents.actions.strike import strike
from incidents.kernel import clock as now
from incidents.kernel.database import db
from incidents.kernel.errors import NotAllowed
from incidents.published import page_settings, publishing
from incidents.records.actors import Actor
from incidents.records.incidents import Incident
from incidents.records.people import Person
from incidents.records.timeline import TimelineEntry
from incidents.records.updates import Update
from tests.conftest import WoundClock
from tests.factories import an_incident
from tests.factories_people import make_person
from tests.outgoing import Outgoing, run_due_jobs


@pytest.fixture
def maya(app: Flask) -> Person:
    return make_person(name="Maya Lindqvist", zone="Europe/Berlin")


@pytest.fixture
def lena(app: Flask) -> Person:
    return make_person("lena@example.com", name="Lena Adeyemi")


@pytest.fixture
def incident(maya: Person, lena: Person) -> Incident:
    """A P2 that Maya commands."""
    declared = an_incident(by=maya, severity="P2")
    actions.acknowledge(declared, by=maya.as_actor())
    db.session.commit()
    return declared


def a_draft(incident: Incident, by: Person, body: str = "Answers are slow.", **more: Any) -> Update:
    made = actions.post_update(
        incident,
        by=by.as_actor(),
        body=body,
        audience="public",
        draft=True,
        will_ask=True,
        **more,
    )
    db.session.commit()
    return made


def asked(incident: Incident, by: Person, of: Person | None = None, **more: Any) -> Update:
    made = a_draft(incident, by, **more)
    actions.ask_for_approval(incident, made, by=by.as_actor(), of=of)
    db.session.commit()
    return made


def kinds(incident: Incident) -> list[str]:
    wanted = select(TimelineEntry.kind).where(TimelineEntry.incident_id == incident.id).order_by(TimelineEntry.id)
    return list(db.session.scalars(wanted))


def letters(outgoing: Outgoing, person: Person) -> list[Mapping[str, Any]]:
    """What left for this person, in order."""
    return [message.payload for message in outgoing.sent if message.destination == person.email]


def let_the_page_ask() -> None:
    page_settings.change_page_settings(needs_second_eyes=True)
    db.session.commit()


def test_the_person_named_is_told_with_a_link_and_publishes_what_the_asker_wrote(
    incident: Incident, maya: Person, lena: Person, outgoing: Outgoing
) -> None:
    draft = asked(incident, lena, of=maya)

    run_due_jobs()
    assert letters(outgoing, maya)[-1]["subject"] == "INC-1: Lena Adeyemi asks you to approve an update"
    assert f"/console/incidents/INC-1/updates/{draft.public_id}" in letters(outgoing, maya)[-1]["text"]
    assert publishing.find(incident.id) is None

    actions.approve(incident, draft, by=maya.as_actor())
    db.session.commit()
    run_due_jobs()

    published = publishing.find(incident.id)
    assert published is not None
    assert published.newest.body == "Answers are slow."
    assert letters(outgoing, lena)[-1]["subject"] == "INC-1: your update was approved"
    assert [kind for kind in kinds(incident) if kind in ("approval_asked", "approved", "update")] == [
        "approval_asked",
        "approved",
        "update",
    ]


def test_an_unapproved_draft_keeps_no_promise(incident: Incident, lena: Person, clock: WoundClock) -> None:
    due_at = incident.next_update_due_at
    clock.forward(minutes=5)
    asked(incident, lena)

    assert (incident.next_update_due_at, incident.last_update_at) == (due_at, None)


def test_the_asker_cannot_approve_but_whoever_leads_publishes_directly(
    incident: Incident, maya: Person, lena: Person
) -> None:
    draft = asked(incident, lena)
    with pytest.raises(NotAllowed, match="Somebody else publishes it"):
        actions.approve(incident, draft, by=lena.as_actor())
    with pytest.raises(NotAllowed, match="Somebody else publishes it"):
        actions.publish_draft(incident, draft, by=lena.as_actor())

    own = asked(incident, maya, body="I ask, and then publish it myself.")
    actions.publish_draft(incident, own, by=maya.as_actor())

    assert (draft.state, own.state) == ("draft", "published")


def test_of_two_who_approve_at_once_one_wins_and_the_other_is_told_who(
    incident: Incident, maya: Person, lena: Person
) -> None:
    jonas = make_person("jonas@example.com", name="Jonas Weber")
    draft = asked(incident, lena)

    actions.approve(incident, draft, by=jonas.as_actor())
    with pytest.raises(NotAllowed, match="Jonas Weber approved this before you"):
        actions.approve(incident, draft, by=maya.as_actor())

    assert kinds(incident).count("update") == 1


def test_sent_back_it_is_a_plain_draft_and_the_asker_reads_why(
    incident: Incident, maya: Person, lena: Person, outgoing: Outgoing
) -> None:
    draft = asked(incident, lena)
    actions.send_back(incident, draft, by=maya.as_actor(), words="Say what people can do meanwhile.")
    db.session.commit()

    run_due_jobs()
    assert "Say what people can do meanwhile." in letters(outgoing, lena)[-1]["text"]
    assert draft.state == "draft"
    with pytest.raises(NotAllowed, match="Maya Lindqvist sent this back before you"):
        actions.approve(incident, draft, by=maya.as_actor())

    actions.ask_for_approval(incident, draft, by=lena.as_actor())
    actions.approve(incident, draft, by=maya.as_actor())
    assert draft.state == "published"


def test_where_the_page_asks_for_it_no_way_leads_around_the_second_pair_of_eyes(
    incident: Incident, maya: Person, lena: Person
) -> None:
    let_the_page_ask()
    out = actions.post_update(incident, by=maya.as_actor(), body="We look into it.", audience="public")
    draft = a_draft(incident, lena)
    db.session.commit()
    later = now.now() + timedelta(hours=1)

    for attempt in (
        lambda: actions.post_update(incident, by=lena.as_actor(), body="Mine.", audience="public"),
        lambda: actions.post_update(incident, by=lena.as_actor(), body="Mine.", audience="public", publish_at=later),
        lambda: actions.publish_draft(incident, draft, by=lena.as_actor()),
        lambda: actions.set_update_time(incident, draft, by=lena.as_actor(), publish_at=later),
        lambda: actions.revise_update(incident, out, by=lena.as_actor(), body="Mine."),
        lambda: actions.no_change(incident, by=lena.as_actor()),
        lambda: actions.resolve(incident, by=lena.as_actor(), summary="x", reason="x", public_body="Mine."),
    ):
        with pytest.raises(NotAllowed, match="second pair of eyes"):
            attempt()
        db.session.rollback()

    assert actions.post_update(incident, by=lena.as_actor(), body="Among us.", audience="internal").state == "published"
    assert actions.resolve(incident, by=lena.as_actor(), summary="Fixed.", reason="At once.")
    published = publishing.find(incident.id)
    assert published is not None
    assert published.newest.body == "This incident is resolved."


def test_a_title_that_stands_on_the_page_is_changed_by_whoever_leads(
    incident: Incident, maya: Person, lena: Person
) -> None:
    let_the_page_ask()
    actions.rename(incident, title="Before it is public", by=lena.as_actor())
    actions.post_update(incident, by=maya.as_actor(), body="Answers are slow.", audience="public")

    with pytest.raises(NotAllowed, match="Let the commander"):
        actions.rename(incident, title="Nobody else read this", by=lena.as_actor())
    actions.rename(incident, title="Answers are slow", by=maya.as_actor())

    published = publishing.find(incident.id)
    assert published is not None
    assert published.title == "Answers are slow"


def test_a_program_and_whoever_leads_are_never_asked(incident: Incident, maya: Person) -> None:
    let_the_page_ask()
    program = Actor("token", 1, "deploy script")

    for by in (program, maya.as_actor()):
        assert actions.post_update(incident, by=by, body="We look into it.", audience="public").state == "published"


def test_in_a_drill_and_among_colleagues_nobody_is_asked(maya: Person, lena: Person) -> None:
    let_the_page_ask()
    drill = an_incident(by=maya, is_drill=True)
    inside = an_incident(by=maya, visibility_wanted="internal")

    assert not approval.must_ask(drill, lena.as_actor())
    assert not approval.must_ask(inside, lena.as_actor())


def test_approved_for_later_it_goes_out_by_the_clock_once(
    incident: Incident, maya: Person, lena: Person, clock: WoundClock
) -> None:
    let_the_page_ask()
    draft = asked(incident, lena, publish_at=clock.moment + timedelta(minutes=20))
    assert draft.state == "draft"
    actions.approve(incident, draft, by=maya.as_actor())
    assert draft.state == "scheduled"

    clock.forward(minutes=20)
    strike(incident)
    strike(incident)

    assert draft.state == "published"
    assert kinds(incident).count("update") == 1


def test_not_approved_it_does_not_go_out_at_its_time(incident: Incident, lena: Person, clock: WoundClock) -> None:
    draft = asked(incident, lena, publish_at=clock.moment + timedelta(minutes=20))

    clock.forward(minutes=21)
    strike(incident)

    assert draft.state == "draft"


def test_whoever_was_asked_is_reminded_once_before_the_promise(
    incident: Incident, maya: Person, lena: Person, clock: WoundClock, outgoing: Outgoing
) -> None:
    asked(incident, lena, of=maya)
    assert incident.next_update_due_at is not None
    assert incident.attention_at == incident.next_update_due_at - timedelta(minutes=10)

    clock.set(incident.attention_at)
    for _again in range(2):
        strike(incident)
        clock.forward(minutes=1)
    db.session.commit()
    run_due_jobs()

    reminders = [each for each in letters(outgoing, maya) if "still waits for approval" in each["subject"]]
    assert len(reminders) == 1
    assert "Read the draft: " in reminders[0]["text"]


def test_an_answer_calls_the_reminder_off(incident: Incident, maya: Person, lena: Person, clock: WoundClock) -> None:
    draft = asked(incident, lena, of=maya)
    actions.send_back(incident, draft, by=maya.as_actor(), words="Not yet.")

    clock.forward(minutes=21)
    strike(incident)

    assert "approval_reminder" not in kinds(incident)


def test_with_nobody_else_who_may_publish_asking_says_what_to_do(app: Flask) -> None:
    alone = make_person(name="Alone")
    incident = an_incident(by=alone)
    draft = a_draft(incident, alone)

    with pytest.raises(NotAllowed, match="Take the role of communications lead"):
        actions.ask_for_approval(incident, draft, by=alone.as_actor())


def test_nobody_is_asked_who_may_not_see_the_incident(maya: Person, lena: Person) -> None:
    incident = an_incident(by=maya, visibility_wanted="restricted")
    draft = actions.post_update(incident, by=maya.as_actor(), body="Among us.", audience="internal", draft=True)

    with pytest.raises(NotAllowed):
        actions.ask_for_approval(incident, draft, by=maya.as_actor(), of=lena)


def test_a_text_that_waited_longer_than_its_own_promise_makes_a_new_one(
    incident: Incident, maya: Person, lena: Person, clock: WoundClock
) -> None:
    draft = asked(incident, lena, next_update_at=clock.moment + timedelta(minutes=15))

    clock.forward(minutes=20)
    actions.approve(incident, draft, by=maya.as_actor())

    assert draft.next_update_at == incident.next_update_due_at == clock.moment + timedelta(minutes=30)


def test_a_clock_that_was_down_publishes_what_fell_due_once_and_promises_from_then(
    incident: Incident, maya: Person, clock: WoundClock
) -> None:
    wanted = clock.moment + timedelta(minutes=10)
    waits = actions.post_update(
        incident,
        by=maya.as_actor(),
        body="A restart is planned.",
        audience="public",
        publish_at=wanted,
        next_update_at=wanted + timedelta(minutes=10),
    )
    db.session.commit()

    clock.forward(minutes=45)
    run_due_jobs()
    run_due_jobs()

    assert waits.published_at == clock.moment
    assert kinds(incident).count("update") == 1
    assert incident.next_update_due_at == clock.moment + timedelta(minutes=30)


def test_what_waits_for_its_time_or_for_eyes_is_put_away_when_it_is_over(
    incident: Incident, maya: Person, lena: Person, clock: WoundClock
) -> None:
    later = clock.moment + timedelta(minutes=10)
    waits = actions.post_update(incident, by=maya.as_actor(), body="Later.", audience="public", publish_at=later)
    draft = asked(incident, lena)
    plain = a_draft(incident, lena)

    actions.resolve(incident, by=maya.as_actor(), summary="Fixed.", reason="At once.")
    clock.forward(minutes=11)
    run_due_jobs()

    assert (waits.state, draft.state, plain.state) == ("withdrawn", "withdrawn", "draft")
    assert approval.question_of(draft) is None
    assert "update" not in kinds(incident)


def test_a_drill_asks_nobody_by_letter_who_did_not_agree(maya: Person, lena: Person, outgoing: Outgoing) -> None:
    drill = an_incident(by=lena, is_drill=True)
    asked(drill, lena, of=maya)
    run_due_jobs()

    assert letters(outgoing, maya) == []
