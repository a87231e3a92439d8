"""One piece of announced work, on a page of its own: when, what for, what it touches, and what was said."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from incidents.kernel.languages import say
from incidents.policy.components import ComponentStatus
from incidents.policy.maintenance import OVER, RUNNING, State

from . import marks, times, words, work_panels
from .prepared import Document
from .sheets import sheet
from .snapshot import Picture
from .work import Work


def maintenance(picture: Picture, work: Work, *, base: str) -> Document:
    """``/maintenances/<id>``."""
    state = work.state(picture.minute)
    view = work_panels.panel_of(work, picture, newest_only=False)
    return sheet(
        "maintenance.html",
        picture,
        path=f"/maintenances/{work.id}",
        base=base,
        key=_key(state),
        work=view,
        about=f"{work.title}. {_outcome(work, picture)}",
        sentence=_outcome(work, picture),
        as_of=words.as_of(picture) if state in RUNNING else None,
        begins=_when(work.times.began_at, picture),
        ends=_when(work.times.finished_at or work.row.ends_at, picture),
        is_over=state == State.COMPLETED,
        is_off=state == State.CANCELLED,
        lasted=work_panels.lasted(work, picture.minute) if state in RUNNING or state == State.COMPLETED else "",
        repeats=work_panels.repeats(work, picture),
        affected=[
            {"id": one, "name": work.names[one], "link": one in picture.told.shown_ids} for one in work.components
        ],
        status=ComponentStatus.MAINTENANCE if state in RUNNING else None,
    )


def _key(state: State) -> str:
    if state in RUNNING:
        return work_panels.KEY
    return marks.KEY[ComponentStatus.OPERATIONAL] if state in OVER else "none"


def _outcome(work: Work, picture: Picture) -> str:
    state = work.state(picture.minute)
    if state == State.SCHEDULED:
        return say("Planned for {time}.", time=work_panels.with_day(work, picture))
    if state == State.CANCELLED:
        return say("Cancelled. It was planned for {time}.", time=work_panels.with_day(work, picture))
    if state == State.COMPLETED:
        return say("Completed after {length}.", length=work_panels.lasted(work, picture.minute))
    late = work_panels.late(work, picture)
    names = [work.names[one] for one in work.components]
    until = times.both_with_day(work.row.ends_at, picture.zone, now=picture.minute)
    ending = say("{sentence}.", sentence=late) if late else say("Until {time}.", time=until)
    return words.run_on([work_panels.trouble(names), ending]) if names else ending


def _when(moment: datetime, picture: Picture) -> dict[str, Any]:
    local = moment.astimezone(picture.zone)
    here, utc = times.at(moment, picture.zone), times.in_utc(moment)
    day = times.full_day(local.date())
    return {"at": moment, "clock": here, "rest": say("{day}, {time}", day=day, time=utc) if here != utc else day}
