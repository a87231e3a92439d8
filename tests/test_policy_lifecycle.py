"""The seven steps: what each asks, what a move means, what it shows."""

from __future__ import annotations

from dataclasses import fields, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from incidents.policy.lifecycle import (
    ANSWERED_BY_NOTE,
    ASKS,
    NEXT,
    PUBLIC_STATUS_LABELS,
    PURPOSES,
    SENTENCES,
    STEP_LABELS,
    STEPS,
    Facts,
    Move,
    Outcome,
    PublicStatus,
    Requirement,
    State,
    Status,
    Step,
    default_public_status,
    kind_of_move,
    missing,
    missing_for_move,
    needs_reason,
    state_of,
    status_of,
)

steps = st.sampled_from(STEPS)
NOTHING = Facts(title=False, detected=False)
EVERYTHING = replace(NOTHING, **{field.name: True for field in fields(Facts)})


def test_the_seven_steps_stand_in_the_manuals_order() -> None:
    assert [step.value for step in STEPS] == [
        "detection",
        "triage",
        "communication",
        "investigation",
        "mitigation",
        "resolution",
        "postmortem",
    ]
    assert [step.number for step in STEPS] == [1, 2, 3, 4, 5, 6, 7]
    assert NEXT[Step.DETECTION] is Step.TRIAGE
    assert NEXT[Step.POSTMORTEM] is None


@pytest.mark.parametrize(
    ("step", "asked"),
    [
        (Step.DETECTION, ["title", "detected"]),
        (Step.TRIAGE, ["acknowledged"]),
        (Step.COMMUNICATION, ["severity_set", "impact", "components"]),
        (Step.INVESTIGATION, ["first_communication"]),
        (Step.MITIGATION, ["attempt"]),
        (Step.RESOLUTION, ["resolution_summary"]),
        (Step.POSTMORTEM, ["postmortem"]),
    ],
)
def test_each_step_asks_for_its_own_and_nothing_else(step: Step, asked: list[str]) -> None:
    assert list(missing(step, NOTHING)) == asked
    assert missing(step, EVERYTHING) == ()


def test_what_is_answered_is_not_asked_again() -> None:
    assert missing(Step.COMMUNICATION, Facts(impact=True)) == (Requirement.SEVERITY_SET, Requirement.COMPONENTS)


def test_one_step_forward_asks_only_for_the_next_step() -> None:
    assert kind_of_move(Step.TRIAGE, Step.COMMUNICATION) is Move.FORWARD
    assert missing_for_move(Step.TRIAGE, Step.COMMUNICATION, EVERYTHING) == ()
    assert missing_for_move(Step.INVESTIGATION, Step.MITIGATION, Facts()) == (Requirement.ATTEMPT,)


def test_skipping_asks_for_a_reason_and_names_what_was_passed_over() -> None:
    assert kind_of_move(Step.TRIAGE, Step.MITIGATION) is Move.SKIP
    assert missing_for_move(Step.TRIAGE, Step.MITIGATION, Facts(components=True)) == (
        Requirement.SEVERITY_SET,
        Requirement.IMPACT,
        Requirement.FIRST_COMMUNICATION,
        Requirement.ATTEMPT,
        Requirement.REASON,
    )
    assert missing_for_move(Step.TRIAGE, Step.MITIGATION, EVERYTHING) == (Requirement.REASON,)


def test_going_back_asks_for_a_reason_alone() -> None:
    assert kind_of_move(Step.MITIGATION, Step.TRIAGE) is Move.BACK
    assert missing_for_move(Step.MITIGATION, Step.TRIAGE, NOTHING) == (Requirement.REASON,)


@pytest.mark.parametrize("ended", [Step.RESOLUTION, Step.POSTMORTEM])
@pytest.mark.parametrize("target", STEPS[:5])
def test_going_back_across_resolution_is_reopening(ended: Step, target: Step) -> None:
    assert kind_of_move(ended, target) is Move.REOPEN


def test_an_incident_that_ended_at_an_early_step_is_reopened_too() -> None:
    assert kind_of_move(Step.TRIAGE, Step.INVESTIGATION, resolved=True) is Move.REOPEN


def test_from_post_mortem_back_to_resolution_reopens_nothing() -> None:
    assert kind_of_move(Step.POSTMORTEM, Step.RESOLUTION, resolved=True) is Move.BACK


@settings(deadline=None)
@given(steps, steps, st.booleans())
def test_only_the_next_step_and_the_present_one_need_no_reason(here: Step, there: Step, resolved: bool) -> None:
    move = kind_of_move(here, there, resolved=resolved)

    free = there is here or (NEXT[here] is there and not (resolved and there.number < Step.RESOLUTION.number))
    assert needs_reason(move) is not free
    assert (move is Move.SAME) is (here is there)


@settings(deadline=None)
@given(steps, steps, st.builds(Facts, **{field.name: st.booleans() for field in fields(Facts)}), st.booleans())
def test_what_stands_in_the_way_is_what_the_steps_on_the_way_ask_and_the_facts_lack(
    here: Step, there: Step, facts: Facts, resolved: bool
) -> None:
    asked = missing_for_move(here, there, facts, resolved=resolved)

    assert (Requirement.REASON in asked) is needs_reason(kind_of_move(here, there, resolved=resolved))
    for requirement in asked:
        if requirement is not Requirement.REASON:
            assert not facts.answer(requirement)
            assert any(requirement in ASKS[step] for step in STEPS[here.number : there.number])
    assert len(set(asked)) == len(asked)


def test_colleagues_are_told_one_of_three_words() -> None:
    assert [status_of(step) for step in STEPS] == [
        *[Status.INVESTIGATING] * 4,
        Status.MITIGATING,
        *[Status.RESOLVED] * 2,
    ]
    assert status_of(Step.MITIGATION) == "Mitigating"


def test_the_composer_offers_the_public_status_of_the_step() -> None:
    offered = [default_public_status(step) for step in STEPS]

    assert offered == [*["investigating"] * 4, "identified", "resolved", "resolved"]
    assert default_public_status(Step.MITIGATION, in_place=True) is PublicStatus.MONITORING
    assert default_public_status(Step.INVESTIGATION, in_place=True) is PublicStatus.INVESTIGATING
    assert default_public_status(Step.POSTMORTEM, rca_published=True) is PublicStatus.POSTMORTEM
    assert default_public_status(Step.RESOLUTION, rca_published=True) is PublicStatus.RESOLVED


def test_an_incident_is_open_until_its_outcome_and_closed_when_nothing_is_owed() -> None:
    assert state_of(outcome=None, owes_postmortem=True) is State.OPEN
    assert state_of(outcome=Outcome.RESOLVED, owes_postmortem=True) is State.RESOLVED
    assert state_of(outcome=Outcome.RESOLVED, owes_postmortem=True, postmortem_done=True) is State.CLOSED
    assert state_of(outcome=Outcome.RESOLVED, owes_postmortem=False) is State.CLOSED
    assert state_of(outcome=Outcome.RESOLVED, owes_postmortem=False, postmortem_begun=True) is State.RESOLVED
    assert state_of(outcome=Outcome.FALSE_ALARM, owes_postmortem=True) is State.CLOSED
    assert state_of(outcome=Outcome.MERGED, owes_postmortem=True) is State.CLOSED


def test_everything_has_words_for_a_person() -> None:
    assert set(SENTENCES) == set(Requirement)
    assert set(STEP_LABELS) == set(PURPOSES) == set(ASKS) == set(STEPS)
    assert set(PUBLIC_STATUS_LABELS) == set(PublicStatus)
    assert Step.POSTMORTEM.label == "Post-mortem"
    for sentence in (*SENTENCES.values(), *PURPOSES.values()):
        assert sentence.endswith(".")
        assert not set("!\N{EM DASH}") & set(sentence)


def test_a_note_answers_something_that_its_step_asks() -> None:
    for step, requirement in ANSWERED_BY_NOTE.items():
        assert requirement in ASKS[step]


def test_every_requirement_but_the_reason_is_a_fact_of_the_incident() -> None:
    assert {field.name for field in fields(Facts)} == {*Requirement} - {Requirement.REASON}
    assert not EVERYTHING.answer(Requirement.REASON)
