"""Shifts as iCalendar at a secret address, for calendar programs that cannot sign in."""

from __future__ import annotations

from datetime import timedelta

from flask import Blueprint, Response, abort, request
from flask.typing import ResponseReturnValue
from sqlalchemy import update

from ..access import anyone
from ..access.passing import write_in_passing
from ..actions import calendars
from ..kernel import clock
from ..messages.oncall_calendar import as_icalendar
from ..records.oncall import CalendarFeed

bp = Blueprint("calendars", __name__)

_TOUCH_EVERY = timedelta(hours=1)
_TYPE = "text/calendar; charset=utf-8"


@bp.get("/calendars/<secret>.ics")
@anyone()
def show(secret: str) -> ResponseReturnValue:
    """The calendar. Whatever is wrong with an address, the answer is the same: there is nothing here."""
    feed = calendars.feed_of(secret)
    if feed is None:
        abort(404)
    response = Response(as_icalendar(calendars.name_of(feed), calendars.entries_of(feed)), content_type=_TYPE)
    # kept by whoever reads it, and asked about each time
    response.headers["Cache-Control"] = "private, no-cache"
    response.add_etag()
    _note_reading(feed)
    return response.make_conditional(request)


def _note_reading(feed: CalendarFeed) -> None:
    now = clock.now()
    if feed.last_read_at is None or now - feed.last_read_at >= _TOUCH_EVERY:
        write_in_passing(update(CalendarFeed).where(CalendarFeed.id == feed.id).values(last_read_at=now))
