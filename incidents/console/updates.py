"""Updates: compose with a true preview, publish, undo, edit, withdraw, and the honest "no change"."""

from __future__ import annotations

from datetime import datetime
from textwrap import shorten

from flask import Blueprint, flash, redirect, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from werkzeug.exceptions import NotFound

from .. import actions
from ..access import Role, actor, may, me
from ..actions.updates import no_change_text
from ..kernel.database import db
from ..kernel.errors import Malformed, NotAllowed, Outdated, Refusal
from ..published import publishing
from ..records.incidents import Incident
from ..records.timeline import TimelineEntry
from ..records.updates import Update, UpdateRevision
from . import composer
from .acts.repeats import number, sent_before
from .formats import when
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

bp = Blueprint("console_updates", __name__, url_prefix="/console/incidents/<ref>/updates")

_PAGE = "console/update.html"


@bp.get("")
@may(Role.RESPONDER)
def ask(ref: str) -> ResponseReturnValue:
    """The composer as a page of its own."""
    return _composer_page(load(ref))


@bp.post("")
@may(Role.RESPONDER)
def post(ref: str) -> ResponseReturnValue:
    """Publish, keep as a draft, set for later, or show the preview."""
    act = text("act")
    if act == "preview":
        return _composer_page(load(ref), typed=True, previewed=True)
    incident = load_to_act(ref)
    if act != "draft" and sent_before(
        incident, "update_scheduled" if act == "schedule" else "update", body=_journalled(act)
    ):
        return to_room(incident)
    try:
        if act != "draft":
            _mind_the_newest(incident)
        _confirm(incident, act)
        update = actions.post_update(
            incident,
            by=actor(),
            body=text("body"),
            audience=text("audience") or "public",
            public_status=text("status") or None,
            components=chosen_components(),
            next_update_at=composer.given_promise(incident),
            publish_at=_time_for_later() if act == "schedule" else None,
            draft=act == "draft",
            can_be_undone=True,
        )
        if update.state == "published":
            _also_go_on(incident)
    except Refusal as refusal:
        return _refused(ref, refusal)
    db.session.commit()
    flash(composer.draft_key(incident), "posted")
    if update.state != "published":
        flash("Draft kept" if update.state == "draft" else "The update is set for its time")
    return to_room(incident)


@bp.post("/preview")
@may(Role.RESPONDER)
def preview(ref: str) -> ResponseReturnValue:
    """What the public would see of the form as it is typed; nothing is recorded."""
    incident = load(ref)
    try:
        drawn = composer.preview(incident, request.form, chosen_components())
    except Malformed:
        return "", 204
    return render_template("console/_preview.html", drawn=drawn, audience=request.form.get("audience"))


@bp.get("/no-change")
@may(Role.RESPONDER)
def ask_no_change(ref: str) -> ResponseReturnValue:
    """What "no change" would say, and to whom."""
    return _no_change_page(load(ref))


@bp.post("/no-change")
@may(Role.RESPONDER)
def no_change(ref: str) -> ResponseReturnValue:
    """One honest line: what was said still holds, and when the next update comes."""
    incident = load_to_act(ref)
    try:
        if publishing.find(incident.id) is not None:
            _confirm(incident, "publish", audience="public")
        actions.no_change(incident, by=actor(), can_be_undone=True)
    except Refusal as refusal:
        db.session.rollback()
        return _no_change_page(load(ref), refusal=refusal)
    db.session.commit()
    return to_room(incident)


@bp.post("/<update_id>/undo")
@may(Role.RESPONDER)
def undo(ref: str, update_id: str) -> ResponseReturnValue:
    """Take a publication back within ten seconds; the text comes back in the composer."""
    incident = load_to_act(ref)
    try:
        actions.undo_update(incident, _update(incident, update_id), by=actor())
    except Refusal as refusal:
        db.session.rollback()
        flash(refusal.sentence)
        return to_room(load(ref))
    db.session.commit()
    flash("Taken back. The page and the promise are as before")
    return redirect(f"/console/incidents/{incident.ref}/updates?from={update_id}", 303)


@bp.get("/<update_id>")
@may(Role.RESPONDER)
def show(ref: str, update_id: str) -> ResponseReturnValue:
    """One update: its text to edit, and what it said before."""
    incident = load(ref)
    return _update_page(incident, _update(incident, update_id))


@bp.post("/<update_id>")
@may(Role.RESPONDER)
def revise(ref: str, update_id: str) -> ResponseReturnValue:
    """Edit. Nobody is told again; the page says "edited" and the old wording is kept."""
    incident = load_to_act(ref)
    update = _update(incident, update_id)
    try:
        actions.revise_update(
            incident,
            update,
            by=actor(),
            body=text("body"),
            public_status=text("status") or None,
            display_at=time_of("display_at"),
            publish_at=time_of("publish_at") if update.state != "published" else None,
            version=version_seen(),
        )
    except Outdated as refusal:
        db.session.rollback()
        return form_page(
            "console/conflict.html",
            load(ref),
            status=409,
            refusal=refusal,
            typed_texts={"body": text("body")},
            again=f"/console/incidents/{ref}/updates/{update_id}",
        )
    except Refusal as refusal:
        db.session.rollback()
        return _update_page(load(ref), _update(load(ref), update_id), refusal=refusal)
    db.session.commit()
    return to_room(incident)


@bp.post("/<update_id>/publication")
@may(Role.RESPONDER)
def publish(ref: str, update_id: str) -> ResponseReturnValue:
    """A draft, or an update set for later, goes out now."""
    incident = load_to_act(ref)
    update = _update(incident, update_id)
    try:
        _confirm(incident, "publish", audience=update.audience)
        actions.publish_draft(incident, update, by=actor(), can_be_undone=True)
    except Refusal as refusal:
        db.session.rollback()
        return _update_page(load(ref), _update(load(ref), update_id), refusal=refusal)
    db.session.commit()
    return to_room(incident)


@bp.get("/<update_id>/withdrawal")
@may(Role.RESPONDER)
def ask_withdrawal(ref: str, update_id: str) -> ResponseReturnValue:
    """One question that states the consequence."""
    incident = load(ref)
    return form_page("console/withdrawal.html", incident, update=_update(incident, update_id))


@bp.post("/<update_id>/withdrawal")
@may(Role.RESPONDER)
def withdraw(ref: str, update_id: str) -> ResponseReturnValue:
    """Remove an update from everything that is served; it stays on the timeline."""
    incident = load_to_act(ref)
    update = _update(incident, update_id)
    actions.withdraw_update(incident, update, by=actor(), reason=text("reason"))
    db.session.commit()
    return to_room(incident)


def _time_for_later() -> datetime:
    """When it goes out; an empty field must never mean "now"."""
    at = time_of("publish_at")
    if at is None:
        raise Malformed({"publish_at": "Give the time at which it goes out."})
    return at


def _journalled(act: str) -> str:
    """The words that the timeline keeps of this act: of an update set for later, none."""
    return "" if act == "schedule" else text("body")


def _update(incident: Incident, update_id: str) -> Update:
    found = db.session.scalars(
        select(Update).where(Update.public_id == update_id, Update.incident_id == incident.id)
    ).one_or_none()
    if found is None:
        raise NotFound
    return found


def _mind_the_newest(incident: Incident) -> None:
    """Who wrote while another update went out reads that one first; sent again, his own goes out too."""
    after = number("after")
    if after is None:
        return
    newest = db.session.scalars(
        select(Update)
        .join(TimelineEntry, TimelineEntry.update_id == Update.id)
        .where(
            TimelineEntry.incident_id == incident.id,
            TimelineEntry.kind == "update",
            TimelineEntry.id > after,
            Update.state == "published",
        )
        .order_by(TimelineEntry.id.desc())
        .limit(1)
    ).one_or_none()
    if newest is not None:
        by = actor()
        who = "You" if (newest.by_kind, newest.by_id) == (by.kind, by.id) else newest.by_name
        raise NotAllowed(
            f"{who} posted an update {when(newest.published_at).striptags()}, after you opened this form: "
            f"“{shorten(newest.body, 300, placeholder='…')}” Change yours, or send it once more as it is."
        )


def _confirm(incident: Incident, act: str, *, audience: str | None = None) -> None:
    """Who is neither commander nor communications lead says once that he means it."""
    to_public = (audience or text("audience") or "public") == "public" and not incident.is_drill
    if act == "draft" or not to_public or composer.leads(incident, me()) or text("confirmed"):
        return
    raise Malformed(
        {"confirmed": "You are neither commander nor communications lead. Tick this to publish all the same."}
    )


def _also_go_on(incident: Incident) -> None:
    step = text("also")
    if step:
        actions.advance(incident, to=step, by=actor())


def _composer_page(
    incident: Incident,
    *,
    typed: bool = False,
    errors: dict[str, str] | None = None,
    status: int = 200,
    previewed: bool = False,
) -> ResponseReturnValue:
    made = composer.of(incident, me=me(), typed=request.form.to_dict() if typed else None)
    return form_page(_PAGE, incident, errors=errors, status=status, composer=made, previewed=previewed)


def _refused(ref: str, refusal: Refusal) -> ResponseReturnValue:
    db.session.rollback()
    errors = dict(refusal.fields) if isinstance(refusal, Malformed) else {"": refusal.sentence}
    if "next_update_at" in errors:
        errors["next"] = errors.pop("next_update_at")
    return _composer_page(load(ref), typed=True, errors=errors, status=refusal.status)


def _no_change_page(incident: Incident, *, refusal: Refusal | None = None) -> ResponseReturnValue:
    errors = dict(refusal.fields) if isinstance(refusal, Malformed) else {"": refusal.sentence} if refusal else {}
    is_public = publishing.find(incident.id) is not None
    return form_page(
        "console/no_change.html",
        incident,
        errors=errors,
        status=refusal.status if refusal else 200,
        sentence=no_change_text(incident),
        promise=composer.promised(incident, ""),
        is_public=is_public,
        must_confirm=is_public and not composer.leads(incident, me()),
    )


def _update_page(incident: Incident, update: Update, *, refusal: Refusal | None = None) -> ResponseReturnValue:
    errors = dict(refusal.fields) if isinstance(refusal, Malformed) else {"": refusal.sentence} if refusal else {}
    earlier = db.session.scalars(
        select(UpdateRevision).where(UpdateRevision.update_id == update.id).order_by(UpdateRevision.id.desc())
    ).all()
    made = composer.of(incident, me=me())
    return form_page(
        "console/update_edit.html",
        incident,
        errors=errors,
        status=refusal.status if refusal else 200,
        update=update,
        earlier=earlier,
        statuses=made.statuses,
        must_confirm=made.must_confirm and update.audience == "public",
    )
