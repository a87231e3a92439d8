"""A week or a month to read together and to print: what happened, the figures, what is owed still, and the load."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import NotFound

from ...access import Role, may, me
from ...access.visibility import visible_incidents, visible_to
from ...kernel import clock
from ...kernel.database import db
from ...policy import periods, zones
from ...policy.periods import Period
from ...published.page_settings import page_settings
from ...records.incidents import Incident
from ...reports.insights import Selection, learning
from .. import glance
from . import gathering

bp = Blueprint("console_insights_reviews", __name__, url_prefix="/console/insights/reviews")

_MOST = 200  # incidents on one sheet


@dataclass(frozen=True)
class Named:
    """A review's name in its address, and as people say it."""

    name: str
    title: str


@bp.get("/<name>")
@may(Role.VIEWER)
def show(name: str) -> ResponseReturnValue:
    """``2026-W47`` or ``2026-11``."""
    zone = ZoneInfo(page_settings().zone)
    period = periods.named(name, zone)
    if period is None:
        raise NotFound
    today = zones.local_day(clock.now(), zone)
    selection, before = _selection(period), _selection(_one_before(name, period))
    happened = _happened(period)
    return render_template(
        "console/insights/review.html",
        period=period,
        title=_title(name, period),
        earlier=_neighbour(name, period.first - timedelta(days=1)),
        later=_neighbour(name, period.last + timedelta(days=1)) if period.last < today else None,
        is_running=period.last >= today,
        report=gathering.report(me(), period, selection, before, of=""),
        rows=glance.rows(happened[:_MOST]),
        has_more=len(happened) > _MOST,
        most=_MOST,
        late_postmortems=learning.late_postmortems(visible_to(me()), now=clock.now()),
        late_items=learning.late_items(visible_to(me()), today=today),
        today=today,
    )


def _selection(period: Period) -> Selection:
    return Selection(visible=visible_to(me()), since=period.since, until=period.until)


def _one_before(name: str, period: Period) -> Period:
    """The month before a month, though it is longer or shorter."""
    if "W" in name:
        return period.before
    found = periods.named(periods.month_name(period.first - timedelta(days=1)), period.zone)
    return found or period.before


def _happened(period: Period) -> Sequence[Incident]:
    """All of it by the time of its detection, drills and false alarms too."""
    wanted = visible_incidents(me()).where(Incident.detected_at >= period.since, Incident.detected_at < period.until)
    return db.session.scalars(wanted.order_by(Incident.detected_at, Incident.id).limit(_MOST + 1)).all()


def _title(name: str, period: Period) -> str:
    if "W" in name:
        return f"Week {int(name[-2:])} of {name[:4]}"
    return f"{period.first:%B %Y}"


def _neighbour(name: str, day: date) -> Named | None:
    if not periods.EARLIEST <= day <= periods.LATEST:
        return None
    other = periods.week_name(day) if "W" in name else periods.month_name(day)
    return Named(other, f"Week {int(other[-2:])}" if "W" in name else f"{day:%B %Y}")
