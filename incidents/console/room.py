"""The room: one incident with everything that happened, what is owed, and what to do next."""

from __future__ import annotations

import re

from flask import Blueprint, current_app, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from ..access import Role, may, me
from ..actions import asked, updates
from ..kernel import clock
from ..kernel.database import db
from ..records.heard_messages import unread_of
from ..records.incidents import Incident
from ..records.people import Person
from ..records.timeline import TimelineEntry
from ..records.updates import Update
from . import composer, standing, timeline
from .incident_pages import load
from .shell import shell
from .timeline import Timeline

bp = Blueprint("console_room", __name__, url_prefix="/console/incidents")

_NUMBER = re.compile(r"[1-9]\d{0,8}")


@bp.get("/<ref>")
@may(Role.VIEWER)
@asked.once()
def show(ref: str) -> ResponseReturnValue:
    """The room. ``?show`` filters the timeline, ``?before`` turns its page, ``?compose`` opens the composer.

    ``?entry`` is one that was found: where it is not among the newest, the page begins with it.
    """
    incident, person = load(ref), me()
    facts = standing.of(incident, me=person)
    may_act = person.may(Role.RESPONDER)
    is_pressing = standing.update_is_pressing(incident) and may_act
    story, is_older = _story(incident, person)
    return render_template(
        "console/room.html",
        incident=incident,
        facts=facts,
        shown=_shown(),
        story=story,
        composer=composer.of(incident, me=person) if may_act else None,
        is_composing="compose" in request.args or is_pressing,
        is_asked_for="compose" in request.args,
        undoable=undoable(incident, person),
        may_act=may_act,
        newest=timeline.newest_entry(incident),
        seen=_seen(incident),
        is_older=is_older,
        unread=unread_of(incident.id) if _hears_slack() else (),
        signs=timeline.SIGNS,
        errors={},
    )


@bp.get("/<ref>/timeline")
@may(Role.VIEWER)
def news(ref: str) -> ResponseReturnValue:
    """What was written after ``?after``, with the header and the margin as they now are; 204 when nothing is new.

    ``?seen`` is what the page showed besides (see ``_seen``): without it only a new entry is news. ``?page=older``
    asks for the header and the margin alone.
    """
    incident, person = load(ref), me()
    after = _number("after") or 0
    newest, seen = timeline.newest_entry(incident), _seen(incident)
    asked = request.args.get("seen", seen)
    if newest <= after and asked == seen:
        return "", 204
    story, is_whole = _news(incident, person, after, has_changed=asked.partition(".")[2] != seen.partition(".")[2])
    shell()
    page = render_template(
        "console/_room_news.html",
        incident=incident,
        facts=standing.of(incident, me=person),
        shown=_shown(),
        story=story,
        told=[line for line in story.lines if line.is_new],
        is_whole=is_whole,
        is_older=_is_older(),
        may_act=person.may(Role.RESPONDER),
        newest=newest,
        seen=seen,
    )
    # a line that belongs further down, or a corrected one: the first page again instead of lines above it
    return page, 200, {"HX-Reswap": "innerHTML"} if is_whole else {}


def _hears_slack() -> bool:
    return bool(current_app.extensions["sevenbells.settings"].slack_bot_token)


def _news(incident: Incident, person: Person, after: int, *, has_changed: bool) -> tuple[Timeline, bool]:
    """The lines to show, and whether they stand for the whole first page."""
    if _is_older():
        return Timeline(lines=[]), False
    story = timeline.read(incident, me=person, show=_shown(), after=after)
    if has_changed or not timeline.is_in_order(incident, story.lines, after=after):
        return timeline.read(incident, me=person, show=_shown(), new_after=after), True
    return story, False


def _story(incident: Incident, person: Person) -> tuple[Timeline, bool]:
    """The page of the timeline, and whether it is not the first one."""
    story = timeline.read(incident, me=person, show=_shown(), before=_number("before"))
    sought = _number("entry")
    if sought is None or story.older is None or any(line.entry.id == sought for line in story.lines):
        return story, _is_older()
    return timeline.read(incident, me=person, show=_shown(), down_from=sought), True


def _seen(incident: Incident) -> str:
    """A print of the header and the margin, and after a point one of the lines that were there before."""
    corrected = timeline.newest_correction(incident)
    return f"{standing.print_of(incident)}.{int(corrected.timestamp()) if corrected else 0}"


def _is_older() -> bool:
    return request.args.get("page") == "older" or "before" in request.args


def undoable(incident: Incident, person: Person) -> Update | None:
    """This person's publication of the last ten seconds, whoever wrote it and whatever time it bears."""
    last = updates.last_made_known(incident)
    if last is None or last.undo_until is None or last.undo_until <= clock.now():
        return None
    return last if _made_it_known(person, last) else None


def _made_it_known(person: Person, update: Update) -> bool:
    by_them = (TimelineEntry.by_kind == "person", TimelineEntry.by_id == person.id)
    entry = select(TimelineEntry.id).where(
        TimelineEntry.update_id == update.id, TimelineEntry.kind == "update", *by_them
    )
    return db.session.scalar(entry.limit(1)) is not None


def _shown() -> str:
    asked = request.args.get("show", "all")
    return asked if asked in timeline.SHOWN else "all"


def _number(name: str) -> int | None:
    given = request.args.get(name, "")
    return int(given) if _NUMBER.fullmatch(given) else None
