"""Calendar subscriptions: shifts in one's own calendar, by a secret address that is shown once."""

from __future__ import annotations

from flask import Blueprint, abort, flash, make_response, redirect, render_template, request
from flask.typing import ResponseReturnValue

from ...access import Role, actor, may, me
from ...actions import calendars
from ...kernel.database import db
from ...kernel.errors import Refusal
from ...records.oncall import CalendarFeed, Rotation, rotations
from . import fields

bp = Blueprint("console_calendar_feeds", __name__, url_prefix="/console/on-call/calendars")

_PAGE = "console/on_call/calendars.html"
_MOST = 20  # addresses of one person that answer


@bp.get("")
@may(Role.VIEWER)
def page() -> ResponseReturnValue:
    """One's own addresses, and the form for one more."""
    return _show()


@bp.post("")
@may(Role.VIEWER)
def add() -> ResponseReturnValue:
    """A new address; it is shown in this answer and never again."""
    problems: dict[str, str] = {}
    rotation = fields.rotation(problems) if fields.text("rotation") else None
    if len(calendars.feeds_of(me())) >= _MOST:
        problems[""] = f"You have {_MOST} addresses. Revoke one first."
    if problems:
        return _show(problems=problems, status=422)
    address, _feed = calendars.write_feed(me(), rotation=rotation)
    db.session.commit()
    return _show(address=address, status=201)


@bp.post("/<int:feed_id>/revoked")
@may(Role.VIEWER)
def revoke(feed_id: int) -> ResponseReturnValue:
    """The address answers no more."""
    feed = db.session.get(CalendarFeed, feed_id)
    if feed is None or feed.person_id != me().id:
        abort(404)
    try:
        calendars.revoke_feed(feed, by=actor())
    except Refusal as refusal:
        db.session.rollback()
        return _show(problems={"": refusal.sentence}, status=refusal.status)
    db.session.commit()
    flash("The address answers no more.")
    return redirect("/console/on-call/calendars", 303)


def _show(*, address: str = "", problems: dict[str, str] | None = None, status: int = 200) -> ResponseReturnValue:
    feeds = calendars.feeds_of(me())
    names = {each.id: db.session.get_one(Rotation, each.rotation_id).name if each.rotation_id else "" for each in feeds}
    page = render_template(
        _PAGE,
        feeds=[(each, names[each.id]) for each in feeds],
        choices=[("", "My own shifts"), *((str(each.id), f"Everybody in {each.name}") for each in rotations())],
        chosen=request.values.get("rotation", ""),
        address=address,
        errors=problems or {},
    )
    return make_response(page, status)
