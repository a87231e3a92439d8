"""What time does about being on call: hand-overs, swaps that nobody answered, and calendars kept elsewhere."""

from __future__ import annotations

import structlog
from flask import current_app

from ..actions import calendar_in, foreign_calendar, handovers, swaps
from ..kernel import clock, http
from ..kernel.database import db
from ..kernel.settings import Settings
from . import holding

MOST_BYTES = 2 * 1024 * 1024  # a busy calendar of five years is half of it
_BROKEN = "The calendar was not taken over: it holds something that is not understood here. The clock's log says more."

log = structlog.get_logger(__name__)


def announce_hand_overs() -> None:
    """Whoever comes on call and whoever goes off, once a hand-over."""
    handovers.announce()
    db.session.commit()


def settle_swaps() -> None:
    """Swaps that nobody answered lapse when their shift begins, and are asked once more the day before."""
    swaps.lapse_and_remind()
    db.session.commit()


def read_calendars() -> None:
    """Every rotation that is kept elsewhere, every ten minutes. No transaction is open while the network is."""
    due = calendar_in.due()
    db.session.rollback()
    for rotation_id in due:
        if not holding.may_still_act():
            return  # the others are due as well for whoever does the chores next
        _read(rotation_id)


def _read(rotation_id: int) -> None:
    rotation = calendar_in.claim(rotation_id)
    if rotation is None or rotation.source_url is None:
        db.session.rollback()
        return
    url, zone = rotation.source_url, calendar_in.zone_of(rotation)
    db.session.commit()
    now = clock.now()
    since, until = now - calendar_in.BEHIND, now + calendar_in.AHEAD
    settings: Settings = current_app.extensions["sevenbells.settings"]
    try:
        body = http.get(url, settings, most_bytes=MOST_BYTES)
        found = foreign_calendar.read(body, zone=zone, since=since, until=until)
        calendar_in.keep_shifts(rotation_id, url, found, since=since)
    except (http.Blocked, http.Unreachable, foreign_calendar.Unreadable) as refused:
        log.warning("calendar_not_read", rotation=rotation_id, reason=str(refused))
        calendar_in.keep_problem(rotation_id, url, str(refused))
    except Exception as broken:  # what nobody knew of must be said as well, and the others must be read
        db.session.rollback()
        log.exception("calendar_not_kept", rotation=rotation_id, reason=type(broken).__name__)
        calendar_in.keep_problem(rotation_id, url, _BROKEN)
    db.session.commit()
