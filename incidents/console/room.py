"""The room: one incident with everything that happened, what is owed, and what to do next."""

from __future__ import annotations

import re

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from ..access import Role, may, me
from ..actions import updates
from ..kernel import clock
from ..records.incidents import Incident
from ..records.people import Person
from ..records.updates import Update
from . import composer, standing, timeline
from .incident_pages import load
from .shell import shell

bp = Blueprint("console_room", __name__, url_prefix="/console/incidents")

_NUMBER = re.compile(r"[1-9]\d{0,8}")


@bp.get("/<ref>")
@may(Role.VIEWER)
def show(ref: str) -> ResponseReturnValue:
    """The room. ``?show`` filters the timeline, ``?before`` turns its page, ``?compose`` opens the composer."""
    incident, person = load(ref), me()
    facts = standing.of(incident, me=person)
    may_act = person.may(Role.RESPONDER)
    is_pressing = standing.update_is_pressing(incident) and may_act
    return render_template(
        "console/room.html",
        incident=incident,
        facts=facts,
        shown=_shown(),
        story=timeline.read(incident, me=person, show=_shown(), before=_number("before")),
        composer=composer.of(incident, me=person) if may_act else None,
        is_composing="compose" in request.args or is_pressing,
        is_asked_for="compose" in request.args,
        undoable=undoable(incident, person),
        may_act=may_act,
        newest=timeline.newest_entry(incident),
        signs=timeline.SIGNS,
        errors={},
    )


@bp.get("/<ref>/timeline")
@may(Role.VIEWER)
def news(ref: str) -> ResponseReturnValue:
    """What was written after ``?after``, with the header and the margin as they now are; 204 when nothing was."""
    incident, person = load(ref), me()
    after = _number("after") or 0
    newest = timeline.newest_entry(incident)
    if newest <= after:
        return "", 204
    shell()
    return render_template(
        "console/_room_news.html",
        incident=incident,
        facts=standing.of(incident, me=person),
        shown=_shown(),
        story=timeline.read(incident, me=person, show=_shown(), after=after),
        may_act=person.may(Role.RESPONDER),
        newest=newest,
    )


def undoable(incident: Incident, person: Person) -> Update | None:
    """This person's publication of the last ten seconds."""
    last = updates.latest(incident)
    if last is None or last.undo_until is None or last.by_kind != "person" or last.by_id != person.id:
        return None
    return last if last.undo_until > clock.now() else None


def _shown() -> str:
    asked = request.args.get("show", "all")
    return asked if asked in timeline.SHOWN else "all"


def _number(name: str) -> int | None:
    given = request.args.get(name, "")
    return int(given) if _NUMBER.fullmatch(given) else None
