"""Moving through the steps; resolving with one question, reopening, merging, and the last step in plain text."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, request
from flask.typing import ResponseReturnValue

from .. import actions
from ..access import Role, actor, may, me
from ..access.visibility import find_incident
from ..actions import steps as step_actions
from ..actions.resolve import causes
from ..kernel.database import db
from ..kernel.errors import Malformed, Refusal
from ..policy.lifecycle import ANSWERED_BY_NOTE, NEXT, PURPOSES, STEPS, Move, Requirement, Step, kind_of_move
from ..published import publishing
from ..records.incidents import Incident
from . import page_state
from .incident_pages import form_page, load, load_to_act, refused, text, to_room

bp = Blueprint("console_stepping", __name__, url_prefix="/console/incidents/<ref>")

_ASKED_AS = {
    Requirement.IMPACT: (
        "Who is affected, in words?",
        "Number of users or requests, what they notice. For colleagues.",
    ),
    Requirement.ATTEMPT: ("What is being tried?", "The temporary fix, in a sentence."),
    Requirement.POSTMORTEM: ("What was learnt?", "What broke, for how long, why, what changes."),
    Requirement.RESOLUTION_SUMMARY: ("What resolved it?", "A sentence or two. Internal."),
}


@bp.get("/steps")
@may(Role.RESPONDER)
def ask_step(ref: str) -> ResponseReturnValue:
    """What the step asks for and is missing; without ``?step`` the seven to choose from."""
    incident = load(ref)
    return form_page("console/step.html", incident, **_step_facts(incident, request.args.get("step", "")))


@bp.post("/steps")
@may(Role.RESPONDER)
def move(ref: str) -> ResponseReturnValue:
    """Enter a step; a reason overrides what is missing."""
    incident = load_to_act(ref)
    try:
        if "components_none" in request.form:
            actions.set_components(incident, {}, by=actor())
        if text("step") == Step.POSTMORTEM and not incident.is_open:
            actions.write_postmortem(incident, by=actor(), body=text("note"))
        else:
            actions.advance(
                incident,
                to=text("step"),
                by=actor(),
                note=text("note") or None,
                reason=text("reason") or None,
                in_place=bool(text("in_place")),
            )
    except Refusal as refusal:
        facts = _step_facts(load(ref), text("step"))
        return refused("console/step.html", ref, refusal, **facts)
    db.session.commit()
    return to_room(incident)


@bp.get("/resolution")
@may(Role.RESPONDER)
def ask_resolution(ref: str) -> ResponseReturnValue:
    """One question that states the consequence."""
    incident = load(ref)
    return form_page("console/resolution.html", incident, **_resolution_facts(incident))


@bp.post("/resolution")
@may(Role.RESPONDER)
def resolve(ref: str) -> ResponseReturnValue:
    """End the incident."""
    incident = load_to_act(ref)
    try:
        actions.resolve(
            incident,
            by=actor(),
            summary=text("summary"),
            public_body=text("public_body") or None,
            cause=text("cause") or None,
            outcome=text("outcome") or "resolved",
            reason=text("reason") or None,
        )
    except Refusal as refusal:
        return refused("console/resolution.html", ref, refusal, **_resolution_facts(load(ref)))
    db.session.commit()
    flash(f"{incident.ref} is over")
    return to_room(incident)


@bp.get("/reopening")
@may(Role.RESPONDER)
def ask_reopening(ref: str) -> ResponseReturnValue:
    """Why it is not over, and what the public hears."""
    incident = load(ref)
    return form_page("console/reopening.html", incident, steps=_before_the_end(), is_public=_is_public(incident))


@bp.post("/reopening")
@may(Role.RESPONDER)
def reopen(ref: str) -> ResponseReturnValue:
    """A new cycle begins now."""
    incident = load_to_act(ref)
    try:
        if _is_public(incident) and not text("public_body") and not text("say_nothing"):
            raise Malformed({"public_body": "Tell the public that it goes on, or tick that you say nothing."})
        body = None if text("say_nothing") else text("public_body") or None
        actions.reopen(
            incident, by=actor(), reason=text("reason"), public_body=body, to=text("step") or Step.INVESTIGATION
        )
    except Refusal as refusal:
        facts = {"steps": _before_the_end(), "is_public": _is_public(load(ref))}
        return refused("console/reopening.html", ref, refusal, **facts)
    db.session.commit()
    return to_room(incident)


@bp.get("/merge")
@may(Role.RESPONDER)
def ask_merge(ref: str) -> ResponseReturnValue:
    """Into which one."""
    return form_page("console/merge.html", load(ref))


@bp.post("/merge")
@may(Role.RESPONDER)
def merge(ref: str) -> ResponseReturnValue:
    """This trouble is the other one."""
    incident = load_to_act(ref)
    into = find_incident(text("into"), me(), for_writing=True)
    try:
        if into is None:
            raise Malformed({"into": "There is no such incident. Write its number, such as INC-7."})
        actions.merge(incident, into=into, by=actor())
    except Refusal as refusal:
        return refused("console/merge.html", ref, refusal)
    db.session.commit()
    return to_room(into)


@bp.get("/postmortem")
@may(Role.RESPONDER)
def ask_postmortem(ref: str) -> ResponseReturnValue:
    """The seventh step as a plain text, or a reason why none is needed."""
    return form_page("console/postmortem.html", load(ref))


@bp.post("/postmortem")
@may(Role.RESPONDER)
def write_postmortem(ref: str) -> ResponseReturnValue:
    """Write it, or waive it; either closes the incident."""
    incident = load_to_act(ref)
    try:
        if text("act") == "waive":
            actions.waive_postmortem(incident, by=actor(), reason=text("reason"))
        else:
            actions.write_postmortem(incident, by=actor(), body=text("body"))
    except Refusal as refusal:
        return refused("console/postmortem.html", ref, refusal)
    db.session.commit()
    return to_room(incident)


def _step_facts(incident: Incident, word: str) -> dict[str, Any]:
    here = Step(incident.step)
    target = Step(word) if word in [*STEPS] else None
    if target is None:
        return {
            "target": None,
            "missing": (),
            "purposes": PURPOSES,
            "steps": [each for each in STEPS if each is not here],
        }
    missing = step_actions.missing_for(incident, target)
    asked = ANSWERED_BY_NOTE.get(target)
    label, hint = (
        _ASKED_AS[asked] if asked in _ASKED_AS and (asked in missing or target is Step.POSTMORTEM) else (None, None)
    )
    needs_reason = kind_of_move(here, target, resolved=not incident.is_open) in (Move.SKIP, Move.BACK, Move.REOPEN)
    return {
        "target": target,
        "missing": missing,
        "others": [each for each in missing if each not in (asked, Requirement.REASON)],
        "note_label": label,
        "note_hint": hint,
        "needs_reason": needs_reason,
        "purposes": PURPOSES,
        "steps": [],
    }


def _resolution_facts(incident: Incident) -> dict[str, Any]:
    here = Step(incident.step)
    published = publishing.find(incident.id)
    troubled = [
        (component.name, status)
        for component, status in page_state.shown_components()
        if component.public_id in page_state.published_impact(incident.id) and status != "operational"
    ]
    return {
        "causes": causes(),
        "published": published,
        "troubled": troubled if published else [],
        "skips": NEXT[here] is not Step.RESOLUTION,
    }


def _before_the_end() -> list[tuple[str, str]]:
    return [(step.value, step.label) for step in STEPS if step.number < Step.RESOLUTION.number]


def _is_public(incident: Incident) -> bool:
    return publishing.find(incident.id) is not None
