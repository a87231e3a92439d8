"""The first screen: what needs you, in which order, how long you have, and the button."""

from __future__ import annotations

from collections.abc import Sequence

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from ..access import Role, may, me
from ..actions import oncall
from ..kernel import clock
from ..policy.components import ComponentStatus
from ..records.incidents import Incident
from . import attention, first_steps, glance, last_month, page_state
from .action_items import parts as action_items
from .on_call import gaps
from .shell import shell

bp = Blueprint("console_now", __name__, url_prefix="/console")
_MOST_ITEMS = 5
_MOST = 20  # rows of each kind; the list of incidents has them all


@bp.get("/")
@may(Role.VIEWER)
def show() -> ResponseReturnValue:
    """The list of what needs you, then what is open, then what is not operational."""
    frame = shell()
    assert frame.watch is not None
    open_ones = [incident for incident in frame.watch.incidents if incident.is_open]
    shown = _hardest_first(open_ones)[:_MOST]
    return render_template(
        "console/now.html",
        needs=frame.needs[:_MOST],
        rows=glance.rows(shown),
        open_count=len(open_ones),
        later=attention.later(frame.watch),
        owed_items=action_items.owed_by(me(), limit=_MOST_ITEMS + 1),
        most_items=_MOST_ITEMS,
        troubled=[
            (each, status) for each, status in page_state.shown_components() if status != ComponentStatus.OPERATIONAL
        ],
        first_steps=first_steps.of(me()),
        month=last_month.figures(me()),
        standing=[each for each in oncall.standing(clock.now()) if each.is_assigned],
        what_then=gaps.what_then(clock.now()) if frame.uncovered else "",
    )


@bp.get("/live")
@may(Role.VIEWER)
def live() -> ResponseReturnValue:
    """The strip above every page and the due times at which a tab rings, asked again every 15 seconds."""
    if request.args.get("after") == shell().stamp:
        return "", 204
    return render_template("console/_live.html", hides_live="quiet" in request.args, room_ref=request.args.get("room"))


def _hardest_first(incidents: Sequence[Incident]) -> list[Incident]:
    return sorted(incidents, key=lambda incident: (incident.severity, incident.id))
