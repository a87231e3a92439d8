"""One update: edited with its history kept, published when it waited, withdrawn with its consequence told."""

from __future__ import annotations

from flask import Blueprint, flash, request
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from .. import actions
from ..access import Role, actor, may, me
from ..actions import approval
from ..kernel.database import db, reading
from ..kernel.errors import Malformed, Outdated, Refusal
from ..records.incidents import Incident
from ..records.updates import Update, UpdateRevision
from . import composer, drafts, unsent
from .confirming import insist_on_confirmation, update_of
from .conflicts import conflict_page
from .incident_pages import (
    chosen_components,
    form_page,
    load,
    load_to_act,
    text,
    time_of,
    to_room,
    version_seen,
)

bp = Blueprint("console_update_edits", __name__, url_prefix="/console/incidents/<ref>/updates")

_ANSWERS = ("approve", "publish", "schedule", "ask")  # what a draft's page offers


@bp.get("/<update_id>")
@may(Role.RESPONDER)
def show(ref: str, update_id: str) -> ResponseReturnValue:
    """One update: its text to edit, and what it said before."""
    incident = load(ref)
    update = update_of(incident, update_id)
    return drafts.page(incident, update) if drafts.waits(update) else _update_page(incident, update)


@bp.post("/<update_id>")
@may(Role.RESPONDER)
def revise(ref: str, update_id: str) -> ResponseReturnValue:
    """Edit. Nobody is told again; the page says "edited" and the old wording is kept. A draft's page has more buttons."""
    if text("act") == "preview":
        db.session.rollback()
        with reading():
            incident = load(ref)
            return drafts.page(incident, update_of(incident, update_id), looks=True)
    incident = load_to_act(ref)
    update = update_of(incident, update_id)
    said = ""
    try:
        if drafts.waits(update):
            said = drafts.act_on(incident, update)
        elif text("act") in _ANSWERS:
            return _answered_already(incident, update)
        else:
            actions.revise_update(
                incident,
                update,
                by=actor(),
                body=text("body"),
                public_status=text("status") or None,
                components=chosen_components() if "has_components" in request.form else None,
                display_at=time_of("display_at"),
                version=version_seen(),
            )
    except Outdated as refusal:
        db.session.rollback()
        page = f"/console/incidents/{ref}/updates/{update_id}"
        return conflict_page(
            load(ref),
            refusal,
            field="body",
            again=page,
            keep_theirs=page,
            carried={"version": str(refusal.version), "act": "save"},
            words={"mine": "Replace it with mine", "theirs": "Keep theirs", "joined": "Save the joined text"},
        )
    except Refusal as refusal:
        return _refused(ref, update_id, refusal)
    unsent.sent(edit_key(incident, update))
    db.session.commit()
    flash(edit_key(incident, update), "posted")
    if said:
        flash(said)
    return to_room(incident)


@bp.post("/<update_id>/publication")
@may(Role.RESPONDER)
def publish(ref: str, update_id: str) -> ResponseReturnValue:
    """A draft, or an update set for later, goes out now."""
    incident = load_to_act(ref)
    update = update_of(incident, update_id)
    try:
        insist_on_confirmation(incident, "publish", audience=update.audience)
        actions.publish_draft(incident, update, by=actor(), can_be_undone=True)
    except Refusal as refusal:
        return _refused(ref, update_id, refusal)
    db.session.commit()
    return to_room(incident)


@bp.get("/<update_id>/withdrawal")
@may(Role.RESPONDER)
def ask_withdrawal(ref: str, update_id: str) -> ResponseReturnValue:
    """One question that states the consequence."""
    incident = load(ref)
    return form_page("console/withdrawal.html", incident, update=update_of(incident, update_id))


@bp.post("/<update_id>/withdrawal")
@may(Role.RESPONDER)
def withdraw(ref: str, update_id: str) -> ResponseReturnValue:
    """Remove an update from everything that is served; it stays on the timeline."""
    incident = load_to_act(ref)
    update = update_of(incident, update_id)
    actions.withdraw_update(incident, update, by=actor(), reason=text("reason"))
    db.session.commit()
    return to_room(incident)


def _answered_already(incident: Incident, update: Update) -> ResponseReturnValue:
    """The second of two who answer at once learns who was first; a second click of the first is nothing."""
    question = approval.questions_of([update.id]).get(update.id)
    if update.state == "published" and (question is None or question.answered_by_name == me().name):
        db.session.rollback()
        return to_room(incident)
    actions.approve(incident, update, by=actor())
    return to_room(incident)


def _refused(ref: str, update_id: str, refusal: Refusal) -> ResponseReturnValue:
    db.session.rollback()
    incident = load(ref)
    update = update_of(incident, update_id)
    return (
        drafts.page(incident, update, refusal=refusal)
        if drafts.waits(update)
        else _update_page(incident, update, refusal=refusal)
    )


def _update_page(incident: Incident, update: Update, *, refusal: Refusal | None = None) -> ResponseReturnValue:
    errors = dict(refusal.fields) if isinstance(refusal, Malformed) else {"": refusal.sentence} if refusal else {}
    earlier = db.session.scalars(
        select(UpdateRevision).where(UpdateRevision.update_id == update.id).order_by(UpdateRevision.id.desc())
    ).all()
    return form_page(
        "console/update_edit.html",
        incident,
        errors=errors,
        status=refusal.status if refusal else 200,
        update=update,
        earlier=earlier,
        statuses=composer.statuses_of(incident),
        draft=unsent.of(edit_key(incident, update)),
    )


def edit_key(incident: Incident, update: Update) -> str:
    """Under which name an edit that was not sent is kept."""
    return f"{incident.ref}:update-{update.public_id}"
