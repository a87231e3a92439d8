"""Action items beside the post-mortem: written down where what was learnt is."""

from __future__ import annotations

from datetime import date

from flask import Blueprint, flash, redirect
from flask.typing import ResponseReturnValue

from ...access import Role, actor, may
from ...actions import action_items
from ...kernel.database import db
from ...kernel.errors import Malformed, Refusal
from ...policy.action_items import Kind, Priority
from ...records.incidents import Incident
from ...records.people import Person, active_people
from ..incident_pages import form_page, load, load_to_act, text

bp = Blueprint("console_postmortem_items", __name__, url_prefix="/console/incidents/<ref>/postmortem/action-items")
KINDS = [(kind.value, kind.label) for kind in Kind]
PRIORITIES = [(priority.value, priority.label) for priority in Priority]


@bp.get("")
@may(Role.RESPONDER)
def show(ref: str) -> ResponseReturnValue:
    """The form alone."""
    return _page(load(ref))


@bp.post("")
@may(Role.RESPONDER)
def add(ref: str) -> ResponseReturnValue:
    """One more thing that is to be done."""
    incident = load_to_act(ref)
    try:
        action_items.add(
            incident,
            title=text("title"),
            kind=text("kind"),
            owner=_owner(),
            due_on=_day(),
            priority=text("priority") or Priority.NORMAL,
            link=text("link") or None,
            by=actor(),
            source="post-mortem",
        )
    except Refusal as refusal:
        db.session.rollback()
        return _page(load(ref), refusal=refusal)
    db.session.commit()
    flash("Written down")
    return redirect(f"/console/incidents/{incident.ref}/postmortem/edit#action-items", 303)


def owners() -> list[tuple[object, str]]:
    """Who may have it."""
    return [("", "Nobody yet"), *((person.id, person.name) for person in active_people(Role.RESPONDER))]


def _page(incident: Incident, *, refusal: Refusal | None = None) -> ResponseReturnValue:
    errors = {} if refusal is None else refusal.fields if isinstance(refusal, Malformed) else {"": refusal.sentence}
    return form_page(
        "console/postmortem/item.html",
        incident,
        errors=errors,
        status=refusal.status if refusal else 200,
        item_kinds=KINDS,
        item_priorities=PRIORITIES,
        owners=owners(),
    )


def _owner() -> Person | None:
    given = text("owner")
    if not given:
        return None
    person = db.session.get(Person, int(given)) if given.isascii() and given.isdigit() and len(given) < 10 else None
    if person is None:
        raise Malformed({"owner": "Choose who does it."})
    return person


def _day() -> date | None:
    given = text("due_on")
    try:
        return date.fromisoformat(given) if given else None
    except ValueError:
        raise Malformed({"due_on": "Give a day, such as 24 Nov 2026."}) from None
