"""One action item: its form, its history from the incident's timeline, and adding one to an incident."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import flash, make_response, redirect, render_template, request
from flask.typing import ResponseReturnValue
from markupsafe import Markup
from sqlalchemy import select

from ...access import Role, actor, may, me
from ...access.action_items import item_or_404, lock_item_or_404
from ...actions import action_items as actions
from ...actions import issues
from ...kernel.database import db
from ...kernel.errors import Malformed, Outdated, Refusal
from ...policy.action_items import Group, Kind, Priority, Status, group_of
from ...policy.lifecycle import Visibility
from ...policy.trackers import recognise
from ...records.action_items import ActionItem
from ...records.incidents import Incident
from ...records.people import Person
from ...records.timeline import TimelineEntry
from ...reports import tellings
from ..entry_sentences import sentence
from ..incident_pages import check_lengths, form_page, load, load_to_act, text, version_seen
from . import parts
from .blueprint import LIST, bp

_KINDS = [(each.value, each.label) for each in Kind]
_PRIORITIES = [(each.value, each.label) for each in Priority]
_BACK = {"postmortem": "/postmortem#action-items", "editor": "/postmortem/edit#action-items"}
_STATUSES = [(each.value, each.label) for each in Status]


@bp.get("/incidents/<ref>/action-items")
@may(Role.RESPONDER)
def ask(ref: str) -> ResponseReturnValue:
    """The form for a new item of this incident."""
    return _new(load(ref))


@bp.post("/incidents/<ref>/action-items")
@may(Role.RESPONDER)
def add(ref: str) -> ResponseReturnValue:
    """Add one; then back to where it was asked for."""
    incident = load_to_act(ref)
    try:
        actions.add(incident, by=actor(), **_typed())
    except Malformed as refusal:
        db.session.rollback()
        return _new(load(ref), errors=refusal.fields)
    db.session.commit()
    flash("The action item is added")
    if text("then") == "more":
        return redirect(f"/console/incidents/{incident.ref}/action-items", 303)
    return redirect(f"/console/incidents/{incident.ref}{_BACK.get(text('from'), '')}", 303)


@bp.get("/action-items/<int:number>")
@may(Role.VIEWER)
def read(number: int) -> ResponseReturnValue:
    """The item, to read and to change."""
    return _page(item_or_404(number, me()))


@bp.post("/action-items/<int:number>")
@may(Role.RESPONDER)
def save(number: int) -> ResponseReturnValue:
    """Change what the form says; refused with both where somebody was faster."""
    item = lock_item_or_404(number, me())
    owner = db.session.get(Person, item.owner_id) if item.owner_id is not None else None
    try:
        check_lengths()
        said = {"status": text("status"), "reason": text("reason"), **_typed(owner)}
        actions.change(item, by=actor(), seen_version=version_seen(), **said)
    except Outdated:
        db.session.rollback()
        return _page(item_or_404(number, me()), status=409, is_outdated=True)
    except Malformed as refusal:
        db.session.rollback()
        return _page(item_or_404(number, me()), status=422, errors=refusal.fields)
    db.session.commit()
    flash("The action item is saved")
    return redirect(f"{LIST}/{number}", 303)


@bp.post("/action-items/<int:number>/done")
@may(Role.RESPONDER)
def finish(number: int) -> ResponseReturnValue:
    """It is done, with one press."""
    item = lock_item_or_404(number, me())
    actions.finish(item, by=actor())
    db.session.commit()
    flash(f"Done: {item.title}")
    return redirect("/console/" if text("from") == "now" else f"{LIST}/{number}", 303)


@bp.post("/action-items/<int:number>/issue")
@may(Role.RESPONDER)
def make_issue(number: int) -> ResponseReturnValue:
    """Make an issue of it in the tracker that the form names, or try again."""
    item = lock_item_or_404(number, me())
    try:
        issues.ask_for_issue(item, tracker=text("tracker"), by=actor())
    except Refusal as refusal:
        db.session.rollback()
        return _page(item_or_404(number, me()), status=refusal.status, errors={"": refusal.sentence})
    db.session.commit()
    flash("The issue is on its way")
    return redirect(f"{LIST}/{number}", 303)


@bp.post("/action-items/<int:number>/removal")
@may(Role.RESPONDER)
def remove(number: int) -> ResponseReturnValue:
    """Take back what was added by mistake."""
    item = lock_item_or_404(number, me())
    incident = db.session.get_one(Incident, item.incident_id)
    try:
        actions.remove(item, by=actor(), seen_version=version_seen())
    except Refusal as refusal:
        db.session.rollback()
        return _page(item_or_404(number, me()), status=409, errors={"": refusal.sentence})
    db.session.commit()
    flash("Removed")
    return redirect(f"/console/incidents/{incident.ref}", 303)


def _typed(now: Person | None = None) -> dict[str, Any]:
    """What the form says; ``now`` is who owns it, who stays so though the account be disabled."""
    problems: dict[str, str] = {}
    owner = due_on = None
    try:
        owner = now if now is not None and text("owner") == str(now.id) else parts.chosen_owner()
    except Malformed as wrong:
        problems.update(wrong.fields)
    try:
        due_on = parts.chosen_day()
    except Malformed as wrong:
        problems.update(wrong.fields)
    if problems:
        raise Malformed(problems)
    return {
        "title": text("title"),
        "kind": text("kind"),
        "owner": owner,
        "due_on": due_on,
        "priority": text("priority") or Priority.NORMAL,
        "link": text("link"),
    }


def _new(incident: Incident, *, errors: Mapping[str, str] | None = None) -> ResponseReturnValue:
    return form_page(
        "console/action_items/new.html",
        incident,
        errors=errors,
        status=422 if errors else 200,
        kinds=_KINDS,
        priorities=_PRIORITIES,
        owners=parts.owners(),
        rows=parts.follow_up(incident),
    )


def _page(
    item: ActionItem, *, status: int = 200, errors: Mapping[str, str] | None = None, is_outdated: bool = False
) -> ResponseReturnValue:
    incident = db.session.get_one(Incident, item.incident_id)
    owner = db.session.get(Person, item.owner_id) if item.owner_id is not None else None
    stands = {
        "title": item.title,
        "kind": item.kind,
        "owner": str(item.owner_id or ""),
        "due_on": item.due_on.isoformat() if item.due_on else "",
        "priority": item.priority,
        "status": item.status,
        "link": item.link or "",
        "reason": item.dropped_reason or "",
    }
    is_again = request.method == "POST"
    answer = render_template(
        "console/action_items/one.html",
        item=item,
        incident=incident,
        owner=owner,
        group=group_of(item.status, item.due_on, today=parts.today()),
        late=Group.LATE,
        known=recognise(item.link) if item.link else None,
        values={name: request.form.get(name, value) if is_again else value for name, value in stands.items()},
        changed=_what_differs(stands) if is_outdated else [],
        is_outdated=is_outdated,
        errors=dict(errors or {}),
        kinds=_KINDS,
        priorities=_PRIORITIES,
        statuses=_STATUSES,
        owners=_owners(owner),
        history=_history(item),
        trackers=[] if incident.visibility == Visibility.RESTRICTED else issues.trackers(),
        asked=issues.asked_for(item),
        may_act=me().may(Role.RESPONDER),
    )
    return make_response(answer, status)


def _owners(owner: Person | None) -> list[tuple[str, str]]:
    """Those to choose from, and whoever it is now, though the account be disabled."""
    known = parts.owners()
    if owner is not None and not owner.is_active:
        known.append((str(owner.id), f"{owner.name} (account disabled)"))
    return known


def _what_differs(stands: dict[str, str]) -> list[tuple[str, str]]:
    """Label and value of each field that stands differently from what was sent."""
    labels = {"owner": "Owner", "due_on": "Due", "link": "Link", "title": "Title"}
    words = {
        "kind": dict(_KINDS),
        "priority": dict(_PRIORITIES),
        "status": dict(_STATUSES),
        "owner": dict(_owners(None)),
    }
    return [
        (labels.get(name, name.capitalize()), words.get(name, {}).get(value, value) or "none")
        for name, value in stands.items()
        if name != "reason" and text(name) != value
    ]


def _history(item: ActionItem) -> list[tuple[TimelineEntry, Any]]:
    """What the incident's timeline says of it, the newest first."""
    wanted = select(TimelineEntry).where(
        TimelineEntry.incident_id == item.incident_id, TimelineEntry.kind == "action_item"
    )
    found = db.session.scalars(wanted.order_by(TimelineEntry.id.desc()))
    entries = [entry for entry in found if item.id in (entry.detail.get("item_id"), *entry.detail.get("item_ids", ()))]
    told = tellings.of_entries(entries)
    return [
        (entry, sentence(Markup("<b>{}</b>").format(entry.by_name), entry, seen=(), telling=told.get(entry.id)))
        for entry in entries
    ]
