"""Rotations: the list, the month of each, and its editor with the next four weeks before anything is saved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from flask import Blueprint, abort, flash, make_response, redirect, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from ...access import Role, actor, may, me
from ...actions import oncall, oncall_roles
from ...actions import rotations as actions
from ...kernel import clock
from ...kernel.database import db
from ...kernel.errors import Malformed, Outdated, Refusal
from ...policy import zones
from ...records.oncall import Rotation, layers_of, members_of
from ...records.people import active_people
from ..me import zone_choices
from . import hours, known, rotation_form, weeks
from .lanes import Lane, of_rotation
from .rotation_form import ELSEWHERE, HERE, Typed
from .week import moment_words

bp = Blueprint("console_rotations", __name__, url_prefix="/console/on-call/rotations")

_LIST, _MONTH, _EDIT, _CONFLICT = (
    f"console/on_call/{name}.html" for name in ("rotations", "rotation", "rotation_edit", "rotation_conflict")
)
_PREVIEW_WEEKS = 4
_EDGE = timedelta(weeks=5)
_FIRST, _LAST = date(2000, 1, 1), date(2099, 12, 1)


@bp.get("")
@may(Role.VIEWER)
def page() -> ResponseReturnValue:
    """Every rotation in words; the archived behind."""
    rows = db.session.scalars(select(Rotation).order_by(Rotation.name)).all()
    now, zone = clock.now(), me().time_zone
    return render_template(
        _LIST,
        rows=[
            (rotation, said(rotation), _now_words(rotation, now, zone)) for rotation in rows if not rotation.archived_at
        ],
        archived=[rotation for rotation in rows if rotation.archived_at],
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
    # wider than what is drawn, so that shifts over its edges are listed whole
    lane = of_rotation(rotation, me(), since=since - _EDGE, until=until + _EDGE)
    listed = _listed(lane, begins, following, zone)
    return render_template(
        _MONTH,
        rotation=rotation,
        said=said(rotation),
        users=actions.who_uses(f"rotation:{rotation.id}"),
        rows=weeks.rows(lane.spans, first=first, weeks=count, now=now, zone=zone),
        past=[row for row in listed if row[0].ends_at <= now],
        spans=[row for row in listed if row[0].ends_at > now],
        title=f"{begins:%B %Y}",
        earlier=_month_word(begins - timedelta(days=1)),
        later=_month_word(following),
        this=_month_word(zones.local_day(now, zone)),
        shown=_month_word(begins),
        now_words=_now_words(rotation, now, zone),
    )


@bp.get("/new")
@may(Role.ADMIN)
def new() -> ResponseReturnValue:
    """The form for one more; ``?kept=elsewhere`` reads a calendar."""
    kept = ELSEWHERE if request.args.get("kept") == ELSEWHERE else HERE
    return _show(rotation_form.blank(kept), None)


@bp.post("")
@may(Role.ADMIN)
def add() -> ResponseReturnValue:
    """One more rotation, or the form again after one of its other buttons."""
    return _act(None)


@bp.get("/<int:rotation_id>/edit")
@may(Role.ADMIN)
def edit(rotation_id: int) -> ResponseReturnValue:
    """The rotation as a form."""
    rotation = _living(rotation_id)
    kept = request.args.get("kept", "")
    typed = rotation_form.of_rotation(rotation, kept if kept in (HERE, ELSEWHERE) else "")
    if typed.kept == HERE and not typed.layers:
        typed = rotation_form.rearranged(typed, "layer-add")
    return _show(typed, rotation, preview=_preview_of(rotation))


@bp.post("/<int:rotation_id>/edit")
@may(Role.ADMIN)
def change(rotation_id: int) -> ResponseReturnValue:
    """The rotation as sent, or the form again after one of its other buttons."""
    return _act(_living(rotation_id, for_writing=True))


@bp.post("/<int:rotation_id>/archived")
@may(Role.ADMIN)
def archive(rotation_id: int) -> ResponseReturnValue:
    """It answers for nobody any more; refused while a role or the policy names it."""
    rotation = _living(rotation_id)
    try:
        actions.archive_rotation(rotation, by=actor())
    except Refusal as refusal:
        db.session.rollback()
        return _show(
            rotation_form.of_rotation(rotation), rotation, {"": refusal.sentence}, refusal.status, _preview_of(rotation)
        )
    db.session.commit()
    flash(f"{rotation.name} is archived. History keeps its name.")
    return redirect("/console/on-call/rotations", 303)


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


def _act(rotation: Rotation | None) -> ResponseReturnValue:
    typed, act = rotation_form.sent(), request.form.get("act", "save")
    if act not in ("save", "preview"):
        after = rotation_form.rearranged(typed, act)
        return _show(after, rotation, preview=_tried(after, rotation)[0], acted=rotation_form.focused(after, act))
    if act == "preview":
        preview, problems = _tried(typed, rotation)
        return _show(typed, rotation, problems, preview=preview, acted=act)
    try:
        saved = _save(typed, rotation)
        if "engages" in request.form and _is_unengaged():
            oncall_roles.assign(oncall.ON_CALL_ENGINEER, by=actor(), tell=[f"rotation:{saved.id}"])
    except Outdated:
        assert rotation is not None
        return _conflict(typed, rotation)
    except Refusal as refusal:
        db.session.rollback()
        return _show(typed, rotation, _problems(refusal), refusal.status)
    db.session.commit()
    flash(f"{saved.name} is saved.")
    return redirect(f"/console/on-call/rotations/{saved.id}", 303)


def _is_unengaged() -> bool:
    """Whether the on-call engineer is nobody's part yet, so that the first rotation can take it at once."""
    return not oncall.words_of_role(oncall.ON_CALL_ENGINEER)


def _save(typed: Typed, rotation: Rotation | None) -> Rotation:
    layers = rotation_form.given_layers(typed) if typed.kept == HERE else []
    common: dict[str, Any] = {"by": actor(), "name": typed.name, "zone": typed.zone, "announces": typed.announces}
    if typed.kept == ELSEWHERE:
        if not typed.source_url and (rotation is None or not rotation.source_url):
            raise Malformed({"source_url": "Give the address of the calendar."})
        source: dict[str, Any] = {"source_url": typed.source_url} if typed.source_url else {}
    else:
        source = {"source_url": None}
    if rotation is None:
        return actions.create_rotation(layers=layers, **source, **common)
    return actions.change_rotation(rotation, layers=layers, version=typed.version, **source, **common)


def _tried(typed: Typed, rotation: Rotation | None) -> tuple[dict[str, Any] | None, dict[str, str]]:
    """The next weeks as they would be, by saving it and taking that back; or what stands in the way."""
    if typed.kept == ELSEWHERE:
        return None, {}
    standing = rotation.version if rotation is not None else None
    try:
        saved = _save(replace(typed, name=typed.name or "Preview", version=standing), rotation)
        return {**_preview_of(saved), "said": said(saved)}, {}
    except Refusal as refusal:
        return None, _problems(refusal)
    finally:
        db.session.rollback()


def _preview_of(rotation: Rotation) -> dict[str, Any]:
    """The next four weeks: drawn, and as a list."""
    now, zone = clock.now(), me().time_zone
    first = weeks.monday(zones.local_day(now, zone))
    since, until = weeks.ends(first, _PREVIEW_WEEKS, zone)
    lane = of_rotation(rotation, me(), since=since - _EDGE, until=until + _EDGE)
    return {
        "rows": weeks.rows(lane.spans, first=first, weeks=_PREVIEW_WEEKS, now=now, zone=zone),
        "spans": _listed(lane, first, first + _PREVIEW_WEEKS * weeks.WEEK, zone),
        "gaps": sum(span.is_gap for span in lane.spans if span.ends_at > now and span.starts_at < until),
    }


def _conflict(typed: Typed, rotation: Rotation) -> ResponseReturnValue:
    """Somebody was faster: what stands now beside what was typed, and the choice between them."""
    mine, problems = _tried(typed, rotation)
    standing = db.session.get_one(Rotation, rotation.id)
    page = render_template(
        _CONFLICT,
        rotation=standing,
        theirs=_preview_of(standing),
        theirs_said=said(standing),
        mine=mine,
        problems=problems,
        carried=[
            (name, value) for name, value in request.form.items(multi=True) if name not in ("csrf_token", "version")
        ],
    )
    return make_response(page, 409)


def _problems(refusal: Refusal) -> dict[str, str]:
    return rotation_form.by_field(refusal.fields) if isinstance(refusal, Malformed) else {"": refusal.sentence}


def _show(
    typed: Typed,
    rotation: Rotation | None,
    problems: Mapping[str, str] | None = None,
    status: int = 422,
    preview: dict[str, Any] | None = None,
    acted: str = "",
) -> ResponseReturnValue:
    people = active_people(Role.RESPONDER)
    page = render_template(
        _EDIT,
        typed=typed,
        rotation=rotation,
        people=people,
        names={person.email: person.name for person in people},
        zone_pairs=[(zone, zone) for zone in zone_choices()],
        days=hours.DAYS,
        weekdays=[("", "As it starts"), *((str(number), day) for number, day in enumerate(hours.DAYS))],
        most=actions.MOST_LAYERS,
        errors=dict(problems or {}),
        preview=preview,
        acted=acted,
        offers_engaging=_is_unengaged(),
        engages="engages" in request.form or request.method == "GET",
        users=actions.who_uses(f"rotation:{rotation.id}") if rotation is not None else [],
        source=_masked(rotation),
    )
    return make_response(page, status if problems else 200)


def _masked(rotation: Rotation | None) -> str:
    """The calendar's server alone: the rest of the address opens it."""
    if rotation is None or not rotation.source_url:
        return ""
    scheme, _sep, rest = rotation.source_url.partition("://")
    return f"{scheme}://{rest.partition('/')[0].rpartition('@')[2]}/…"


def _listed(lane: Lane, first: date, last: date, zone: ZoneInfo) -> list[tuple[Any, str, str]]:
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


def _living(rotation_id: int, *, for_writing: bool = False) -> Rotation:
    """One that was not archived; ``for_writing``: locked, so that of two who save at once the second sees the first."""
    found = db.session.get(Rotation, rotation_id, with_for_update=for_writing)
    if found is None or found.archived_at is not None:
        abort(404)
    return found
