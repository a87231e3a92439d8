"""The editor of a rotation: people and layers moved by buttons, and the next four weeks before anything is saved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from flask import Blueprint, abort, flash, make_response, redirect, render_template, request
from flask.typing import ResponseReturnValue

from ...access import Role, actor, may, me
from ...actions import oncall, oncall_roles
from ...actions import rotations as actions
from ...kernel import clock
from ...kernel.database import db
from ...kernel.errors import Malformed, Outdated, Refusal
from ...policy import zones
from ...records.oncall import Rotation
from ...records.people import active_people
from ..me import zone_choices
from . import hours, rotation_form, weeks
from .lanes import of_rotation
from .rotation_form import ELSEWHERE, HERE, Typed
from .rotations import EDGE, listed, said

bp = Blueprint("console_rotation_editor", __name__, url_prefix="/console/on-call/rotations")

_EDIT, _CONFLICT = "console/on_call/rotation_edit.html", "console/on_call/rotation_conflict.html"
_PREVIEW_WEEKS = 4


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


@bp.post("/<int:rotation_id>/restored")
@may(Role.ADMIN)
def restore(rotation_id: int) -> ResponseReturnValue:
    """Its people take turns again."""
    rotation = db.session.get(Rotation, rotation_id, with_for_update=True)
    if rotation is None:
        abort(404)
    actions.restore_rotation(rotation, by=actor())
    db.session.commit()
    flash(f"{rotation.name} is back. {_whom_it_pages(rotation)}")
    return redirect(f"/console/on-call/rotations/{rotation.id}", 303)


def _whom_it_pages(rotation: Rotation) -> str:
    users = actions.who_uses(f"rotation:{rotation.id}")
    return f"{' and '.join(users)} page by it." if users else "No role points to it yet, so nobody is paged by it."


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
    lane = of_rotation(rotation, me(), since=since - EDGE, until=until + EDGE)
    return {
        "rows": weeks.rows(lane.spans, first=first, weeks=_PREVIEW_WEEKS, now=now, zone=zone),
        "spans": listed(lane, first, first + _PREVIEW_WEEKS * weeks.WEEK, zone),
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


def _living(rotation_id: int, *, for_writing: bool = False) -> Rotation:
    """One that was not archived; ``for_writing``: locked, so that of two who save at once the second sees the first."""
    found = db.session.get(Rotation, rotation_id, with_for_update=for_writing)
    if found is None or found.archived_at is not None:
        abort(404)
    return found
