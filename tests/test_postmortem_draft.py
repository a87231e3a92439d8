"""What the record tells of an incident: durations to the second, each section, and NOT RECORDED where nothing is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from incidents import actions
from incidents.kernel.database import db
from incidents.policy.postmortems import DurationState, SectionName, measure
from incidents.records.incidents import Incident
from incidents.records.timeline import TimelineEntry
from incidents.reports import postmortem as report
from tests.conftest import WoundClock
from tests.factories import a_component, a_person, an_incident

DAY = datetime(2026, 11, 23, tzinfo=UTC)


def told(incident: Incident) -> dict[str, tuple[str, int | None]]:
    return {name: (taken.state.value, taken.seconds) for name, taken in report.durations(incident).items()}


def a_failed_database(clock: WoundClock) -> Incident:
    """The usual course: impact 02:01:30, detected 02:10:00, taken 02:12:20, told 02:17:05, fixed 02:40:45, over 03:22:10."""
    maya = a_person("Maya")
    by = maya.as_actor()
    clock.moment = DAY + timedelta(hours=2, minutes=10)
    incident = an_incident(
        by=maya, title="Database connections run out", impact_started_at=DAY + timedelta(hours=2, minutes=1, seconds=30)
    )
    clock.forward(minutes=2, seconds=20)
    actions.acknowledge(incident, by=by)
    clock.forward(minutes=4, seconds=45)
    actions.post_update(incident, by=by, body="Pages fail.", audience="public")
    clock.forward(minutes=23, seconds=40)
    actions.advance(incident, to="mitigation", by=by, note="Roll back", reason="Known cause", in_place=True)
    clock.forward(minutes=41, seconds=25)
    actions.resolve(incident, by=by, summary="The pool is ten again")
    return incident


def a_reopened_queue(clock: WoundClock) -> Incident:
    """Fixed at 10:20:00, over at 10:30:00, not over at 10:45:00, over for good at 11:15:30; nobody said when it began."""
    maya = a_person("Maya")
    by = maya.as_actor()
    clock.moment = DAY + timedelta(hours=10)
    incident = an_incident(by=maya, title="Queue stands still", severity="P2")
    clock.forward(minutes=5)
    actions.acknowledge(incident, by=by)
    actions.post_update(incident, by=by, body="Looking.", audience="internal")
    clock.forward(minutes=15)
    actions.advance(incident, to="mitigation", by=by, note="Restart", reason="Known", in_place=True)
    clock.forward(minutes=10)
    actions.resolve(incident, by=by, summary="Restarted")
    clock.forward(minutes=15)
    actions.reopen(incident, by=by, reason="It stands again")
    clock.forward(minutes=30, seconds=30)
    actions.resolve(incident, by=by, summary="More workers", reason="Quick")
    return incident


def one_that_was_over(clock: WoundClock) -> Incident:
    """Declared at noon of what began at 08:00:00, was detected at 08:30:00 and ended at 09:15:45: nobody was called."""
    clock.moment = DAY + timedelta(hours=12)
    return an_incident(
        by=a_person("Maya"),
        impact_started_at=DAY + timedelta(hours=8),
        detected_at=DAY + timedelta(hours=8, minutes=30),
        resolved_at=DAY + timedelta(hours=9, minutes=15, seconds=45),
    )


def test_three_incidents_of_real_shape_are_measured_to_the_second(app: Flask, clock: WoundClock) -> None:
    assert told(a_failed_database(clock)) == {
        "detect": ("recorded", 8 * 60 + 30),
        "acknowledge": ("recorded", 2 * 60 + 20),
        "communicate": ("recorded", 7 * 60 + 5),
        "mitigate": ("recorded", 30 * 60 + 45),
        "resolve": ("recorded", 72 * 60 + 10),
    }


def test_a_reopened_one_keeps_its_first_fix_and_its_last_end(app: Flask, clock: WoundClock) -> None:
    assert told(a_reopened_queue(clock)) == {
        "detect": ("pending", None),
        "acknowledge": ("recorded", 5 * 60),
        "communicate": ("recorded", 5 * 60),
        "mitigate": ("recorded", 20 * 60),
        "resolve": ("recorded", 75 * 60 + 30),
    }


def test_one_declared_when_it_was_over_has_no_acknowledgement_to_measure(app: Flask, clock: WoundClock) -> None:
    assert told(one_that_was_over(clock)) == {
        "detect": ("recorded", 30 * 60),
        "acknowledge": ("not_applicable", None),
        "communicate": ("not_applicable", None),
        "mitigate": ("not_applicable", None),
        "resolve": ("recorded", 45 * 60 + 45),
    }


def test_an_open_one_waits_and_a_merged_one_has_no_end_of_its_own(app: Flask, clock: WoundClock) -> None:
    maya = a_person("Maya")
    open_one, other = an_incident(by=maya), an_incident(by=maya, title="The same")
    assert set(told(open_one).values()) == {("pending", None)}
    actions.merge(other, into=open_one, by=maya.as_actor())
    assert told(other)["resolve"] == ("not_applicable", None)


moments = st.none() | st.datetimes(
    timezones=st.just(UTC), min_value=datetime(2020, 1, 1), max_value=datetime(2030, 1, 1)
)


@given(moments, moments, st.booleans())
def test_a_duration_is_what_a_slow_count_says_and_never_negative(
    start: datetime | None, end: datetime | None, is_final: bool
) -> None:
    taken = measure(start, end, missing="Nothing", is_final=is_final)

    if start is None or end is None:
        assert taken.state is (DurationState.NOT_APPLICABLE if is_final else DurationState.PENDING)
        assert (taken.seconds, taken.why) == (None, "Nothing")
    elif end.timestamp() < start.timestamp():
        assert (taken.state, taken.seconds) == (DurationState.INVALID, None)
        assert taken.why
    else:
        assert taken.state is DurationState.RECORDED
        assert taken.seconds is not None
        assert start + timedelta(seconds=taken.seconds) <= end < start + timedelta(seconds=taken.seconds + 1)


def test_the_draft_tells_what_happened_and_leaves_the_reminders_out(app: Flask, clock: WoundClock) -> None:
    incident = a_failed_database(clock)
    draft = report.draft(incident)

    timeline = draft.text("timeline")
    assert "| 23 Nov 02:12 | Maya acknowledged |" in timeline
    assert "Maya told the public (Investigating): Pages fail." in timeline
    assert "told:" not in timeline
    assert "The pool is ten again" in draft.text("summary")
    assert "1 h 12 min later" in draft.text("summary")
    assert "declared as P1" in draft.text("severity")
    assert "8 min before" in draft.text("detection")
    assert "| Time to mitigate | 30 min | Recorded |" in draft.text("durations")
    assert draft.text("rca_public") == ""


def test_nothing_is_invented_and_each_gap_says_where_it_can_be_recorded(app: Flask, clock: WoundClock) -> None:
    maya = a_person("Maya")
    incident = an_incident(by=maya)
    actions.resolve(incident, by=maya.as_actor(), reason="It went away")
    draft = report.draft(incident)

    for name in ("impact", "detection", "response", "root_cause", "five_whys", "went_well", "went_badly", "lucky"):
        assert "**NOT RECORDED**" in draft.text(name), name
        assert draft.sections[SectionName(name)].gaps, name
    assert {gap.where for gap in draft.sections[SectionName.IMPACT].gaps} == {"details", "components"}


def test_a_corrected_time_and_one_against_the_clock_are_told_truly(app: Flask, clock: WoundClock) -> None:
    maya = a_person("Maya")
    by = maya.as_actor()
    clock.moment = DAY + timedelta(hours=5)
    incident = an_incident(by=maya)
    actions.acknowledge(incident, by=by)
    incident.acknowledged_at = DAY + timedelta(hours=4)  # the machine's clock went back
    actions.resolve(incident, by=by, summary="Fixed", reason="Quick")
    db.session.commit()

    assert told(incident)["acknowledge"] == ("invalid", None)
    draft = report.draft(incident)
    assert "| Time to acknowledge | The end lies before the beginning: one of the two times is wrong. | Invalid |" in (
        draft.text("durations")
    )
    assert "-" not in draft.text("summary").replace("INC-1", "").replace("- ", "")


def test_updates_are_told_with_their_due_times_and_how_late_they_were(app: Flask, clock: WoundClock) -> None:
    maya = a_person("Maya")
    by = maya.as_actor()
    incident = an_incident(by=maya, components={a_component(): "partial_outage"})
    actions.acknowledge(incident, by=by)
    actions.post_update(incident, by=by, body="One.", audience="public")
    clock.forward(minutes=41)
    actions.post_update(incident, by=by, body="Two.", audience="public")
    clock.forward(minutes=20)
    actions.post_update(incident, by=by, body="Three.", audience="public")
    actions.resolve(incident, by=by, summary="Fixed", reason="Quick")

    text = report.draft(incident).text("updates")

    assert "2 of 3 owed updates came on time (66 %)." in text
    assert "| 23 Nov 02:44 | 23 Nov 02:55 | Public | 11 min late |" in text
    assert "| 23 Nov 03:25 | 23 Nov 03:15 | Public | On time |" in text
    assert "partial outage" in report.draft(incident).text("impact")


def test_roles_messages_and_the_end_of_a_promise_are_told_by_role_and_without_an_address(
    app: Flask, clock: WoundClock
) -> None:
    maya, jonas = a_person("Maya"), a_person("Jonas")
    by = maya.as_actor()
    incident = an_incident(by=maya, components={a_component(): "partial_outage"})
    actions.assign_role(incident, role="commander", person=maya, by=by)
    clock.forward(minutes=10)
    actions.assign_role(incident, role="commander", person=jonas, by=by)
    actions.post_update(incident, by=by, body="One.", audience="public")
    clock.forward(minutes=95)
    actions.resolve(incident, by=by, summary="Fixed", reason="Quick")
    db.session.commit()
    draft = report.draft(incident)

    assert "| Commander | Maya | 23 Nov 02:14 | 23 Nov 02:24, handed over to Jonas |" in draft.text("people")
    assert "| Commander | Jonas | 23 Nov 02:24 | The end |" in draft.text("people")
    assert "| 23 Nov 02:54 | 23 Nov 03:59 | Public | Over, 1 h 5 min after it was due |" in draft.text("updates")
    assert "Colleagues | E-mail |" in draft.text("messages")
    assert "@" not in draft.text("messages")
    assert draft.text("runbooks") == "**NOT RECORDED**"


def test_times_out_of_order_and_two_reopenings_give_a_draft_without_a_negative_length(
    app: Flask, clock: WoundClock
) -> None:
    maya = a_person("Maya")
    by = maya.as_actor()
    clock.moment = DAY + timedelta(hours=5)
    incident = an_incident(by=maya)
    for _ in "12":
        clock.forward(minutes=10)
        actions.resolve(incident, by=by, summary="Over", reason="Quick")
        clock.forward(minutes=10)
        actions.reopen(incident, by=by, reason="It is not")
    clock.forward(minutes=10)
    actions.resolve(incident, by=by, summary="Over", reason="Quick")
    for entry in db.session.scalars(select(TimelineEntry).where(TimelineEntry.kind == "resolved")):
        entry.at = DAY  # corrected to a time before everything
    incident.detected_at = incident.resolved_at + timedelta(hours=1) if incident.resolved_at else DAY
    incident.impact_started_at = incident.detected_at + timedelta(hours=1)
    db.session.commit()

    lengths = told(incident)
    assert lengths["detect"] == ("invalid", None)
    assert lengths["resolve"] == ("invalid", None)
    assert all(seconds is None or seconds >= 0 for _state, seconds in lengths.values())
    draft = report.draft(incident)
    whole = "\n".join(section.text for section in draft.sections.values())
    assert " -" not in whole.replace("\n- ", "\n")
    assert draft.text("timeline").count("reopened it") == 2


@pytest.mark.parametrize("entries", [3, 300])
def test_drafting_asks_the_same_number_of_questions_however_long_the_timeline_is(
    app: Flask, clock: WoundClock, count_queries: list[str], entries: int
) -> None:
    maya = a_person("Maya")
    incident = an_incident(by=maya)
    for number in range(entries):
        db.session.add(
            TimelineEntry(
                incident_id=incident.id, at=DAY, recorded_at=DAY, kind="decision", by_kind="person", by_id=maya.id,
                by_name="Maya", body=f"Decision {number}", detail={},
            )
        )  # fmt: skip
    db.session.commit()
    db.session.refresh(incident)
    count_queries.clear()

    report.draft(incident)

    assert len([query for query in count_queries if query.startswith("SELECT")]) == 8
