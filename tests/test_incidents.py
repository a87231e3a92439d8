"""An incident from declaration to its end: what each act needs, changes, and leaves on the timeline."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from incidents import actions
from incidents.actions import matrix, roles, strike, targets
from incidents.kernel.database import db
from incidents.kernel.errors import Malformed, NotAllowed, Outdated
from incidents.kernel.outbox import OutboxMessage
from incidents.published import publishing
from incidents.records.incidents import Bell, Incident
from incidents.records.people import Person
from incidents.records.timeline import TimelineCorrection, TimelineEntry
from incidents.reports import communication
from tests.factories import a_component, a_person, an_incident


@pytest.fixture
def alice(app: Flask) -> Person:
    return a_person("Alice")


def kinds(incident: Incident) -> list[str]:
    return list(
        db.session.scalars(
            select(TimelineEntry.kind).where(TimelineEntry.incident_id == incident.id).order_by(TimelineEntry.id)
        )
    )


def letters() -> list[tuple[str, str]]:
    """Whom, and with which subject."""
    rows = db.session.scalars(select(OutboxMessage).order_by(OutboxMessage.id))
    return [(row.destination, row.payload["subject"]) for row in rows]


def tick() -> int:
    """What the clock does in one look."""
    due = strike.due_incidents(100)
    for incident in due:
        strike.strike(incident)
    db.session.commit()
    return len(due)


def test_declaring_tells_the_first_level_at_once_and_publishes_nothing(alice: Person) -> None:
    incident = an_incident(by=alice)

    assert incident.ref == "INC-1"
    assert kinds(incident) == ["declared", "told"]
    assert letters() == [("alice@example.com", "INC-1: P1 Critical: AI provider rate limited")]
    assert publishing.find(incident.id) is None


def test_declaring_says_everything_that_is_wrong_at_once(alice: Person) -> None:
    with pytest.raises(Malformed) as wrong:
        actions.declare(title=" ", severity="P9", by=alice.as_actor(), visibility_wanted="secret")

    assert set(wrong.value.fields) == {"title", "severity", "visibility"}


def test_acknowledging_enters_triage_makes_a_commander_and_owes_an_update(alice: Person, clock: Any) -> None:
    incident = an_incident(by=alice)
    clock.forward(minutes=3)

    actions.acknowledge(incident, by=alice.as_actor())

    assert incident.step == "triage"
    assert roles.holder(incident, "commander") is alice
    assert incident.next_update_due_at == clock.moment + timedelta(minutes=30)
    assert targets.current(incident)["respond"].met_at == clock.moment


def test_a_second_acknowledgement_adds_a_person_and_moves_no_deadline(alice: Person, clock: Any) -> None:
    bob = a_person("Bob")
    incident = an_incident(by=alice)
    actions.acknowledge(incident, by=alice.as_actor())
    due = incident.next_update_due_at
    clock.forward(minutes=5)

    actions.acknowledge(incident, by=bob.as_actor())
    again = actions.acknowledge(incident, by=alice.as_actor()) or actions.acknowledge(incident, by=bob.as_actor())

    assert incident.next_update_due_at == due
    assert roles.holder(incident, "commander") is alice
    assert again is None
    assert kinds(incident).count("acknowledged") == 2


def test_the_seven_steps_ask_for_what_they_need_and_a_reason_overrides(alice: Person) -> None:
    by = alice.as_actor()
    incident = an_incident(by=alice)

    with pytest.raises(NotAllowed) as no:
        actions.advance(incident, to="triage", by=by)
    assert no.value.missing == ("acknowledged",)
    actions.acknowledge(incident, by=by)
    with pytest.raises(NotAllowed) as no:
        actions.advance(incident, to="communication", by=by)
    assert no.value.missing == ("impact", "components")
    actions.set_components(incident, {}, by=by)
    actions.advance(incident, to="communication", by=by, note="All analyses fail")
    assert incident.impact == "All analyses fail"
    with pytest.raises(NotAllowed):
        actions.advance(incident, to="investigation", by=by)
    actions.post_update(incident, by=by, body="We are looking into it.", audience="internal")
    actions.advance(incident, to="investigation", by=by)
    with pytest.raises(NotAllowed) as no:
        actions.advance(incident, to="mitigation", by=by)
    assert no.value.missing == ("attempt",)
    actions.advance(incident, to="mitigation", by=by, reason="we know what we do")
    assert incident.status == "Mitigating"
    entry = db.session.scalars(select(TimelineEntry).order_by(TimelineEntry.id.desc())).first()
    assert entry is not None
    assert entry.detail["overridden"] == ["attempt"]
    actions.resolve(incident, by=by, summary="Fell back to another provider")
    assert (incident.step, incident.status, incident.outcome) == ("resolution", "Resolved", "resolved")
    actions.advance(incident, to="postmortem", by=by, note="We learnt to fall back sooner.")
    assert incident.step == "postmortem"


def test_skipping_a_step_asks_for_a_reason(alice: Person) -> None:
    incident = an_incident(by=alice)
    actions.acknowledge(incident, by=alice.as_actor())

    with pytest.raises(NotAllowed):
        actions.advance(incident, to="mitigation", by=alice.as_actor(), note="restart")
    actions.advance(incident, to="mitigation", by=alice.as_actor(), note="restart", reason="it is obvious")

    assert incident.step == "mitigation"


def test_going_back_asks_for_a_reason_and_moves_no_clock(alice: Person, clock: Any) -> None:
    by = alice.as_actor()
    incident = an_incident(by=alice)
    actions.acknowledge(incident, by=by)
    actions.advance(incident, to="investigation", by=by, reason="urgent")
    due = incident.next_update_due_at
    clock.forward(minutes=2)

    with pytest.raises(NotAllowed):
        actions.advance(incident, to="triage", by=by)
    actions.advance(incident, to="triage", by=by, reason="wrong button")

    assert (incident.step, incident.next_update_due_at) == ("triage", due)


def test_the_present_step_again_writes_nothing(alice: Person) -> None:
    incident = an_incident(by=alice)
    before = kinds(incident)

    assert actions.advance(incident, to="detection", by=alice.as_actor()) is False
    assert kinds(incident) == before


def test_a_public_update_puts_the_incident_on_the_page_and_moves_the_promise(alice: Person, clock: Any) -> None:
    api = a_component()
    incident = an_incident(by=alice)
    clock.forward(minutes=4, seconds=30)

    update = actions.post_update(
        incident, by=alice.as_actor(), body="We **look**.", audience="public", components={api: "major_outage"}
    )

    page = publishing.find(incident.id)
    assert page is not None
    assert page.newest.public_id == update.public_id
    assert page.newest.public_status == "investigating"
    assert incident.next_update_due_at == datetime.fromisoformat("2026-11-23T02:48:00+00:00")
    assert page.newest.next_update_at == incident.next_update_due_at
    assert update.body_html == "<p>We <strong>look</strong>.</p>"


def test_on_the_page_only_a_public_update_keeps_the_promise(alice: Person, clock: Any) -> None:
    incident = an_incident(by=alice)
    actions.post_update(incident, by=alice.as_actor(), body="Public words", audience="public")
    due = incident.next_update_due_at
    clock.forward(minutes=10)

    actions.post_update(incident, by=alice.as_actor(), body="Internal words", audience="internal")
    assert incident.next_update_due_at == due
    actions.add_note(incident, by=alice.as_actor(), body="a note")
    assert incident.next_update_due_at == due


def test_an_update_may_promise_earlier_but_not_later_than_the_cadence(alice: Person, clock: Any) -> None:
    incident = an_incident(by=alice)
    now = clock.moment

    with pytest.raises(Malformed):
        actions.post_update(
            incident, by=alice.as_actor(), body="x", audience="internal", next_update_at=now + timedelta(minutes=45)
        )
    actions.post_update(
        incident, by=alice.as_actor(), body="x", audience="internal", next_update_at=now + timedelta(minutes=20)
    )

    assert incident.next_update_due_at == now + timedelta(minutes=20)


def test_a_publication_can_be_undone_for_ten_seconds(alice: Person, clock: Any) -> None:
    incident = an_incident(by=alice)
    actions.acknowledge(incident, by=alice.as_actor())
    due = incident.next_update_due_at
    clock.forward(minutes=5)
    update = actions.post_update(incident, by=alice.as_actor(), body="Too early", audience="public", can_be_undone=True)
    assert publishing.find(incident.id) is not None
    clock.forward(seconds=9)

    actions.undo_update(incident, update, by=alice.as_actor())

    assert publishing.find(incident.id) is None
    assert incident.next_update_due_at == due
    assert incident.first_communicated_at is None


def test_after_ten_seconds_an_undo_is_refused(alice: Person, clock: Any) -> None:
    incident = an_incident(by=alice)
    update = actions.post_update(incident, by=alice.as_actor(), body="x", audience="public", can_be_undone=True)
    clock.forward(seconds=11)

    with pytest.raises(NotAllowed):
        actions.undo_update(incident, update, by=alice.as_actor())
    assert publishing.find(incident.id) is not None


def test_an_edit_keeps_the_old_wording_and_refuses_an_older_version(alice: Person) -> None:
    incident = an_incident(by=alice)
    update = actions.post_update(incident, by=alice.as_actor(), body="Tpyo", audience="public")

    actions.revise_update(incident, update, by=alice.as_actor(), body="Typo", version=1)
    with pytest.raises(Outdated) as outdated:
        actions.revise_update(incident, update, by=alice.as_actor(), body="Mine", version=1)

    assert outdated.value.theirs == {"body": "Typo"}
    page = publishing.find(incident.id)
    assert page is not None
    assert page.newest.body == "Typo"
    assert [revision.body for revision in page.newest.revisions] == ["Tpyo"]


def test_a_draft_is_nowhere_until_it_is_published(alice: Person) -> None:
    incident = an_incident(by=alice)
    draft = actions.post_update(incident, by=alice.as_actor(), body="Soon", audience="public", draft=True)
    assert publishing.find(incident.id) is None
    assert incident.first_communicated_at is None

    actions.publish_draft(incident, draft, by=alice.as_actor())

    assert publishing.find(incident.id) is not None
    assert actions.publish_draft(incident, draft, by=alice.as_actor()) is draft


def test_an_update_set_for_later_goes_out_at_its_time(alice: Person, clock: Any) -> None:
    incident = an_incident(by=alice, severity="P4")
    actions.post_update(
        incident,
        by=alice.as_actor(),
        body="Planned",
        audience="public",
        publish_at=clock.moment + timedelta(minutes=10),
    )
    db.session.commit()
    clock.forward(minutes=9)
    tick()
    assert publishing.find(incident.id) is None

    clock.forward(minutes=1)
    tick()

    assert publishing.find(incident.id) is not None


def test_an_internal_incident_never_reaches_the_page(alice: Person) -> None:
    incident = an_incident(by=alice, visibility_wanted="internal")

    with pytest.raises(NotAllowed):
        actions.post_update(incident, by=alice.as_actor(), body="x", audience="public")


def test_making_an_incident_internal_withdraws_it(alice: Person) -> None:
    incident = an_incident(by=alice)
    actions.post_update(incident, by=alice.as_actor(), body="x", audience="public")

    actions.change_visibility(incident, to="internal", by=alice.as_actor(), viewer_person=alice)

    assert publishing.find(incident.id) is None


def test_a_drill_runs_everything_and_stays_off_the_page(alice: Person) -> None:
    incident = an_incident(by=alice, is_drill=True)

    actions.post_update(incident, by=alice.as_actor(), body="x", audience="public")

    assert publishing.find(incident.id) is None
    assert letters()[0][1].startswith("[Drill] INC-1")


def test_a_drill_pages_only_people_who_agreed(app: Flask) -> None:
    alice = a_person("Alice")  # agrees by declaring it
    a_person("Bob", agrees_to_drills=True)
    a_person("Eve")
    matrix.change_levels("P3", by=alice.as_actor(), levels=[{"after_minutes": 0, "tell": ["responders"]}])
    an_incident(by=alice, severity="P3", is_drill=True)

    assert sorted(to for to, _ in letters()) == ["alice@example.com", "bob@example.com"]


def test_resolving_ends_the_promise_and_tells_the_public_without_the_summary(alice: Person) -> None:
    api = a_component()
    incident = an_incident(by=alice)
    actions.post_update(
        incident, by=alice.as_actor(), body="Down", audience="public", components={api: "partial_outage"}
    )

    actions.resolve(incident, by=alice.as_actor(), summary="A secret cause", reason="fixed at once", cause="capacity")

    page = publishing.find(incident.id)
    assert page is not None
    assert page.newest.body == "This incident is resolved."
    assert page.newest.public_status == "resolved"
    assert not page.is_open
    assert incident.next_update_due_at is None
    assert incident.cause == "capacity"
    assert incident.postmortem_due_at is not None


def test_resolving_needs_a_summary_and_from_another_step_a_reason(alice: Person) -> None:
    incident = an_incident(by=alice)

    with pytest.raises(NotAllowed) as no:
        actions.resolve(incident, by=alice.as_actor())
    assert no.value.missing == ("resolution_summary",)
    with pytest.raises(NotAllowed) as no:
        actions.resolve(incident, by=alice.as_actor(), summary="done")
    assert no.value.missing == ("reason",)


def test_a_small_incident_closes_when_it_is_resolved(alice: Person) -> None:
    incident = an_incident(by=alice, severity="P4")

    actions.resolve(incident, by=alice.as_actor(), summary="done", reason="small")

    assert incident.closed_at is not None
    assert incident.postmortem_due_at is None


def test_reopening_begins_a_new_cycle(alice: Person, clock: Any) -> None:
    incident = an_incident(by=alice)
    actions.post_update(incident, by=alice.as_actor(), body="Down", audience="public")
    actions.resolve(incident, by=alice.as_actor(), summary="done", reason="quick")
    db.session.commit()
    clock.forward(minutes=20)

    actions.reopen(incident, by=alice.as_actor(), reason="It came back", public_body="It is back.")

    assert (incident.step, incident.cycle, incident.outcome) == ("investigation", 2, None)
    assert incident.next_update_due_at == clock.moment + timedelta(minutes=30)
    page = publishing.find(incident.id)
    assert page is not None
    assert page.is_open
    assert page.newest.body == "It is back."
    assert [subject for _, subject in letters()].count("INC-1: P1 Critical: AI provider rate limited") == 2


def test_a_false_alarm_needs_a_reason(alice: Person) -> None:
    incident = an_incident(by=alice)

    with pytest.raises(Malformed):
        actions.resolve(incident, by=alice.as_actor(), outcome="false_alarm")
    actions.resolve(incident, by=alice.as_actor(), outcome="false_alarm", reason="A test machine")

    assert incident.outcome == "false_alarm"
    assert incident.closed_at is not None


def test_a_merged_incident_points_on_and_stops_its_clocks(alice: Person) -> None:
    one, other = an_incident(by=alice), an_incident(by=alice, title="The same")
    actions.acknowledge(one, by=alice.as_actor())

    actions.merge(one, into=other, by=alice.as_actor())

    assert (one.outcome, one.merged_into_id, one.next_update_due_at, one.attention_at) == (
        "merged",
        other.id,
        None,
        None,
    )
    assert "merged_here" in kinds(other)


def test_a_published_incident_is_not_merged_into_one_the_public_cannot_see(alice: Person) -> None:
    one, other = an_incident(by=alice), an_incident(by=alice, title="The same")
    actions.post_update(one, by=alice.as_actor(), body="x", audience="public")

    with pytest.raises(NotAllowed):
        actions.merge(one, into=other, by=alice.as_actor())


def test_escalation_goes_up_while_nobody_acknowledges(alice: Person, clock: Any) -> None:
    a_person("Lead")
    from incidents.actions import matrix

    matrix.change_levels(
        "P1",
        by=alice.as_actor(),
        levels=[
            {"label": "On call", "after_minutes": 0, "tell": ["on_call"]},
            {"label": "Engineering lead", "after_minutes": 15, "tell": ["person:lead@example.com"]},
        ],
    )
    an_incident(by=alice)
    clock.forward(minutes=14)
    tick()
    assert [to for to, _ in letters()] == ["alice@example.com"]

    clock.forward(minutes=1)
    tick()
    tick()

    assert letters()[1] == ("lead@example.com", "INC-1: P1 Critical, not acknowledged for 15 min")
    assert len(letters()) == 2


def test_acknowledging_stops_the_escalation_until_it_expires(alice: Person, clock: Any) -> None:
    incident = an_incident(by=alice)
    actions.acknowledge(incident, by=alice.as_actor())
    actions.post_update(
        incident,
        by=alice.as_actor(),
        body="x",
        audience="internal",
        next_update_at=clock.moment + timedelta(minutes=29),
    )
    db.session.commit()
    clock.forward(minutes=20)
    tick()
    assert incident.acknowledgement_at is not None

    clock.forward(minutes=10)
    tick()

    db.session.refresh(incident)
    assert incident.is_acknowledged is False
    assert "acknowledgement_expired" in kinds(incident)


def test_nobody_to_tell_is_said_and_the_next_level_is_told_at_once(alice: Person) -> None:
    from incidents.actions import matrix

    a_person("Cto")
    matrix.change_levels(
        "P1",
        by=alice.as_actor(),
        levels=[
            {"label": "Night shift", "after_minutes": 0, "tell": ["role:engineering_lead"]},
            {"label": "CTO", "after_minutes": 30, "tell": ["person:cto@example.com"]},
        ],
    )
    incident = an_incident(by=alice)

    assert kinds(incident) == ["declared", "nobody_to_tell", "told"]
    assert [to for to, _ in letters()] == ["cto@example.com"]


def test_escalating_by_hand_tells_the_next_level(alice: Person) -> None:
    from incidents.actions import matrix

    a_person("Lead")
    matrix.change_levels(
        "P1",
        by=alice.as_actor(),
        levels=[
            {"after_minutes": 0, "tell": ["on_call"]},
            {"after_minutes": 15, "tell": ["person:lead@example.com"]},
        ],
    )
    incident = an_incident(by=alice)

    told = actions.escalate(incident, by=alice.as_actor(), reason="access_missing", note="The vault is locked")

    assert [person.name for person in told] == ["Lead"]
    with pytest.raises(Malformed):
        actions.escalate(incident, by=alice.as_actor(), reason="boredom")


def test_raising_the_severity_tells_a_level_that_is_already_due(alice: Person, clock: Any) -> None:
    from incidents.actions import matrix

    a_person("Lead")
    for severity, minutes in (("P1", 15), ("P2", 60)):
        matrix.change_levels(
            severity,
            by=alice.as_actor(),
            levels=[
                {"after_minutes": 0, "tell": ["on_call"]},
                {"after_minutes": minutes, "tell": ["person:lead@example.com"]},
            ],
        )
    incident = an_incident(by=alice, severity="P2")
    clock.forward(minutes=20)
    tick()
    assert [to for to, _ in letters()] == ["alice@example.com"]

    actions.change_severity(incident, to="P1", by=alice.as_actor())

    assert [to for to, _ in letters()] == ["alice@example.com", "lead@example.com"]
    assert incident.next_update_due_at == clock.moment + timedelta(minutes=30)
    assert targets.current(incident)["respond"].severity == "P1"
    assert targets.current(incident)["respond"].breached_at is not None


def test_lowering_the_severity_unbreaches_nothing(alice: Person, clock: Any) -> None:
    incident = an_incident(by=alice)
    clock.forward(minutes=16)
    tick()

    actions.change_severity(incident, to="P3", by=alice.as_actor())

    assert targets.current(incident)["respond"].breached_at is not None


def test_lowered_to_where_no_update_is_owed_only_a_promise_freely_given_stays(alice: Person, clock: Any) -> None:
    incident = an_incident(by=alice)
    actions.acknowledge(incident, by=alice.as_actor())

    actions.change_severity(incident, to="P4", by=alice.as_actor())
    assert (incident.next_update_due_at, incident.due_armed_at) == (None, None)

    actions.change_severity(incident, to="P1", by=alice.as_actor())
    promised = clock.moment.replace(second=0, microsecond=0) + timedelta(minutes=10)
    actions.post_update(incident, by=alice.as_actor(), audience="internal", body="Looking", next_update_at=promised)
    actions.change_severity(incident, to="P3", by=alice.as_actor())
    assert incident.next_update_due_at == promised


def test_running_incidents_are_not_surprised_by_edited_settings(alice: Person, clock: Any) -> None:
    from incidents.actions import matrix

    incident = an_incident(by=alice)
    matrix.change_severity_rule(
        "P1", by=alice.as_actor(), examples="x", respond_minutes=1, cadence_minutes=10, resolve_minutes=None
    )
    actions.acknowledge(incident, by=alice.as_actor())

    assert incident.next_update_due_at == clock.moment + timedelta(minutes=30)


def test_declared_as_already_over_pages_nobody(alice: Person, clock: Any) -> None:
    incident = an_incident(
        by=alice,
        detected_at=clock.moment - timedelta(hours=3),
        resolved_at=clock.moment - timedelta(hours=1),
    )

    assert incident.outcome == "resolved"
    assert letters() == []


def test_a_security_incident_is_restricted_to_those_who_are_named(alice: Person) -> None:
    from incidents.access.visibility import find_incident

    eve = a_person("Eve", role="admin")
    incident = an_incident(by=alice, is_security=True)

    assert find_incident(incident.ref, alice) is incident
    assert find_incident(incident.ref, eve) is None
    actions.name_oneself(incident, admin=eve, reason="Legal asked me to")
    assert find_incident(incident.ref, eve) is incident
    assert ("alice@example.com", "INC-1: Eve can see this incident now") in letters()


def test_corrections_keep_the_original(alice: Person, clock: Any) -> None:
    incident = an_incident(by=alice)
    note = actions.add_note(incident, by=alice.as_actor(), body="at 02:00 it broke")
    earlier = clock.moment - timedelta(minutes=14)

    actions.correct_entry(note, incident, by=alice.as_actor(), body="at 02:00 it slowed down", at=earlier)

    kept = db.session.scalars(select(TimelineCorrection)).one()
    assert (kept.body, note.body, note.at) == ("at 02:00 it broke", "at 02:00 it slowed down", earlier)


def test_what_sevenbells_wrote_is_not_reworded(alice: Person) -> None:
    incident = an_incident(by=alice)
    entry = db.session.scalars(select(TimelineEntry)).first()
    assert entry is not None

    with pytest.raises(NotAllowed):
        actions.correct_entry(entry, incident, by=alice.as_actor(), body="something else")


@pytest.mark.parametrize("link", ["javascript:alert(1)", "ftp://x", "https://", "https://a\nb"])
def test_a_link_is_http_or_nothing(alice: Person, link: str) -> None:
    incident = an_incident(by=alice)

    with pytest.raises(Malformed):
        actions.add_note(incident, by=alice.as_actor(), body="see", link=link)


def test_the_communication_template_is_written_at_any_moment(alice: Person) -> None:
    incident = an_incident(by=alice)
    assert communication.template_text(incident) == (
        "INCIDENT: AI provider rate limited\nSEVERITY: P1\nSTATUS: Investigating\nIMPACT: not yet known\n"
        "START TIME: 2026-11-23T02:14:00+00:00 (detected)\nCURRENT STATUS: no update yet\nNEXT UPDATE: none planned"
    )
    actions.post_update(incident, by=alice.as_actor(), body="Internal\nwords", audience="internal")

    assert "CURRENT STATUS: Internal words" in communication.template_text(incident)
    actions.describe_impact(incident, impact="1,800 analyses wait", by=alice.as_actor())
    assert "IMPACT: 1,800 analyses wait" in communication.template_text(incident)
    for_public = communication.template_text(incident, for_public=True)
    assert "CURRENT STATUS: no update yet" in for_public
    assert "IMPACT: not yet known" in for_public


def test_roles_keep_their_history_of_hand_overs(alice: Person) -> None:
    bob = a_person("Bob")
    incident = an_incident(by=alice)
    actions.acknowledge(incident, by=alice.as_actor())

    actions.assign_role(incident, role="commander", person=bob, by=alice.as_actor())
    actions.accept_role(incident, role="commander", by=bob.as_actor())

    assert roles.holder(incident, "commander") is bob
    assert ("bob@example.com", "INC-1: you are now commander") in letters()
    with pytest.raises(NotAllowed):
        actions.accept_role(incident, role="commander", by=alice.as_actor())


def test_a_bell_is_struck_once_whoever_strikes(alice: Person) -> None:
    from sqlalchemy.exc import IntegrityError

    incident = an_incident(by=alice)
    first = db.session.scalars(select(Bell)).first()
    assert first is not None
    db.session.add(Bell(incident_id=incident.id, key=first.key, at=first.at))

    with pytest.raises(IntegrityError):
        db.session.flush()
    db.session.rollback()
