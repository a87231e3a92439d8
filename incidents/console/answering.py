"""Acknowledge and take that back, escalate by hand, judge the severity anew."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash
from flask.typing import ResponseReturnValue

from .. import actions
from ..access import Role, actor, may, me
from ..actions import matrix
from ..kernel.database import db
from ..kernel.errors import Refusal
from ..policy.durations import duration
from ..policy.escalation import TRIGGER_LABELS
from ..records.incidents import Incident
from . import standing
from .icons import sev
from .incident_pages import form_page, load, load_to_act, refused, text, to_room

bp = Blueprint("console_answering", __name__, url_prefix="/console/incidents/<ref>")

_TRIGGERS = [{"value": trigger, "text": label} for trigger, label in TRIGGER_LABELS.items()]


@bp.get("/acknowledgement")
@may(Role.RESPONDER)
def ask_acknowledgement(ref: str) -> ResponseReturnValue:
    """The button alone, for whoever comes from a letter; or the way to take an acknowledgement back."""
    return form_page("console/acknowledgement.html", load(ref))


@bp.post("/acknowledgement")
@may(Role.RESPONDER)
def acknowledge(ref: str) -> ResponseReturnValue:
    """Take the incident."""
    incident = load_to_act(ref)
    try:
        actions.acknowledge(incident, by=actor())
    except Refusal as refusal:
        return refused("console/acknowledgement.html", ref, refusal)
    db.session.commit()
    return to_room(incident)


@bp.post("/acknowledgement/withdrawal")
@may(Role.RESPONDER)
def take_back(ref: str) -> ResponseReturnValue:
    """Nobody has it after all: the escalation goes on."""
    incident = load_to_act(ref)
    try:
        actions.take_back_acknowledgement(incident, by=actor(), reason=text("reason"))
    except Refusal as refusal:
        return refused("console/acknowledgement.html", ref, refusal)
    db.session.commit()
    return to_room(incident)


@bp.get("/escalations")
@may(Role.RESPONDER)
def ask_escalation(ref: str) -> ResponseReturnValue:
    """Who would be called in, and why."""
    incident = load(ref)
    return form_page("console/escalation.html", incident, **_next_level(incident))


@bp.post("/escalations")
@may(Role.RESPONDER)
def escalate(ref: str) -> ResponseReturnValue:
    """Call in the next level."""
    incident = load_to_act(ref)
    try:
        told = actions.escalate(incident, by=actor(), reason=text("reason"), note=text("note"))
    except Refusal as refusal:
        return refused("console/escalation.html", ref, refusal, **_next_level(load(ref)))
    db.session.commit()
    flash(
        f"{len(told)} {'person was' if len(told) == 1 else 'people were'} called in" if told else "Nobody could be told"
    )
    return to_room(incident)


@bp.get("/severity")
@may(Role.RESPONDER)
def ask_severity(ref: str) -> ResponseReturnValue:
    """The four severities with what each demands of this incident."""
    incident = load(ref)
    return form_page("console/severity.html", incident, severities=_severities(incident))


@bp.post("/severity")
@may(Role.RESPONDER)
def change_severity(ref: str) -> ResponseReturnValue:
    """Judge it anew."""
    incident = load_to_act(ref)
    try:
        actions.change_severity(incident, to=text("severity"), by=actor(), reason=text("reason"))
    except Refusal as refusal:
        return refused("console/severity.html", ref, refusal, severities=_severities(load(ref)))
    db.session.commit()
    return to_room(incident)


def _next_level(incident: Incident) -> dict[str, Any]:
    rungs = standing.of(incident, me=me()).rungs
    return {"rung": next((rung for rung in rungs if not rung.was_told), None), "triggers": _TRIGGERS}


def _severities(incident: Incident) -> list[dict[str, object]]:
    rules = ((name, matrix.rule_of(incident, name)) for name in incident.rules["severities"])
    return [
        {"value": name, "mark": sev(name), "text": rule.examples, "right": duration(rule.respond_within)}
        for name, rule in rules
    ]
