"""Planning maintenance and changing it: one form, with the next dates and the page's own picture of it beside."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from flask import Blueprint, abort, current_app, flash, redirect, render_template, request
from flask.typing import ResponseReturnValue
from markupsafe import Markup
from wtforms import BooleanField, SelectField, SelectMultipleField, StringField, TextAreaField

from ..access import Role, actor, may
from ..actions import maintenance as actions
from ..kernel import clock
from ..kernel.database import db, reading
from ..kernel.errors import Malformed, Refusal
from ..kernel.text import render_markdown
from ..policy import recurrence, recurrence_words, zones
from ..policy.maintenance import OVER, State, problems_with
from ..published import planning
from ..published.components import all_components
from ..published.maintenances import Maintenance, find_maintenance
from ..published.page_settings import page_settings
from ..published.planning import Words
from . import formats
from .forms import Form, refused, show
from .maintenance import PAGE
from .me import zone_choices

bp = Blueprint("console_maintenance_form", __name__, url_prefix=PAGE)

_FORM, _PREVIEW = "console/maintenance/edit.html", "console/maintenance/_preview.html"
_LOCAL = "%Y-%m-%dT%H:%M"
_PREVIEWED = 5
_NEVER = datetime.min  # noqa: DTZ901 - never used: a time that is missing is refused before
_EXTENSION = "sevenbells.work_preview"
Drawn = Callable[..., Markup]


class MaintenanceForm(Form):
    """Everything that is said of a piece of work, and when it happens."""

    title = StringField("Title")
    body = TextAreaField("What people will notice")
    components = SelectMultipleField("Components", choices=[], validate_choice=False)
    zone = StringField("Time zone")
    starts = StringField("Begins")
    ends = StringField("Ends")
    repeat = SelectField("Repeats", choices=recurrence_words.CHOICES, validate_choice=False)
    until = StringField("Last day")
    times = StringField("How many times")
    rule = StringField("Rule")
    verify_minutes = StringField("Minutes for checking at the end")
    checklist_url = StringField("Checklist")
    needs_a_word = BooleanField("Somebody has to say when it is over")
    notify = BooleanField("Tell subscribers")
    applies_to = StringField("What is changed")
    version = StringField("Version")


@bp.get("/new")
@may(Role.RESPONDER)
def new() -> ResponseReturnValue:
    """The form, for tomorrow evening unless somebody says otherwise."""
    zone = page_settings().zone
    begins = (actions.local_time(clock.now(), zone) + timedelta(days=1)).replace(hour=22, minute=0, second=0)
    form = MaintenanceForm(
        formdata=None,
        zone=zone,
        starts=begins.strftime(_LOCAL),
        ends=(begins + timedelta(hours=1)).strftime(_LOCAL),
        repeat=recurrence_words.ONCE,
        notify=True,
        components=request.args.getlist("component"),
    )
    return show(_FORM, form, **_around(form, None))


@bp.post("")
@may(Role.RESPONDER)
def add() -> ResponseReturnValue:
    """Announce it."""
    form = MaintenanceForm()
    said = _words(form)
    try:
        if _repeats(form):
            work = actions.plan_series(said, by=actor(), **_timing(form))[0]
        else:
            zone, starts, ends = _times(form)
            work = actions.plan(
                said, by=actor(), starts_at=zones.instant(starts, zone), ends_at=zones.instant(ends, zone)
            )
    except Refusal as refusal:
        db.session.rollback()
        return refused(_FORM, form, _named(refusal), **_around(form, None))
    db.session.commit()
    flash("It is on the page.")
    return redirect(f"{PAGE}/{work.public_id}", 303)


@bp.post("/preview")
@may(Role.RESPONDER)
def preview() -> ResponseReturnValue:
    """The next dates and the page's own picture of what is typed; nothing is recorded."""
    db.session.rollback()
    with reading():
        form = MaintenanceForm()
        work = find_maintenance(request.form.get("of", ""))
        around = _around(form, work)
        if "HX-Request" in request.headers:
            return render_template(_PREVIEW, **around)
        return show(_FORM, form, **around)


@bp.get("/<public_id>/edit")
@may(Role.RESPONDER)
def edit(public_id: str) -> ResponseReturnValue:
    """The form with what stands there now."""
    work = _work(public_id)
    form = _form_of(work)
    return show(_FORM, form, **_around(form, work))


@bp.post("/<public_id>")
@may(Role.RESPONDER)
def change(public_id: str) -> ResponseReturnValue:
    """Other words or other times, of this one or of all that have not begun."""
    form = MaintenanceForm()
    said = _words(form)
    work = _work(public_id)
    try:
        if form.applies_to.data == "all":
            planned = actions.change_series(actions.still_repeats(work), said, by=actor(), **_timing(form))
            work = work if work in planned or not planned else planned[0]
        else:
            zone, starts, ends = _times(form)
            actions.change(
                work,
                said,
                by=actor(),
                starts_at=_unless_the_same(work.starts_at, starts, zone),
                ends_at=_unless_the_same(work.ends_at, ends, zone),
                version=_whole(form.version.data, "version") or None,
            )
    except Refusal as refusal:
        db.session.rollback()
        return refused(_FORM, form, _named(refusal), **_around(form, _work(public_id)))
    db.session.commit()
    flash("The page shows the change.")
    return redirect(f"{PAGE}/{work.public_id}", 303)


def _work(public_id: str) -> Maintenance:
    found = find_maintenance(public_id, for_writing=request.method == "POST")
    if found is None or found.state in OVER:
        abort(404)
    return found


# -- the form, read ----------------------------------------------------------------------------------------------------


def _words(form: MaintenanceForm) -> Words:
    return actions.words(
        title=form.title.data or "",
        body=form.body.data or "",
        components=form.components.data or (),
        checklist_url=form.checklist_url.data,
        ends_by_itself=not form.needs_a_word.data,
        verify_minutes=_whole(form.verify_minutes.data, None),
        notify=form.notify.data,
    )


def _repeats(form: MaintenanceForm) -> bool:
    return form.repeat.data not in ("", None, recurrence_words.ONCE)


def _times(form: MaintenanceForm) -> tuple[ZoneInfo, datetime, datetime]:
    """The zone and both local times. Raises Malformed with a sentence per field."""
    problems: dict[str, str] = {}
    name = form.zone.data or ""
    if name not in available_timezones():
        problems["zone"] = "Choose a zone from the list, such as Europe/Berlin."
    found = {field: _typed_time(form[field].data) for field in ("starts", "ends")}
    for field, word in (("starts", "begins"), ("ends", "ends")):
        if found[field] is None:
            problems[field] = f"Say on which day and at what time it {word}."
    if problems:
        raise Malformed(problems)
    return ZoneInfo(name), found["starts"] or _NEVER, found["ends"] or _NEVER


def _typed_time(typed: str | None) -> datetime | None:
    """A time without zone, on a whole minute; None for what is none, or lies beyond any plan."""
    try:
        found = datetime.fromisoformat(typed or "").replace(tzinfo=None, second=0, microsecond=0)
    except ValueError:
        return None
    return found if 2000 <= found.year < 2100 else None


def _timing(form: MaintenanceForm) -> dict[str, Any]:
    """When it comes again. Raises Malformed."""
    zone, starts, ends = _times(form)
    lasts = zones.instant(ends, zone) - zones.instant(starts, zone)
    problems = problems_with(starts, starts + lasts)
    if problems:
        raise Malformed(problems)
    return {"rule": _rule(form, starts.date()), "zone": zone.key, "local_start": starts, "lasts": lasts}


def _rule(form: MaintenanceForm, first: date) -> str:
    choice = form.repeat.data
    if choice == recurrence_words.OWN:
        return form.rule.data or ""
    until = None
    if form.until.data:
        try:
            until = date.fromisoformat(form.until.data)
        except ValueError:
            raise Malformed({"until": "Write the day as 2026-11-23."}) from None
    count = _whole(form.times.data, "times") or None
    if until is not None and count is not None:
        raise Malformed({"times": "Give a last day or a number of times, not both."})
    try:
        return recurrence_words.rule_of(choice, first, until=until, count=count)
    except KeyError:
        raise Malformed({"repeat": "Choose how it repeats."}) from None


def _whole(typed: str | None, field: str | None) -> int:
    """A whole number, 0 where nothing stands; raises Malformed for anything else where a field is named."""
    if not typed:
        return 0
    if typed.isdecimal() and typed.isascii() and len(typed) <= 5:
        return int(typed)
    if field is None:
        return -1  # the action says what is wrong with it
    raise Malformed({field: "Give a whole number."})


def _unless_the_same(before: datetime, typed: datetime, zone: ZoneInfo) -> datetime:
    """The instant that was typed; an hour that occurs twice stays the one it was."""
    return before if before.astimezone(zone).replace(tzinfo=None) == typed else zones.instant(typed, zone)


def _named(refusal: Refusal) -> Refusal:
    """What an action says of its own fields, beside ours."""
    ours = {"starts_at": "starts", "ends_at": "ends", "time_zone": "zone", "recurrence": "repeat"}
    if not isinstance(refusal, Malformed):
        return refusal
    is_own = request.form.get("repeat") == recurrence_words.OWN
    names = {**ours, "recurrence": "rule"} if is_own else ours
    return Malformed({names.get(name, name): sentence for name, sentence in refusal.fields.items()})


def _form_of(work: Maintenance) -> MaintenanceForm:
    series = planning.series_of(work)
    zone = series.zone if series else page_settings().zone
    choice, until, count, rule = recurrence_words.ONCE, None, None, ""
    if series is not None:
        choice, until, count = recurrence_words.choice_of(series.rule, date.fromisoformat(series.local_start[:10]))
        rule = series.rule
    return MaintenanceForm(
        formdata=None,
        title=work.title,
        body=work.body,
        components=list(work.components),
        zone=zone,
        starts=actions.local_time(work.starts_at, zone).strftime(_LOCAL),
        ends=actions.local_time(work.ends_at, zone).strftime(_LOCAL),
        repeat=choice,
        until=until.isoformat() if until else "",
        times=str(count or ""),
        rule=rule,
        verify_minutes=str(work.verify_minutes or ""),
        checklist_url=work.checklist_url or "",
        needs_a_word=not work.ends_by_itself,
        notify=work.notify,
        applies_to="this",
        version=str(work.version),
    )


# -- what stands beside it ---------------------------------------------------------------------------------------------


def _around(form: MaintenanceForm, work: Maintenance | None) -> dict[str, Any]:
    dates, problem = _next_dates(form)
    return {
        "work": work,
        "series": planning.series_of(work) if work is not None else None,
        "has_begun": work is not None and work.state != State.SCHEDULED,
        "known_components": all_components(),
        "zones": zone_choices(),
        "dates": dates,
        "dates_problem": problem,
        "drawn": _drawn(form),
    }


def _next_dates(form: MaintenanceForm) -> tuple[list[str], str]:
    """The first five times in the zone that was typed; or why there are none."""
    if not _repeats(form):
        return [], ""
    try:
        timing = _timing(form)
        parsed = recurrence.parse(timing["rule"])
        zone = ZoneInfo(timing["zone"])
        if recurrence.never_comes_true(parsed, timing["local_start"], zone):
            return [], "This rule never comes true after the start."
        found = recurrence.occurrences(parsed, timing["local_start"], zone)
        return [_day_and_time(at, zone) for (_local, at), _number in zip(found, range(_PREVIEWED), strict=False)], ""
    except Malformed as wrong:
        return [], next(iter(wrong.fields.values()))
    except ValueError as wrong:
        return [], str(wrong)


def _day_and_time(at: datetime, zone: ZoneInfo) -> str:
    local = at.astimezone(zone)
    return f"{local:%a} {local.day} {local:%b %Y}, {local:%H:%M} {formats.zone_word(local)}"


def _drawn(form: MaintenanceForm) -> Markup:
    """What the public will see, printed by the very mark-up of the status page."""
    draw: Drawn | None = current_app.extensions.get(_EXTENSION)
    try:
        zone, starts, ends = _times(form)
    except Malformed:
        return Markup("")
    starts_at, ends_at = zones.instant(starts, zone), zones.instant(ends, zone)
    if draw is None or ends_at <= starts_at:
        return Markup("")
    return draw(
        db.session.connection(),
        title=form.title.data or "Title",
        body_html=render_markdown(form.body.data or ""),
        components=form.components.data or (),
        starts_at=starts_at,
        ends_at=ends_at,
        now=clock.now(),
    )
