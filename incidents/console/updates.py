"""Updates: compose with a true preview, publish, undo, edit, withdraw, and the honest "no change"."""

from __future__ import annotations

from datetime import datetime, timedelta
from textwrap import shorten

from flask import Blueprint, flash, redirect, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from .. import actions
from ..access import Role, actor, may, me
from ..actions import approval
from ..actions.journal import LONGEST_TEXT
from ..actions.updates import latest, newest_since, no_change_draft, no_change_text
from ..kernel import clock
from ..kernel.database import db, reading
from ..kernel.errors import Malformed, NotAllowed, Outdated, Refusal
from ..published import publishing
from ..records.incidents import Incident
from ..records.updates import Update
from . import asked_people, composer, promises, reach, timeline, unsent
from .acts.repeats import number, sent_before
from .confirming import insist_on_confirmation, update_of
from .conflicts import conflict_page
from .formats import when
from .incident_pages import (
    chosen_components,
    form_page,
    load,
    load_to_act,
    text,
    time_of,
    to_room,
)

bp = Blueprint("console_updates", __name__, url_prefix="/console/incidents/<ref>/updates")

_PAGE = "console/update.html"
_DOUBLE_CLICK = timedelta(seconds=10)
_KEPT = ("draft", "ask")  # what makes nothing known yet
_SAID = {
    "draft": "Draft kept",
    "ask": "Asked. It goes out once somebody approves it",
    "schedule": "The update is set for its time",
}


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
    if act in {"preview", "put_back"} or act.startswith("template-"):
        db.session.rollback()
        with reading():
            return _looked_at(load(ref), act)
    incident = load_to_act(ref)
    act = _meant(incident, act)
    if act not in _KEPT and sent_before(
        incident, "update_scheduled" if act == "schedule" else "update", body=_journalled(act)
    ):
        return to_room(incident)
    if act in _KEPT and _was_just_kept(incident):
        return to_room(incident)
    try:
        if act not in _KEPT:
            _mind_the_newest(incident)
        insist_on_confirmation(incident, act)
        publish_at = _time_for_later() if act == "schedule" else time_of("publish_at") if act == "ask" else None
        update = actions.post_update(
            incident,
            by=actor(),
            body=text("body"),
            audience=text("audience") or "public",
            public_status=text("status") or None,
            components=chosen_components(),
            next_update_at=promises.given(incident, request.form, base=publish_at),
            publish_at=publish_at,
            notify=not text("silent"),
            draft=act in _KEPT,
            display_at=time_of("display_at"),
            can_be_undone=True,
            will_ask=act == "ask",
        )
        if act == "ask":
            asked_people.ask(incident, update)
        if update.state == "published":
            _also_go_on(incident)
    except Outdated as refusal:
        return _somebody_was_faster(ref, refusal, act)
    except Refusal as refusal:
        return _refused(ref, refusal)
    unsent.sent(composer.draft_key(incident))
    db.session.commit()
    flash(composer.draft_key(incident), "posted")
    if update.state != "published":
        flash(_SAID[act])
    return to_room(incident)


@bp.post("/preview")
@may(Role.RESPONDER)
def preview(ref: str) -> ResponseReturnValue:
    """What the public would see of the form as it is typed, and what changes around it; nothing is recorded."""
    db.session.rollback()
    with reading():
        incident = load(ref)
        audience, is_silent = request.form.get("audience", ""), bool(text("silent"))
        told = 0 if is_silent else reach.number(incident, chosen_components())
        must_ask = approval.must_ask(incident, me().as_actor())
        return render_template(
            "console/_composer_news.html",
            incident=incident,
            drawn=composer.preview(incident, request.form, chosen_components()),
            audience=audience,
            said=promises.said(incident, request.form),
            reach=reach.words(
                incident, audience=audience, me=me(), subscribers=told, is_silent=is_silent, must_ask=must_ask
            ),
            button=reach.button(audience=audience, subscribers=told, must_ask=must_ask),
            goes_out=composer.goes_out(text("publish_at")),
            is_too_long=len(text("body")) > LONGEST_TEXT,
        )


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
    if sent_before(incident, "update", body=text("said") or no_change_text(incident)):
        return to_room(incident)
    if publishing.find(incident.id) is not None and approval.must_ask(incident, actor()):
        return _ask_about_no_change(incident)
    try:
        _mind_the_newest(incident, is_no_change=True)
        if publishing.find(incident.id) is not None:
            insist_on_confirmation(incident, "publish", audience="public")
        actions.no_change(incident, by=actor(), can_be_undone=True)
    except Refusal as refusal:
        db.session.rollback()
        return _no_change_page(load(ref), refusal=refusal)
    db.session.commit()
    return to_room(incident)


def _ask_about_no_change(incident: Incident) -> ResponseReturnValue:
    """The same line as a draft, for a second pair of eyes."""
    try:
        asked_people.ask(incident, no_change_draft(incident, by=actor()))
    except Refusal as refusal:
        ref = incident.ref
        db.session.rollback()
        return _no_change_page(load(ref), refusal=refusal)
    db.session.commit()
    flash(_SAID["ask"])
    return to_room(incident)


@bp.post("/<update_id>/undo")
@may(Role.RESPONDER)
def undo(ref: str, update_id: str) -> ResponseReturnValue:
    """Take a publication back within ten seconds; the text comes back in the composer."""
    incident = load_to_act(ref)
    try:
        actions.undo_update(incident, update_of(incident, update_id), by=actor())
    except Refusal as refusal:
        db.session.rollback()
        flash(refusal.sentence)
        return to_room(load(ref))
    db.session.commit()
    flash("Taken back. The page and the promise are as before")
    return redirect(f"/console/incidents/{incident.ref}/updates?from={update_id}", 303)


def _meant(incident: Incident, act: str) -> str:
    """What the button means for this person: where a second pair of eyes is needed, publishing begins with asking."""
    to_public = (text("audience") or "public") == "public"
    is_asking = act in {"publish", "schedule"} and to_public and approval.must_ask(incident, actor())
    return "ask" if is_asking else act


def _time_for_later() -> datetime:
    """When it goes out; an empty field must never mean "now"."""
    at = time_of("publish_at")
    if at is None:
        raise Malformed({"publish_at": "Give the time at which it goes out."})
    return at


def _was_just_kept(incident: Incident) -> bool:
    """Whether this person kept the same words as a draft a moment ago: a double click; drafts leave no entry."""
    by = actor()
    same = select(Update.id).where(
        Update.incident_id == incident.id,
        Update.state == "draft",
        Update.by_kind == by.kind,
        Update.by_id == by.id,
        Update.body == text("body"),
        Update.created_at > clock.now() - _DOUBLE_CLICK,
    )
    return db.session.scalar(same.limit(1)) is not None


def _journalled(act: str) -> str:
    """The words that the timeline keeps of this act: of an update set for later, none."""
    return "" if act == "schedule" else text("body")


def _mind_the_newest(incident: Incident, *, is_no_change: bool = False) -> None:
    """Who wrote while another update went out reads that one first, and chooses; Outdated says which it is."""
    after = number("after")
    if after is None:
        return
    newest = newest_since(incident, after)
    if newest is not None:
        by = actor()
        who = "You" if (newest.by_kind, newest.by_id) == (by.kind, by.id) else newest.by_name
        came = f"{who} posted an update {when(newest.published_at).striptags()}, after you opened this form"
        if is_no_change:
            raise NotAllowed(f"{came}: “{shorten(newest.body, 300, placeholder='…')}” Is there still no change?")
        raise Outdated(f"{came}.", version=incident.version, theirs={"body": newest.body})


def _somebody_was_faster(ref: str, refusal: Outdated, act: str) -> ResponseReturnValue:
    """Both texts; whatever is chosen, the other update is known now."""
    db.session.rollback()
    with reading():
        incident = load(ref)
        room = f"/console/incidents/{incident.ref}"
        mine = {"publish": "Publish mine too", "schedule": "Set mine for its time"}.get(act, "Send mine too")
        return conflict_page(
            incident,
            refusal,
            field="body",
            again=f"{room}/updates",
            keep_theirs=room,
            carried={"after": str(timeline.newest_entry(incident))},
            words={
                "mine": mine,
                "mine_act": act,
                "theirs": "Leave it at theirs",
                "joined": "Go on with the joined text",
                "joined_act": "preview",
            },
            label="Current status",
        )


def _also_go_on(incident: Incident) -> None:
    step = text("also")
    if step:
        actions.advance(incident, to=step, by=actor())


def _looked_at(incident: Incident, act: str) -> ResponseReturnValue:
    """The form again, nothing recorded: with its preview, with a template's text, or with the text before that."""
    typed = {**request.form.to_dict(), "body": text("body")}
    replaced = ""
    if act == "put_back":
        typed["body"] = text("replaced")
    elif act.startswith("template-"):
        audience = text("audience") or "public"
        found = composer.from_template(
            incident, act.removeprefix("template-"), audience=audience, status=text("status")
        )
        if found is None:
            return _composer_page(incident, typed=typed, errors={"body": "This template was deleted."}, status=409)
        typed["body"], replaced = found, typed["body"]
    return _composer_page(incident, typed=typed, replaced=replaced)


def _composer_page(
    incident: Incident,
    *,
    typed: dict[str, str] | None = None,
    errors: dict[str, str] | None = None,
    status: int = 200,
    replaced: str = "",
) -> ResponseReturnValue:
    made = composer.of(incident, me=me(), typed=typed, replaced=replaced)
    return form_page(_PAGE, incident, errors=errors, status=status, composer=made)


def _refused(ref: str, refusal: Refusal) -> ResponseReturnValue:
    db.session.rollback()
    errors = dict(refusal.fields) if isinstance(refusal, Malformed) else {"": refusal.sentence}
    if "next_update_at" in errors:
        errors[promises.field_of(request.form)] = errors.pop("next_update_at")
    with reading():
        return _composer_page(load(ref), typed=request.form.to_dict(), errors=errors, status=refusal.status)


def _no_change_page(incident: Incident, *, refusal: Refusal | None = None) -> ResponseReturnValue:
    errors = dict(refusal.fields) if isinstance(refusal, Malformed) else {"": refusal.sentence} if refusal else {}
    is_public = publishing.find(incident.id) is not None
    last = latest(incident, audience="public") if is_public else latest(incident)
    must_ask = is_public and approval.must_ask(incident, me().as_actor())
    return form_page(
        "console/no_change.html",
        incident,
        errors=errors,
        status=refusal.status if refusal else 200,
        sentence=no_change_text(incident),
        promise=promises.due_or_none(incident, {}),
        last=last,
        after=timeline.newest_entry(incident),
        is_public=is_public,
        must_ask=must_ask,
        must_confirm=is_public and composer.must_confirm(incident, me(), must_ask=must_ask),
        button=reach.button(audience="public" if is_public else "", subscribers=reach.number(incident)),
    )
