"""Swaps: asking somebody, or anybody, to take a shift, perhaps for one in return; and answering."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from flask import Blueprint, abort, flash, make_response, redirect, render_template, request
from flask.typing import ResponseReturnValue

from ...access import Role, may, me
from ...actions import swaps as actions
from ...actions.shifts import shifts
from ...kernel import clock
from ...kernel.database import db
from ...kernel.errors import Malformed, Refusal
from ...policy.rotations import by_person
from ...records.oncall import Rotation, ShiftSwap, rotations
from ...records.people import Person
from . import fields, gaps
from .lanes import of_rotation
from .week import span_words

bp = Blueprint("console_swaps", __name__, url_prefix="/console/on-call/swaps")

_NEW, _ONE = "console/on_call/swap_new.html", "console/on_call/swap.html"
_AHEAD = timedelta(weeks=13)
_MOST_SHIFTS = 6
# what the action calls a field → its name in the form
_AT = {"starts_at": "from", "ends_at": "until", "return": "return_from"}
_ANSWERED = {"accept": "It is yours.", "decline": "Declined.", "withdraw": "Taken back. Nobody is asked any more."}


@bp.get("/new")
@may(Role.RESPONDER)
def new() -> ResponseReturnValue:
    """The form, filled with what the address says, else with one's next shift."""
    mine = _my_next()
    names = ("rotation", "from", "until", "to", "return_from", "return_until", "note")
    typed: dict[str, str] = {name: fields.text(name) for name in names}
    if mine and not typed["from"]:
        rotation, begins, ends, _words = mine[0]
        typed |= {"rotation": str(rotation.id), "from": begins, "until": ends}
    return _show(typed, {})


@bp.post("")
@may(Role.RESPONDER)
def ask() -> ResponseReturnValue:
    """Ask for it."""
    try:
        swap = _ask()
    except Refusal as refusal:
        db.session.rollback()
        return _show(request.form, _said(refusal), refusal.status)
    whom = "Everybody who shares the rotation is asked." if swap.to_id is None else "They are asked."
    db.session.commit()
    flash(whom)
    return redirect("/console/on-call#gaps-title", 303)


@bp.get("/<int:swap_id>")
@may(Role.VIEWER)
def one(swap_id: int) -> ResponseReturnValue:
    """What is asked, what stands then, and the buttons for whoever may answer."""
    return _show_one(_swap(swap_id), "")


@bp.post("/<int:swap_id>")
@may(Role.RESPONDER)
def answer(swap_id: int) -> ResponseReturnValue:
    """Take it, decline it, or take the question back: ``act``."""
    swap = _swap(swap_id)
    acts: dict[str, Callable[[], object]] = {
        "accept": lambda: actions.accept(swap, by=me()),
        "decline": lambda: actions.decline(swap, by=me()),
        "withdraw": lambda: actions.withdraw(swap, by=me()),
    }
    act = request.form.get("act", "")
    if act not in acts:
        abort(422)
    try:
        acts[act]()
    except Refusal as refusal:
        db.session.rollback()
        return _show_one(_swap(swap_id), refusal.sentence, refusal.status)
    db.session.commit()
    flash(_ANSWERED[act])
    return redirect("/console/on-call#gaps-title", 303)


def _ask() -> ShiftSwap:
    problems: dict[str, str] = {}
    rotation = fields.rotation(problems)
    to = fields.person("to", problems, wanted=False)
    starts_at, ends_at = fields.moment("from", problems), fields.moment("until", problems)
    back = tuple(fields.moment(name, problems, wanted=False) for name in ("return_from", "return_until"))
    if len([each for each in back if each is None]) == 1 and not problems:
        problems["return_from"] = "Give both ends of the shift in return, or neither."
    if rotation is None or starts_at is None or ends_at is None or problems:
        raise Malformed(problems)
    in_return = (back[0], back[1]) if back[0] is not None and back[1] is not None else None
    return actions.ask(
        rotation,
        by=me(),
        starts_at=starts_at,
        ends_at=ends_at,
        to=to,
        in_return=in_return,
        note=fields.text("note"),
    )


def _said(refusal: Refusal) -> dict[str, str]:
    """What is wrong, by the names of the form's fields."""
    if not isinstance(refusal, Malformed):
        return {"": refusal.sentence}
    return {_AT.get(name, name): sentence for name, sentence in refusal.fields.items()}


def _show(typed: Mapping[str, str], problems: dict[str, str], status: int = 200) -> ResponseReturnValue:
    page = render_template(
        _NEW,
        typed=typed,
        errors=problems,
        rotations=fields.rotation_choices(),
        people=[pair for pair in fields.responders() if pair[0] != me().email],
        mine=_my_next(),
    )
    return make_response(page, status)


def _show_one(swap: ShiftSwap, problem: str, status: int = 200) -> ResponseReturnValue:
    rotation = db.session.get_one(Rotation, swap.rotation_id)
    taker = db.session.get(Person, swap.taken_by_id) if swap.taken_by_id else None
    page = render_template(
        _ONE,
        asked=gaps.swap_of(swap, rotation, me()),
        taker=taker,
        is_over=swap.starts_at <= clock.now(),
        standing=_standing(rotation, swap),
        errors={"": problem} if problem else {},
    )
    return make_response(page, status)


def _standing(rotation: Rotation, swap: ShiftSwap) -> list[tuple[Any, str]]:
    """Who is on call then, as it stands."""
    lane = of_rotation(rotation, me(), since=swap.starts_at, until=swap.ends_at)
    return [(span, span_words(span.starts_at, span.ends_at, me().time_zone)) for span in lane.spans[:20]]


def _my_next() -> list[tuple[Rotation, str, str, str]]:
    """The viewer's next shifts: in which rotation, its ends as fields hold them, and in words."""
    now, person = clock.now(), me()
    found = [
        (shift.starts_at, shift.ends_at, rotation)
        for rotation in rotations()
        for shift in by_person(shifts(rotation, since=now, until=now + _AHEAD))
        if shift.person == person.id and shift.starts_at > now
    ]
    found.sort(key=lambda each: each[0])
    return [
        (rotation, _as_field(begins), _as_field(ends), span_words(begins, ends, person.time_zone))
        for begins, ends, rotation in found[:_MOST_SHIFTS]
    ]


def _as_field(at: datetime) -> str:
    return f"{at.astimezone(me().time_zone):%Y-%m-%dT%H:%M}"


def _swap(swap_id: int) -> ShiftSwap:
    found = db.session.get(ShiftSwap, swap_id)
    if found is None:
        abort(404)
    return found
