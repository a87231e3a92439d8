"""Notes, decisions, corrections, and the facts of an incident: title, impact, times, components, relations."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import Blueprint, request
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from werkzeug.exceptions import NotFound

from .. import actions
from ..access import Role, actor, may, me
from ..access.visibility import find_incident
from ..actions import components as component_actions
from ..actions import journal
from ..actions.notes import CORRECTABLE_WORDS
from ..actions.relations import KINDS, relations_of
from ..kernel.database import db
from ..kernel.errors import Malformed, Refusal
from ..published.components import all_components
from ..records.incidents import Incident
from ..records.timeline import TimelineCorrection, TimelineEntry
from . import standing
from .composer import COMPONENT_WORDS
from .formats import local_input
from .incident_pages import (
    chosen_components,
    form_page,
    load,
    load_to_act,
    refused,
    text,
    time_of,
    to_room,
    version_seen,
)

bp = Blueprint("console_writing", __name__, url_prefix="/console/incidents/<ref>")


@bp.get("/notes")
@may(Role.RESPONDER)
def ask_note(ref: str) -> ResponseReturnValue:
    """A note or decision with its time and link."""
    return form_page("console/note.html", load(ref))


@bp.post("/notes")
@may(Role.RESPONDER)
def add_note(ref: str) -> ResponseReturnValue:
    """Write an internal line; it is no update and resets no clock."""
    incident = load_to_act(ref)
    try:
        kind = "decision" if text("kind") == "decision" else "note"
        actions.add_note(incident, by=actor(), body=text("body"), kind=kind, at=time_of("at"), link=text("link"))  # type: ignore[arg-type]
    except Refusal as refusal:
        return refused("console/note.html", ref, refusal)
    db.session.commit()
    return to_room(incident)


@bp.get("/timeline/<int:entry_id>")
@may(Role.RESPONDER)
def ask_correction(ref: str, entry_id: int) -> ResponseReturnValue:
    """One entry, to correct; the original is kept."""
    incident = load(ref)
    return form_page("console/entry.html", incident, **_entry_facts(_entry(incident, entry_id)))


@bp.post("/timeline/<int:entry_id>")
@may(Role.RESPONDER)
def correct(ref: str, entry_id: int) -> ResponseReturnValue:
    """Mend its text or its time."""
    incident = load_to_act(ref)
    entry = _entry(incident, entry_id)
    try:
        body = text("body") if entry.kind in CORRECTABLE_WORDS else None
        at = time_of("at")
        # the field knows no seconds: left as it was, it means what is stored
        unchanged = at is not None and local_input(at) == local_input(entry.at)
        actions.correct_entry(entry, incident, by=actor(), body=body, at=None if unchanged else at)
    except Refusal as refusal:
        return refused("console/entry.html", ref, refusal, **_entry_facts(_entry(load(ref), entry_id)))
    db.session.commit()
    return to_room(incident)


@bp.get("/facts")
@may(Role.RESPONDER)
def ask_facts(ref: str) -> ResponseReturnValue:
    """Title, impact in words, and when it began."""
    return form_page("console/facts.html", load(ref))


@bp.post("/facts")
@may(Role.RESPONDER)
def change_facts(ref: str) -> ResponseReturnValue:
    """Change them; whoever saw an older incident sees both texts and decides."""
    incident = load_to_act(ref)
    try:
        changed = _changed(incident)
        if changed:
            journal.expect_version(incident, version_seen(), theirs=changed)
        if "title" in changed:
            actions.rename(incident, title=text("title"), by=actor())
        if "impact" in changed and text("impact"):
            actions.describe_impact(incident, impact=text("impact"), by=actor())
        detected_at, impact_started_at = (
            _moved("detected_at", incident.detected_at),
            _moved("impact_started_at", incident.impact_started_at),
        )
        actions.correct_times(incident, by=actor(), detected_at=detected_at, impact_started_at=impact_started_at)
    except Refusal as refusal:
        return refused("console/facts.html", ref, refusal)
    db.session.commit()
    return to_room(incident)


@bp.get("/components")
@may(Role.RESPONDER)
def ask_components(ref: str) -> ResponseReturnValue:
    """Which components are affected, as the team sees it."""
    incident = load(ref)
    return form_page("console/incident_components.html", incident, **_component_facts(incident))


@bp.post("/components")
@may(Role.RESPONDER)
def set_components(ref: str) -> ResponseReturnValue:
    """Say so; the public hears of it with the next update."""
    incident = load_to_act(ref)
    try:
        actions.set_components(incident, chosen_components(), by=actor())
    except Refusal as refusal:
        return refused("console/incident_components.html", ref, refusal, **_component_facts(load(ref)))
    db.session.commit()
    return to_room(incident)


@bp.get("/relations")
@may(Role.RESPONDER)
def ask_relation(ref: str) -> ResponseReturnValue:
    """What it belongs to."""
    incident = load(ref)
    return form_page("console/relations.html", incident, **_relation_facts(incident))


@bp.post("/relations")
@may(Role.RESPONDER)
def relate(ref: str) -> ResponseReturnValue:
    """Relate it to another, or take a relation back."""
    incident = load_to_act(ref)
    try:
        if request.form.get("remove"):
            _unrelate(incident, text("remove"))
        else:
            other = find_incident(text("to"), me())
            if other is None:
                raise Malformed({"to": "There is no such incident. Write its number, such as INC-7."})
            actions.relate(incident, to=other, kind=text("kind"), by=actor())
    except Refusal as refusal:
        return refused("console/relations.html", ref, refusal, **_relation_facts(load(ref)))
    db.session.commit()
    return to_room(incident)


def _entry(incident: Incident, entry_id: int) -> TimelineEntry:
    entry = db.session.get(TimelineEntry, entry_id) if entry_id < 2**31 else None
    if entry is None or entry.incident_id != incident.id:
        raise NotFound
    return entry


def _entry_facts(entry: TimelineEntry) -> dict[str, Any]:
    earlier = db.session.scalars(
        select(TimelineCorrection).where(TimelineCorrection.entry_id == entry.id).order_by(TimelineCorrection.id.desc())
    ).all()
    return {"entry": entry, "has_words": entry.kind in CORRECTABLE_WORDS, "earlier": earlier}


def _changed(incident: Incident) -> dict[str, object]:
    """What the form wants to be different from what stands now, with what stands now."""
    standing_now: dict[str, object] = {"title": incident.title, "impact": incident.impact or ""}
    return {name: now for name, now in standing_now.items() if name in request.form and text(name) != now}


def _moved(field: str, known: datetime | None) -> datetime | None:
    given = time_of(field)
    return None if given is not None and local_input(given) == local_input(known) else given


def _component_facts(incident: Incident) -> dict[str, Any]:
    statuses = component_actions.statuses_of(incident)
    return {
        "components": [(each, statuses.get(each.public_id, "")) for each in all_components()],
        "words": {word: said for word, said in COMPONENT_WORDS.items() if word != "operational"},
    }


def _relation_facts(incident: Incident) -> dict[str, Any]:
    return {"kinds": list(KINDS.items()), "facts": standing.of(incident, me=me())}


def _unrelate(incident: Incident, number: str) -> None:
    for relation in relations_of(incident):
        if str(relation.id) == number:
            actions.unrelate(incident, relation=relation, by=actor())
