"""Changing many items at once: those whose boxes were ticked and that nobody changed meanwhile."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qsl

from flask import flash, redirect, request
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import MultiDict

from ...access import Role, actor, may, me
from ...access.action_items import lock_items
from ...actions import action_items as actions
from ...kernel.database import db
from ...kernel.errors import Malformed, Refusal
from ...policy.action_items import Status
from ...records.action_items import ActionItem
from ..incident_pages import check_lengths, text
from . import filters as addresses
from . import listing, parts
from .blueprint import LIST, bp

KEEP = "keep"
_MOST = 500
_CHOSEN = re.compile(r"([1-9]\d{0,8}):([1-9]\d{0,8})", re.ASCII)


@bp.post("/action-items/changes")
@may(Role.RESPONDER)
def change_many() -> ResponseReturnValue:
    """Give the chosen items an owner, a day or a status. Each is judged alone; what was left is said, with the reason."""
    filters = addresses.read(MultiDict(parse_qsl(text("query"))))
    try:
        chosen, changes = _chosen(), _changes()
    except Malformed as refusal:
        db.session.rollback()
        return listing.page(filters, status=422, errors=refusal.fields)
    left = []
    changed = 0
    for item in lock_items(chosen.keys(), me()):
        why_not = _change(item, chosen[item.id], changes)
        if why_not is None:
            changed += 1
        else:
            left.append((item.title, why_not.sentence))
    db.session.commit()
    if left:
        return listing.page(filters, status=409, left=left, changed=changed)
    flash(f"{changed} item{'s' if changed != 1 else ''} changed")
    return redirect(f"{LIST}?{filters.query}" if filters.query else LIST, 303)


def _change(item: ActionItem, version: int, changes: dict[str, Any]) -> Refusal | None:
    try:
        with db.session.begin_nested():
            actions.change(item, by=actor(), seen_version=version, **changes)
    except Refusal as refusal:
        return refusal
    return None


def _chosen() -> dict[int, int]:
    """Number and version of each item whose box was ticked."""
    found = {
        int(named[1]): int(named[2]) for each in request.form.getlist("item") if (named := _CHOSEN.fullmatch(each))
    }
    if not found:
        raise Malformed({"": "Choose at least one item: tick the box at its left."})
    if len(found) > _MOST:
        raise Malformed({"": f"Choose at most {_MOST} items at once."})
    return found


def _changes() -> dict[str, Any]:
    check_lengths()
    changes: dict[str, Any] = {}
    if text("owner") != KEEP:
        changes["owner"] = parts.chosen_owner()
    if text("due_on"):
        changes["due_on"] = parts.chosen_day()
    if text("status") in [*Status]:
        changes["status"] = text("status")
    if not changes:
        raise Malformed({"": "Say what to change: the owner, the day or the status."})
    if changes.get("status") == Status.DROPPED:
        changes["reason"] = text("reason")
        if not changes["reason"]:
            raise Malformed({"reason": "Say why they are dropped."})
    return changes
