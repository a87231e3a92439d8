"""On call: am I, until when, who is next; the week, who is paged when, how I am reached, and what is not covered."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from flask import Blueprint, make_response, render_template, request
from flask.typing import ResponseReturnValue

from ...access import Role, may, me
from ...actions import oncall
from ...kernel import clock
from ...policy import zones
from ...records.oncall import rotations
from .. import formats
from . import gaps, headline, hours, lanes, paged, reaching, week

bp = Blueprint("console_on_call", __name__, url_prefix="/console/on-call")

_DAYS = 8  # yesterday, today, and six more
_FARTHEST = timedelta(days=3660)


@bp.get("")
@may(Role.VIEWER)
def page() -> ResponseReturnValue:
    """The whole screen; ``?from=2026-11-22`` is another week."""
    return shown()


def shown(problem: str = "", status: int = 200) -> ResponseReturnValue:
    """The same with what stood in the way of one of its buttons."""
    person, now = me(), clock.now()
    zone = person.time_zone
    usual = zones.local_day(now, zone) - timedelta(days=1)
    first = _asked_day(now) or usual
    since, until = (zones.start_of_day(first + timedelta(days=days), zone) for days in (0, _DAYS))
    drawn = lanes.lanes(person, since=since, until=until)
    text = render_template(
        "console/on_call/page.html",
        headline=headline.headline(person),
        week=week.drawing(drawn, since=since, until=until, now=now, zone=zone),
        shifts=[
            (lane.label, span, week.span_words(span.starts_at, span.ends_at, zone))
            for lane in drawn
            for span in lane.spans
        ],
        week_title="This week" if first == usual else f"{_day(first)} to {_day(first + timedelta(days=_DAYS - 1))}",
        is_usual=first == usual,
        earlier=first - timedelta(days=7),
        later=first + timedelta(days=7),
        zone_word=formats.zone_word(since.astimezone(zone)),
        change=hours.change_words(person),
        rotations=rotations(),
        is_engaged=bool(oncall.words_of_role(oncall.ON_CALL_ENGINEER)),
        paged=paged.table(),
        ways=reaching.lines(person),
        gaps=gaps.gaps(person),
        covers=gaps.covers(person),
        swaps=gaps.swaps(person),
        errors={"": problem} if problem else {},
    )
    return make_response(text, status)


def _asked_day(now: datetime) -> date | None:
    """The day with which the week begins, where the address names one that is not absurd."""
    try:
        asked = date.fromisoformat(request.args.get("from", ""))
    except ValueError:
        return None
    return asked if abs(asked - now.date()) < _FARTHEST else None


def _day(day: date) -> str:
    return f"{day:%a} {day.day} {day:%b}"
