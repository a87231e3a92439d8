"""Rotations: the list in words, and the month of each: who is on call and when."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from flask import Blueprint, abort, render_template, request
from flask.typing import ResponseReturnValue

from ...access import Role, may, me
from ...actions import oncall
from ...actions import rotations as actions
from ...kernel import clock
from ...kernel.database import db
from ...policy import zones
from ...records.oncall import Rotation, layers_of, members_of, rotations
from . import hours, known, weeks
from .lanes import Lane, of_rotation
from .week import moment_words

bp = Blueprint("console_rotations", __name__, url_prefix="/console/on-call/rotations")

EDGE = timedelta(weeks=5)  # looked at beyond what is drawn, so that shifts over its ends are listed whole
_LIST, _MONTH = "console/on_call/rotations.html", "console/on_call/rotation.html"
_FIRST, _LAST = date(2000, 1, 1), date(2099, 12, 1)


@bp.get("")
@may(Role.VIEWER)
def page() -> ResponseReturnValue:
    """Every rotation in words; the archived behind."""
    now, zone = clock.now(), me().time_zone
    return render_template(
        _LIST,
        rows=[(rotation, said(rotation), _now_words(rotation, now, zone)) for rotation in rotations()],
        archived=rotations(archived=True),
    )


@bp.get("/<int:rotation_id>")
@may(Role.VIEWER)
def month(rotation_id: int) -> ResponseReturnValue:
    """Who is on call and when, a month at a time: ``?month=2026-11``."""
    rotation, now, zone = _rotation(rotation_id), clock.now(), me().time_zone
    begins = _asked_month() or zones.local_day(now, zone).replace(day=1)
    following = (begins + timedelta(days=31)).replace(day=1)
    first = weeks.monday(begins)
    count = -(-(following - first).days // 7)
    since, until = weeks.ends(first, count, zone)
    lane = of_rotation(rotation, me(), since=since - EDGE, until=until + EDGE)
    shown = listed(lane, begins, following, zone)
    return render_template(
        _MONTH,
        rotation=rotation,
        said=said(rotation),
        users=actions.who_uses(f"rotation:{rotation.id}"),
        rows=weeks.rows(lane.spans, first=first, weeks=count, now=now, zone=zone),
        past=[row for row in shown if row[0].ends_at <= now],
        spans=[row for row in shown if row[0].ends_at > now],
        title=f"{begins:%B %Y}",
        earlier=_month_word(begins - timedelta(days=1)),
        later=_month_word(following),
        this=_month_word(zones.local_day(now, zone)),
        shown=_month_word(begins),
        now_words=_now_words(rotation, now, zone),
    )


def said(rotation: Rotation) -> list[str]:
    """A rotation in sentences: its layers, or where it is kept."""
    if rotation.source_url:
        return ["Kept elsewhere and read from a calendar."]
    members, zone = members_of(rotation.id), hours.place(rotation.zone)
    layers = layers_of(rotation.id)
    names = known.names(each for people in members.values() for each in people)
    return [
        hours.layer_words(layer, [names[each] for each in members.get(layer.id, [])], zone, is_lone=len(layers) == 1)
        for layer in layers
    ]


def listed(lane: Lane, first: date, last: date, zone: ZoneInfo) -> list[tuple[Any, str, str]]:
    """The stretches that touch these days: which, when it begins in words, and until when."""
    since, until = zones.start_of_day(first, zone), zones.start_of_day(last, zone)
    first_seen, last_seen = lane.spans[0].starts_at, lane.spans[-1].ends_at
    return [
        (
            span,
            "earlier" if span.starts_at == first_seen else moment_words(span.starts_at, zone),
            "later" if span.ends_at == last_seen else moment_words(span.ends_at, zone),
        )
        for span in lane.spans
        if span.starts_at < until and span.ends_at > since
    ]


def _now_words(rotation: Rotation, now: datetime, zone: ZoneInfo) -> str:
    """``Maya Lindqvist until Mon 30 Nov, 09:00, then Priya Raman``."""
    shift, after = oncall.now_and_next(rotation, now)
    person, following = oncall.person_of(shift), oncall.person_of(after)
    words = person.name if person else "Nobody"
    if after is not None:
        words += f" until {moment_words(after.starts_at, zone)}, then {following.name if following else 'nobody'}"
    return words


def _asked_month() -> date | None:
    try:
        asked = date.fromisoformat(f"{request.args.get('month', '')}-01")
    except ValueError:
        return None
    return asked if _FIRST <= asked <= _LAST else None


def _month_word(day: date) -> str:
    return f"{day:%Y-%m}"


def _rotation(rotation_id: int) -> Rotation:
    found = db.session.get(Rotation, rotation_id)
    if found is None:
        abort(404)
    return found
