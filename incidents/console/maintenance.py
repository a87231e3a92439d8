"""Maintenance: what runs, what is planned and what was; and each by itself, with what can be done about it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask import Blueprint, abort, flash, redirect, request
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from wtforms import BooleanField, StringField, TextAreaField

from ..access import Role, actor, may
from ..actions import maintenance as actions
from ..kernel import clock
from ..kernel.clock import to_the_minute
from ..kernel.database import db
from ..kernel.errors import Malformed, Refusal
from ..kernel.text import render_markdown
from ..policy import recurrence_words
from ..policy.maintenance import OVER, RUNNING, State
from ..published import planning, repeating
from ..published.components import all_components
from ..published.maintenances import Maintenance, MaintenanceSeries, find_maintenance, not_over
from . import formats
from .forms import Form, refused, show

bp = Blueprint("console_maintenance", __name__, url_prefix="/console/maintenance")

PAGE = "/console/maintenance"
_LIST, _ONE, _CANCEL = (f"console/maintenance/{name}.html" for name in ("list", "one", "cancellation"))
_A_PAGE = 20
_NEXT = 5
STATE_WORDS: Mapping[str, str] = {
    State.SCHEDULED: "Scheduled",
    State.IN_PROGRESS: "In progress",
    State.VERIFYING: "Verifying",
    State.COMPLETED: "Completed",
    State.CANCELLED: "Cancelled",
}
KIND_WORDS: Mapping[str, str] = {
    "note": "Update",
    "moved": "Moved",
    "extended": "Extended",
    "begun": "Begun early",
    "verifying": "Verifying",
    "completed": "Completed",
    "cancelled": "Cancelled",
}


class UpdateForm(Form):
    """A text to the public."""

    body = TextAreaField("What people should know")
    notify = BooleanField("Tell subscribers", default=True)


class ExtensionForm(Form):
    """How much longer it takes."""

    minutes = StringField("Minutes")


class CancellationForm(Form):
    """Why it will not happen, for the public; and whether all of its series is meant."""

    body = TextAreaField("Why, for the public")
    applies_to = StringField("What is cancelled")


@bp.get("")
@may(Role.VIEWER)
def index() -> ResponseReturnValue:
    """What runs first, then what is planned, then what is over."""
    minute = planning.this_minute()
    open_works = not_over(clock.now())
    running = [work for work in open_works if work.state in RUNNING]
    past, older = _past(minute)
    return show(
        _LIST,
        None,
        running=running,
        planned=_next_of_each([work for work in open_works if work not in running]),
        past=past,
        older=older,
        **_around(),
    )


@bp.get("/<public_id>")
@may(Role.VIEWER)
def one(public_id: str) -> ResponseReturnValue:
    """One of them, with what can be done about it."""
    return _shown(_work(public_id), UpdateForm(formdata=None))


@bp.post("/<public_id>/updates")
@may(Role.RESPONDER)
def write(public_id: str) -> ResponseReturnValue:
    """A text about it, to the public."""
    work, form = _work(public_id), UpdateForm()
    return _try(
        work,
        form,
        lambda: actions.write(work, by=actor(), body=form.body.data or "", notify=form.notify.data),
        "The update is on the page.",
    )


@bp.post("/<public_id>/beginning")
@may(Role.RESPONDER)
def begin(public_id: str) -> ResponseReturnValue:
    """It begins now."""
    work = _work(public_id)
    return _try(work, UpdateForm(formdata=None), lambda: actions.begin(work, by=actor()), "The maintenance has begun.")


@bp.post("/<public_id>/verification")
@may(Role.RESPONDER)
def verify(public_id: str) -> ResponseReturnValue:
    """The work is done and being checked."""
    work = _work(public_id)
    return _try(work, UpdateForm(formdata=None), lambda: actions.verify(work, by=actor()), "The page says Verifying.")


@bp.post("/<public_id>/end")
@may(Role.RESPONDER)
def finish(public_id: str) -> ResponseReturnValue:
    """It is over."""
    work = _work(public_id)
    return _try(work, UpdateForm(formdata=None), lambda: actions.finish(work, by=actor()), "The maintenance is over.")


@bp.post("/<public_id>/extension")
@may(Role.RESPONDER)
def extend(public_id: str) -> ResponseReturnValue:
    """It takes longer."""
    work, form = _work(public_id), ExtensionForm()

    def act() -> None:
        typed = form.minutes.data or ""
        if not typed.isdecimal() or len(typed) > 4:
            raise Malformed({"minutes": "Give a number of minutes."})
        actions.extend(work, by=actor(), minutes=int(typed))

    return _try(work, form, act, "The new end is on the page.")


@bp.get("/<public_id>/cancellation")
@may(Role.RESPONDER)
def ask_cancellation(public_id: str) -> ResponseReturnValue:
    """What cancelling means, and the text for the public."""
    work = _work(public_id)
    return show(_CANCEL, CancellationForm(formdata=None, applies_to="this"), work=work, **_around(work))


@bp.post("/<public_id>/cancellation")
@may(Role.RESPONDER)
def cancel(public_id: str) -> ResponseReturnValue:
    """It will not happen."""
    work, form = _work(public_id), CancellationForm()
    try:
        if form.applies_to.data == "all":
            actions.stop_series(actions.still_repeats(work), by=actor(), body=form.body.data or "")
        else:
            actions.cancel(work, by=actor(), body=form.body.data or "")
    except Refusal as refusal:
        db.session.rollback()
        return refused(_CANCEL, form, refusal, work=_work(public_id), **_around(_work(public_id)))
    db.session.commit()
    flash("It is cancelled, and the page says so.")
    return redirect(f"{PAGE}/{public_id}", 303)


def _try(work: Maintenance, form: Form, act: Callable[[], object], sentence: str) -> ResponseReturnValue:
    public_id = work.public_id
    render_markdown(request.form.get("body", ""))  # before anything is locked
    try:
        act()
    except Refusal as refusal:
        db.session.rollback()
        form.blame(refusal)
        return _shown(_work(public_id), form, status=refusal.status)
    db.session.commit()
    flash(sentence)
    return redirect(f"{PAGE}/{public_id}", 303)


def _shown(work: Maintenance, form: Form, *, status: int = 200) -> ResponseReturnValue:
    return show(_ONE, form, status=status, work=work, **_around(work))


def _work(public_id: str) -> Maintenance:
    found = find_maintenance(public_id, for_writing=request.method == "POST")
    if found is None:
        abort(404)
    return found


def _next_of_each(planned: list[Maintenance]) -> list[Maintenance]:
    """Of a series the next alone: the rest follows from its rule."""
    seen: set[int] = set()
    chosen = []
    for work in planned:
        if work.series_id is not None and not work.is_its_own:
            if work.series_id in seen:
                continue
            seen.add(work.series_id)
        chosen.append(work)
    return chosen


def _past(minute: datetime) -> tuple[list[Maintenance], str]:
    """The latest that are over, and where the older ones begin."""
    try:
        before = formats.parse_local(request.args.get("before", "")) if "before" in request.args else minute
    except (ValueError, OverflowError):
        before = minute
    wanted = select(Maintenance).where(Maintenance.over_at <= minute, Maintenance.starts_at < before)
    found = list(db.session.scalars(wanted.order_by(Maintenance.starts_at.desc()).limit(_A_PAGE + 1)))
    older = f"{formats.iso(found[_A_PAGE - 1].starts_at)}" if len(found) > _A_PAGE else ""
    return found[:_A_PAGE], older


def _around(work: Maintenance | None = None) -> dict[str, Any]:
    """What every one of these screens prints with."""
    minute = to_the_minute(clock.now())
    series = planning.series_of(work) if work is not None else None
    names = {component.public_id: component.name for component in all_components(archived=None)}
    return {
        "names_of": lambda each: [name for one, name in names.items() if one in each.components],
        "state_words": STATE_WORDS,
        "kind_words": KIND_WORDS,
        "repeats": repeats,
        "late_by": lambda each: each.times.late_by(minute),
        "is_over": lambda each: each.state in OVER,
        "is_running": lambda each: each.state in RUNNING,
        "series": series,
        "next_times": [at for _slot, at in repeating.upcoming(series, _NEXT)] if series else [],
    }


def repeats(series: MaintenanceSeries | None) -> str:
    """Every week on Tuesday, by the clock of Europe/Berlin; nothing for what does not repeat."""
    if series is None or series.stopped_at is not None:
        return ""
    first = datetime.fromisoformat(series.local_start)
    phrase = recurrence_words.in_words(series.rule, first.date())
    zone = "" if ZoneInfo(series.zone) == formats.viewer_zone() else f" by the clock of {series.zone}"
    return f"{phrase[:1].upper()}{phrase[1:]}, {first:%H:%M}{zone}"
