"""Who is on call, what the words of a policy resolve to, and hand-overs and swaps as time goes by."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from incidents import actions
from incidents.actions import groups, matrix, oncall, oncall_roles, overrides, people, rotations, swaps, telling
from incidents.jobs import oncall as jobs
from incidents.kernel.database import db
from incidents.kernel.errors import Malformed, NotAllowed
from incidents.records.actors import COMMAND_LINE
from incidents.records.oncall import Override, Rotation, ShiftSwap
from incidents.records.people import Person
from tests.conftest import Outgoing, WoundClock
from tests.factories import a_person, an_incident
from tests.on_call import a_rotation, letters, texts, utc
from tests.outgoing import run_due_jobs

ALICE, BOB, CAROL = "alice@example.com", "bob@example.com", "carol@example.com"


@pytest.fixture
def alice(app: Flask) -> Person:
    return a_person("Alice")


@pytest.fixture
def bob(app: Flask) -> Person:
    return a_person("Bob")


@pytest.fixture
def carol(app: Flask) -> Person:
    return a_person("Carol")


def assign(slug: str, *words: str) -> None:
    oncall_roles.assign(slug, by=COMMAND_LINE, tell=words)
    db.session.commit()


def names(found: list[Person]) -> list[str]:
    return [person.name for person in found]


# -- words ----------------------------------------------------------------------------------------------------------


def test_on_call_means_the_declarer_until_the_role_is_assigned_and_the_rotation_from_then_on(
    alice: Person, bob: Person
) -> None:
    incident = an_incident(by=alice)
    assert names(telling.people_meant(incident, ["on_call"])) == ["Alice"]

    assign("on_call_engineer", f"rotation:{a_rotation(bob).id}")

    assert names(telling.people_meant(incident, ["on_call"])) == ["Bob"]
    assert names(telling.people_meant(incident, ["role:on_call_engineer"])) == ["Bob"]
    assign("on_call_engineer")
    assert names(telling.people_meant(incident, ["on_call"])) == ["Alice"]


def test_each_word_means_its_people_once_and_never_a_closed_account(alice: Person, bob: Person, carol: Person) -> None:
    incident = an_incident(by=alice)
    group = groups.create_group(by=COMMAND_LINE, name="Leads", people=[bob, carol])
    assign("engineering_lead", f"group:{group.id}", f"rotation:{a_rotation(carol).id}")
    assign("cto", "role:engineering_lead", f"person:{ALICE}")

    assert names(oncall.people_of_word(incident, "role:cto")) == ["Bob", "Carol", "Alice"]
    assert names(oncall.people_of_word(incident, "responders")) == ["Alice", "Bob", "Carol"]
    assert names(oncall.people_of_word(incident, "any_responder")) == ["Alice"]
    bob.disabled_at = carol.disabled_at = utc("2026-11-23T00:00")
    assert names(oncall.people_of_word(incident, "role:cto")) == ["Alice"]
    assert oncall.people_of_word(incident, f"group:{group.id}") == []
    for word in ("role:nobody", "rotation:99", "group:99", "person:x@example.com"):
        assert oncall.people_of_word(incident, word) == []


def test_a_gap_means_nobody_and_the_next_level_is_told_at_once(
    alice: Person, bob: Person, outgoing: Outgoing, clock: WoundClock
) -> None:
    assign("on_call_engineer", f"rotation:{a_rotation(alice, weekdays=[4]).id}")
    assign("engineering_lead", f"person:{BOB}")

    an_incident(by=COMMAND_LINE)
    run_due_jobs()

    assert outgoing.destinations == [BOB]


def test_everybody_in_the_group_disabled_is_nobody_and_does_not_hold_up_the_next(
    alice: Person, bob: Person, outgoing: Outgoing
) -> None:
    group = groups.create_group(by=COMMAND_LINE, name="Leads", people=[alice])
    assign("on_call_engineer", f"group:{group.id}")
    assign("engineering_lead", f"person:{BOB}")
    people.disable(alice, by=COMMAND_LINE)

    an_incident(by=COMMAND_LINE)
    run_due_jobs()

    assert outgoing.destinations == [BOB]


def test_a_policy_may_name_a_rotation_and_a_group_and_only_those_that_are_there(alice: Person) -> None:
    rotation = a_rotation(alice)

    levels = matrix.change_levels(
        "P1", by=COMMAND_LINE, levels=[{"after_minutes": 0, "tell": [f"rotation:{rotation.id}", "any_responder"]}]
    )
    assert levels[0].tell == (f"rotation:{rotation.id}", "any_responder")
    with pytest.raises(Malformed, match="There is no group 5"):
        matrix.change_levels("P1", by=COMMAND_LINE, levels=[{"after_minutes": 0, "tell": ["group:5"]}])


# -- standing -------------------------------------------------------------------------------------------------------


def test_standing_says_who_until_when_and_who_is_next(alice: Person, bob: Person, clock: WoundClock) -> None:
    assign("on_call_engineer", f"rotation:{a_rotation(alice, bob).id}")

    first, lead, _cto = oncall.standing(clock())

    assert (first.role, first.label, first.person) == ("on_call_engineer", "On-call engineer", alice)
    assert (first.until, first.next) == (utc("2026-11-23T09:00"), bob)
    assert (lead.person, lead.until, lead.next, lead.is_assigned) == (None, None, None, False)


def test_somebody_alone_in_a_rotation_is_on_call_without_an_end(alice: Person, clock: WoundClock) -> None:
    assign("on_call_engineer", f"rotation:{a_rotation(alice).id}")

    first, *_others = oncall.standing(clock())

    assert (first.person, first.until, first.next) == (alice, None, None)


def test_somebody_disabled_while_on_call_leaves_a_gap_that_says_who_it_would_be(
    alice: Person, bob: Person, clock: WoundClock
) -> None:
    rotation = a_rotation(alice, bob)
    assign("on_call_engineer", f"rotation:{rotation.id}")
    people.disable(alice, by=COMMAND_LINE)
    db.session.commit()

    first, *_others = oncall.standing(clock())
    assert (first.person, first.absent, first.next) == (None, "Alice", bob)

    found = oncall.shifts(rotation, since=utc("2026-11-22T12:00"), until=utc("2026-11-23T12:00"))
    # before the account was closed she was on call, and history says so
    assert [(each.starts_at, each.person, each.absent) for each in found] == [
        (utc("2026-11-22T12:00"), alice.id, ""),
        (utc("2026-11-23T02:14"), None, "Alice"),
        (utc("2026-11-23T09:00"), bob.id, ""),
    ]


def test_an_archived_rotation_answers_for_nobody_and_cannot_be_changed(alice: Person, clock: WoundClock) -> None:
    rotation = a_rotation(alice)
    rotations.archive_rotation(rotation, by=COMMAND_LINE)

    assert oncall.on_call_at(rotation, clock()) is None
    with pytest.raises(NotAllowed, match="Primary is archived"):
        rotations.change_rotation(rotation, by=COMMAND_LINE, name="Other")
    with pytest.raises(NotAllowed, match="Primary is archived"):
        overrides.add_override(
            rotation, by=COMMAND_LINE, person=alice, starts_at=clock(), ends_at=clock() + timedelta(hours=1)
        )


# -- hand-overs -----------------------------------------------------------------------------------------------------


@pytest.fixture
def turning(alice: Person, bob: Person, clock: WoundClock) -> Rotation:
    """Alice, then Bob from 09:00 on Monday; who is on call at the beginning was told."""
    rotation = a_rotation(alice, bob)
    jobs.announce_hand_overs()
    assert letters("handover") == [(ALICE, "You are on call now: Primary")]
    return rotation


def test_a_hand_over_is_told_to_both_once(turning: Rotation, clock: WoundClock) -> None:
    clock.set(utc("2026-11-23T08:59:59"))
    jobs.announce_hand_overs()
    assert len(letters("handover")) == 1

    clock.set(utc("2026-11-23T09:00:00"))
    jobs.announce_hand_overs()
    jobs.announce_hand_overs()
    clock.forward(minutes=20)
    jobs.announce_hand_overs()

    assert letters("handover")[1:] == [
        (BOB, "You are on call now: Primary"),
        (ALICE, "Your shift has ended: Primary"),
    ]
    to_bob, to_alice = texts("handover")[1:]
    assert "You are on call for Primary until Tue 24 Nov, 09:00 UTC. Before you: Alice." in to_bob
    assert "No incident is open." in to_bob
    assert "late" not in to_bob
    assert "You are no longer on call for Primary. Bob is on call now." in to_alice


def test_open_incidents_are_handed_along_in_one_line_each_and_hidden_ones_are_not(
    turning: Rotation, alice: Person, clock: WoundClock
) -> None:
    an_incident(by=alice, title="Checkout fails")
    an_incident(by=alice, title="Slow search", severity="P3")
    an_incident(by=alice, title="A leak", is_security=True)
    an_incident(by=alice, title="Exercise", is_drill=True)
    over = an_incident(by=alice, title="Long over")
    actions.resolve(over, by=alice.as_actor(), summary="Done.", reason="It is over")
    clock.set(utc("2026-11-23T09:00"))

    jobs.announce_hand_overs()

    (to_bob,) = [text for text in texts("handover") if "Before you: Alice" in text]
    assert "Open incidents:\nINC-1 (P1) Checkout fails\nINC-2 (P3) Slow search\n\n" in to_bob


def test_after_downtime_there_is_one_message_a_person_that_says_how_late(turning: Rotation, clock: WoundClock) -> None:
    clock.set(utc("2026-11-25T10:30"))  # three hand-overs were missed

    jobs.announce_hand_overs()
    jobs.announce_hand_overs()

    assert letters("handover")[1:] == [
        (BOB, "You are on call now: Primary"),
        (ALICE, "Your shift has ended: Primary"),
    ]
    assert "Before you: Alice." in texts("handover")[1]
    assert "This message is 90 min late: Sevenbells was not running at the hand-over." in texts("handover")[1]


def test_whoever_is_on_call_again_after_downtime_is_told_so(turning: Rotation, clock: WoundClock) -> None:
    clock.set(utc("2026-11-24T09:02"))  # Bob had a day in between

    jobs.announce_hand_overs()
    jobs.announce_hand_overs()

    assert letters("handover")[1:] == [(ALICE, "You are on call now: Primary")]
    assert "Before you: Bob." in texts("handover")[1]


def test_a_clock_that_is_set_back_over_a_hand_over_tells_nothing_again(turning: Rotation, clock: WoundClock) -> None:
    clock.set(utc("2026-11-23T09:00:30"))
    jobs.announce_hand_overs()
    told = letters("handover")

    clock.back(hours=1)
    jobs.announce_hand_overs()
    clock.forward(minutes=30)
    jobs.announce_hand_overs()
    clock.forward(minutes=45)
    jobs.announce_hand_overs()

    assert letters("handover") == told


def test_a_clock_two_hours_fast_and_then_right_again_tells_each_hand_over_once(
    turning: Rotation, clock: WoundClock
) -> None:
    clock.set(utc("2026-11-23T08:30"))
    clock.forward(hours=2)
    jobs.announce_hand_overs()
    told = letters("handover")
    assert (BOB, "You are on call now: Primary") in told

    clock.back(hours=2)
    for _step in range(6):
        jobs.announce_hand_overs()
        clock.forward(minutes=30)

    assert letters("handover") == told


def test_a_clock_that_was_a_year_ahead_does_not_silence_what_comes(turning: Rotation, clock: WoundClock) -> None:
    right = clock()
    clock.set(utc("2027-11-23T12:00"))
    jobs.announce_hand_overs()
    clock.set(right)
    jobs.announce_hand_overs()
    clock.set(utc("2026-11-23T09:00"))
    jobs.announce_hand_overs()

    assert letters("handover/1/20261123T090000/on") == [(BOB, "You are on call now: Primary")]


def test_two_clocks_at_once_tell_a_hand_over_once(turning: Rotation, clock: WoundClock) -> None:
    """The second begins from what stood before the first had committed."""
    before = (turning.announced_until, turning.announced_id)
    clock.set(utc("2026-11-23T09:00"))
    jobs.announce_hand_overs()
    told = letters("handover")

    turning.announced_until, turning.announced_id = before
    db.session.commit()
    jobs.announce_hand_overs()

    assert letters("handover") == told


def test_an_override_made_on_the_spot_is_a_hand_over_too(turning: Rotation, carol: Person, clock: WoundClock) -> None:
    clock.forward(hours=1)
    overrides.add_override(
        turning, by=COMMAND_LINE, person=carol, starts_at=utc("2026-11-23T02:00"), ends_at=utc("2026-11-23T06:00")
    )
    jobs.announce_hand_overs()
    clock.set(utc("2026-11-23T06:00"))
    jobs.announce_hand_overs()

    assert letters("handover")[1:] == [
        (CAROL, "You are on call now: Primary"),
        (ALICE, "Your shift has ended: Primary"),
        (ALICE, "You are on call now: Primary"),
        (CAROL, "Your shift has ended: Primary"),
    ]
    # it lay in the past when it was made: nobody is late
    assert not any("late" in text for text in texts("handover"))


def test_a_cover_whose_beginning_has_passed_begins_now_and_leaves_history_as_it_was(
    alice: Person, carol: Person, clock: WoundClock
) -> None:
    rotation = a_rotation(alice)
    clock.forward(minutes=20)

    made = overrides.add_override(
        rotation,
        by=COMMAND_LINE,
        person=carol,
        starts_at=clock() - timedelta(days=60),
        ends_at=clock() + timedelta(hours=4),
    )

    assert made.starts_at == clock()
    assert oncall.on_call_at(rotation, clock() - timedelta(minutes=1)) is alice
    assert oncall.on_call_at(rotation, clock()) is carol


def test_a_person_disabled_while_on_call_is_said_to_admins(turning: Rotation, alice: Person, clock: WoundClock) -> None:
    a_person("Root", role="admin")
    people.disable(alice, by=COMMAND_LINE)
    db.session.commit()

    jobs.announce_hand_overs()
    jobs.announce_hand_overs()

    assert letters("handover")[1:] == [("root@example.com", "Nobody is on call: Primary")]
    assert "It would be Alice, who has no active account here." in texts("handover")[1]


def test_a_planned_gap_is_told_to_whoever_goes_off_alone(alice: Person, clock: WoundClock) -> None:
    a_person("Root", role="admin")
    a_rotation(alice, hours=("00:00", "08:00"), at="00:00")
    jobs.announce_hand_overs()
    clock.set(utc("2026-11-23T08:00"))

    jobs.announce_hand_overs()

    assert letters("handover")[1:] == [(ALICE, "Your shift has ended: Primary")]
    assert "Nobody is on call now." in texts("handover")[1]


def test_a_rotation_that_is_told_not_to_announce_keeps_silent_and_begins_anew(
    turning: Rotation, clock: WoundClock
) -> None:
    rotations.change_rotation(turning, by=COMMAND_LINE, announces=False)
    clock.set(utc("2026-11-23T09:30"))
    jobs.announce_hand_overs()
    rotations.change_rotation(turning, by=COMMAND_LINE, announces=True)
    jobs.announce_hand_overs()
    assert len(letters("handover")) == 1

    clock.set(utc("2026-11-24T09:00"))
    jobs.announce_hand_overs()

    assert letters("handover")[1:] == [
        (ALICE, "You are on call now: Primary"),
        (BOB, "Your shift has ended: Primary"),
    ]


# -- swaps ----------------------------------------------------------------------------------------------------------

TUESDAY = {"starts_at": utc("2026-11-24T09:00"), "ends_at": utc("2026-11-25T09:00")}  # Alice's
MONDAY = (utc("2026-11-23T09:00"), utc("2026-11-24T09:00"))  # Bob's


def ask(rotation: Rotation, by: Person, **more: Any) -> ShiftSwap:
    swap = swaps.ask(rotation, by=by, **{**TUESDAY, **more})
    db.session.commit()
    return swap


def test_who_is_put_on_call_and_who_is_relieved_hear_of_a_cover_and_of_its_end(
    alice: Person, bob: Person, carol: Person
) -> None:
    rotation = a_rotation(alice, bob)
    since, until = utc("2026-11-24T02:00"), utc("2026-11-24T06:00")

    cover = overrides.add_override(
        rotation, by=alice.as_actor(), person=carol, reason="Flight", starts_at=since, ends_at=until
    )

    assert letters("cover") == [(CAROL, "Carol covers a shift: Primary"), (BOB, "Carol covers a shift: Primary")]
    assert (
        "Alice put Carol on call for Primary from Tue 24 Nov, 02:00 UTC to Tue 24 Nov, 06:00 UTC, not Bob."
        in texts("cover")[0]
    )
    assert "Reason: Flight" in texts("cover")[0]

    overrides.remove_override(cover, by=carol.as_actor())

    assert letters("cover")[2:] == [(BOB, "Carol no longer covers a shift: Primary")]
    assert (
        "Carol took a cover back: Carol does not take Primary from Tue 24 Nov, 02:00 UTC to Tue 24 Nov, 06:00 UTC."
        in texts("cover")[2]
    )


def test_who_covers_a_gap_on_their_own_account_is_told_nothing(alice: Person, carol: Person) -> None:
    rotation = a_rotation(alice, weekdays=[4])
    overrides.add_override(
        rotation, by=carol.as_actor(), person=carol, starts_at=MONDAY[0], ends_at=MONDAY[0] + timedelta(hours=2)
    )

    assert letters("cover") == []


def test_a_swap_with_a_shift_in_return_makes_both_overrides_and_tells_both(alice: Person, bob: Person) -> None:
    rotation = a_rotation(alice, bob)
    swap = ask(rotation, alice, to=bob, in_return=MONDAY, note="Dentist")
    assert letters("swap") == [(BOB, "Alice asks for a swap: Primary")]
    asked = texts("swap")[0]
    assert "Alice asks you to be on call for Primary from Tue 24 Nov, 09:00 UTC to Wed 25 Nov, 09:00 UTC." in asked
    assert "In return Alice takes Mon 23 Nov, 09:00 UTC to Tue 24 Nov, 09:00 UTC." in asked
    assert "Alice says: Dentist" in asked

    swaps.accept(swap, by=bob)

    found = oncall.shifts(rotation, since=MONDAY[0], until=TUESDAY["ends_at"])
    assert [each.person for each in found] == [alice.id, bob.id]
    subject = "Swap agreed: Bob takes a shift of Alice"
    assert letters("swap")[1:] == [(ALICE, subject), (BOB, subject)]
    made = db.session.scalars(select(Override)).all()
    assert [(each.by_name, each.swap_id) for each in made] == [("Bob", swap.id), ("Bob", swap.id)]


def test_the_second_to_accept_sees_that_it_is_taken(alice: Person, bob: Person, carol: Person) -> None:
    swap = ask(a_rotation(alice, bob, carol), alice, starts_at=utc("2026-11-25T09:00"), ends_at=utc("2026-11-26T09:00"))
    assert {to for to, _subject in letters("swap")} == {BOB, CAROL}
    swaps.accept(swap, by=carol)

    with pytest.raises(NotAllowed, match="Carol has taken this shift"):
        swaps.accept(swap, by=bob)

    assert len(db.session.scalars(select(Override)).all()) == 1


def test_only_whom_it_was_asked_of_can_answer_and_nobody_takes_their_own(
    alice: Person, bob: Person, carol: Person
) -> None:
    swap = ask(a_rotation(alice, bob), alice, to=bob)

    with pytest.raises(NotAllowed, match="This was asked of Bob"):
        swaps.accept(swap, by=carol)
    with pytest.raises(NotAllowed, match="This is your own shift"):
        swaps.accept(swap, by=alice)
    with pytest.raises(NotAllowed, match="Only whoever asked can take this back"):
        swaps.withdraw(swap, by=bob)


def test_a_refusal_and_a_withdrawal_are_told_and_end_it(alice: Person, bob: Person) -> None:
    rotation = a_rotation(alice, bob)
    swaps.decline(ask(rotation, alice, to=bob), by=bob)
    assert letters("swap")[1:] == [(ALICE, "No swap: you keep your shift in Primary")]
    assert "Bob said no. You are on call for Primary from Tue 24 Nov, 09:00 UTC" in texts("swap")[1]

    second = ask(rotation, alice, to=bob)
    swaps.withdraw(second, by=alice)

    assert letters("swap")[3:] == [(BOB, "Alice no longer asks for a swap: Primary")]
    with pytest.raises(NotAllowed, match="This was taken back"):
        swaps.accept(second, by=bob)


def test_a_swap_lapses_when_its_shift_begins_and_is_asked_again_the_day_before(
    alice: Person, bob: Person, clock: WoundClock
) -> None:
    clock.set(utc("2026-11-22T12:00"))
    swap = ask(a_rotation(alice, bob), alice, to=bob)
    clock.set(utc("2026-11-23T08:59"))
    jobs.settle_swaps()
    assert len(letters("swap")) == 1

    clock.forward(minutes=1)
    jobs.settle_swaps()
    jobs.settle_swaps()
    assert letters("swap")[1:] == [(BOB, "Still open: Alice asks for a swap: Primary")]

    clock.set(utc("2026-11-24T09:00"))
    jobs.settle_swaps()
    jobs.settle_swaps()

    assert swap.state == "lapsed"
    assert letters("swap")[2:] == [(ALICE, "No swap: you keep your shift in Primary")]
    with pytest.raises(NotAllowed, match="This shift has begun"):
        swaps.accept(swap, by=bob)


def test_what_was_asked_within_the_day_needs_no_reminder(alice: Person, bob: Person, clock: WoundClock) -> None:
    clock.set(utc("2026-11-23T12:00"))
    ask(a_rotation(alice, bob), alice, to=bob)
    clock.forward(hours=20)

    jobs.settle_swaps()

    assert len(letters("swap")) == 1


@pytest.mark.parametrize(
    ("more", "field", "sentence"),
    [
        ({"starts_at": utc("2026-11-23T09:00"), "ends_at": utc("2026-11-24T09:00")}, "starts_at", "You are not on call for Primary then."),
        ({"starts_at": utc("2026-11-22T09:00")}, "starts_at", "It has begun. Put somebody on call with an override instead."),
        ({"ends_at": utc("2026-11-24T09:00")}, "ends_at", "It ends before it begins."),
        ({"to": "alice"}, "to", "Ask somebody else."),
        ({"in_return": MONDAY}, "return", "Ask one colleague for a shift in return."),
        ({"to": "bob", "in_return": (utc("2026-11-24T09:00"), utc("2026-11-25T09:00"))}, "return", "Bob is not on call for Primary then."),
        ({"note": "x" * 301}, "note", "Use at most 300 characters."),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_swap_is_said_at_its_field(
    alice: Person, bob: Person, more: dict[str, Any], field: str, sentence: str
) -> None:
    rotation = a_rotation(alice, bob)
    named = {"alice": alice, "bob": bob}
    given = {**TUESDAY, **more, **({"to": named[more["to"]]} if "to" in more else {})}

    with pytest.raises(Malformed) as refused:
        swaps.ask(rotation, by=alice, **given)

    assert refused.value.fields == {field: sentence}


def test_a_shift_in_return_that_is_no_longer_theirs_cannot_be_given(
    alice: Person, bob: Person, carol: Person, clock: WoundClock
) -> None:
    rotation = a_rotation(alice, bob)
    swap = ask(rotation, alice, to=bob, in_return=MONDAY)
    overrides.add_override(rotation, by=COMMAND_LINE, person=carol, starts_at=MONDAY[0], ends_at=MONDAY[1])

    with pytest.raises(NotAllowed, match="You are not on call any more"):
        swaps.accept(swap, by=bob)

    assert swap.state == "open"
