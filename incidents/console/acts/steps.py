"""Moving through the seven steps: the form asks for what is missing, and a reason goes on all the same."""

from __future__ import annotations

from typing import Any

from flask import redirect, request
from flask.typing import ResponseReturnValue

from ... import actions
from ...access import Role, actor, may
from ...actions import steps as step_actions
from ...kernel.requests import is_reading
from ...policy.lifecycle import ANSWERED_BY_NOTE, PURPOSES, STEPS, Move, Requirement, Step, kind_of_move
from ...published.components import all_components
from ...records.incidents import Incident
from ..icons import sev
from ..incident_pages import chosen_components, text
from .asking import answer
from .blueprint import FORM, bp
from .components import WORDS
from .repeats import insist_on_sight

# how a step asks for the one text that it wants: label, hint
_QUESTIONS = {
    Requirement.IMPACT: ("Who is affected?", "How many users or requests, and what they notice. For colleagues."),
    Requirement.ATTEMPT: ("What is being tried?", "The temporary fix, in a sentence."),
    Requirement.RESOLUTION_SUMMARY: ("What resolved it?", "A sentence or two. For colleagues."),
    Requirement.POSTMORTEM: ("What was learnt?", "What broke, for how long, why, and what changes."),
}
_NO_UPDATE = ("Why is no update owed?", "Only when you skip the first update.")


@bp.route("/steps", methods=FORM)
@may(Role.RESPONDER)
def steps(ref: str) -> ResponseReturnValue:
    """The seven to choose from; with ``?step`` what that one asks for. ``in_place`` says that the fix works."""
    elsewhere = _form_of_its_own(request.args.get("step", ""))
    if is_reading() and elsewhere:
        return redirect(f"/console/incidents/{ref}/{elsewhere}")
    return answer(ref, "steps", facts=_facts, act=_move, beside={Requirement.REASON.value: "reason", "body": "note"})


def _form_of_its_own(step: str) -> str | None:
    return {Step.RESOLUTION.value: "resolution", Step.POSTMORTEM.value: "postmortem/edit"}.get(step)


def _move(incident: Incident) -> str | None:
    wanted, reason, note = text("step"), text("reason"), text("note")
    if wanted != incident.step:
        here = Step(incident.step).label
        insist_on_sight(incident, _seen(incident), f"It is at {here} now: somebody moved it meanwhile. Decide anew.")
        _take_answers(incident)
    elif text("in_place"):
        actions.mark_in_place(incident, by=actor())
        return None
    if wanted == Step.POSTMORTEM and note and not incident.is_open:
        actions.write_postmortem(incident, by=actor(), body=note)
        return None
    actions.advance(
        incident, to=wanted, by=actor(), note=note or None, reason=reason or None, in_place=bool(text("in_place"))
    )
    return None


def _take_answers(incident: Incident) -> None:
    """What the form answers besides the step's own question, each on the timeline as an act of its own."""
    if text("acknowledge") and not incident.is_acknowledged:
        actions.acknowledge(incident, by=actor())
    if text("severity"):
        actions.change_severity(incident, to=text("severity"), by=actor())
    if text("impact"):
        actions.describe_impact(incident, impact=text("impact"), by=actor())
    chosen = chosen_components()
    if chosen or text("none_affected"):
        actions.set_components(incident, chosen, by=actor())


def _facts(incident: Incident) -> dict[str, Any]:
    here = Step(incident.step)
    target = _target(incident)
    if target is None:
        return {"values": {"reason": ""}, "seen": _seen(incident), "target": None, "rows": _rows(incident)}
    missing = step_actions.missing_for(incident, target)
    move = kind_of_move(here, target, resolved=not incident.is_open)
    asked = ANSWERED_BY_NOTE.get(target)
    question = _QUESTIONS.get(asked) if asked in missing else None
    if target is Step.INVESTIGATION and Requirement.FIRST_COMMUNICATION in missing:
        question = _NO_UPDATE
    return {
        "values": {"step": target.value, "note": "", "reason": "", "severity": "", "impact": ""},
        "seen": _seen(incident),
        "target": target,
        "purpose": PURPOSES[target],
        "missing": [each for each in missing if each is not Requirement.REASON],
        "asks_impact": Requirement.IMPACT in missing and asked is not Requirement.IMPACT,
        "question": question,
        "needs_reason": move in (Move.SKIP, Move.BACK, Move.REOPEN),
        "move": move,
        "severities": [{"value": each, "mark": sev(each), "text": ""} for each in incident.rules["severities"]],
        "components": [(each, "") for each in all_components()],
        "component_words": WORDS,
    }


def _target(incident: Incident) -> Step | None:
    """The step that the address or the form names, unless it is the present one."""
    word = request.form.get("step") or request.args.get("step", "")
    return Step(word) if word in [*STEPS] and word != incident.step else None


def _rows(incident: Incident) -> list[dict[str, Any]]:
    """Every step with what moving there means."""
    here = Step(incident.step)
    return [
        {
            "step": step,
            "purpose": PURPOSES[step],
            "is_here": step is here,
            "word": _word(step, kind_of_move(here, step, resolved=not incident.is_open), is_open=incident.is_open),
            "address": _form_of_its_own(step) or f"steps?step={step}",
        }
        for step in STEPS
    ]


def _word(step: Step, move: Move, *, is_open: bool) -> str:
    """What the button beside a step says; nothing where there is no way."""
    if move is Move.SAME or (step is Step.POSTMORTEM and is_open):
        return ""
    if step.number >= Step.RESOLUTION.number and move is not Move.BACK:
        return {Step.RESOLUTION: "Resolve", Step.POSTMORTEM: "Write"}[step]
    return {Move.FORWARD: "Start", Move.SKIP: "Skip to it", Move.BACK: "Go back", Move.REOPEN: "Reopen"}[move]


def _seen(incident: Incident) -> str:
    """In plain words, because the room's button says it too."""
    return incident.step if incident.is_open else f"{incident.step}/{incident.outcome}"
