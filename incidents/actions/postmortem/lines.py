"""Choosing the lines of a post-mortem's timeline. The incident's own timeline is never touched."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import select

from ...kernel import clock
from ...kernel.database import db
from ...kernel.errors import Malformed, NotAllowed
from ...policy.postmortems import SectionName
from ...records.actors import Actor
from ...records.postmortem_writing import IN, JOINED, OUT, PostmortemLine, lines_kept
from ...records.postmortems import Postmortem
from ...records.timeline import TimelineEntry
from ...reports import postmortem as report
from .. import journal
from . import writing

LONGEST = 1000  # characters of one line
MOST_JOINED = 50  # entries told as one


def choose_lines(postmortem: Postmortem, *, take_in: Collection[int], leave_out: Collection[int], by: Actor) -> int:
    """Take these entries in and leave those out; how many changed. What is joined to another goes with it."""
    kept = lines_kept(postmortem.id)
    entries = {entry.id: entry for entry in _entries(postmortem, {*take_in, *leave_out})}
    changed = 0
    for entry_id, entry in entries.items():
        place, line = (IN if entry_id in take_in else OUT), kept.get(entry_id)
        if line is None and report.is_chosen(entry) != (place == IN):
            db.session.add(_line(postmortem, entry_id, place, by=by))
        elif line is not None and line.place not in (place, JOINED):
            line.place, line.by_name, line.at = place, by.name, clock.now()
        else:
            continue
        changed += 1
    if changed:
        _draft_anew(postmortem, by=by)
    return changed


def reword_line(postmortem: Postmortem, entry_id: int, *, words: str, by: Actor) -> None:
    """Say it in other words, taken in; an empty text gives the recorded words back. The original is kept and shown."""
    entry = _entry(postmortem, entry_id)
    line = lines_kept(postmortem.id).get(entry_id)
    if line is not None and line.place == JOINED:
        raise NotAllowed("This entry is told by another line. Take it out of that one first.")
    text = journal.optional_words(words, field="words", longest=LONGEST)
    if text is None and line is not None and _leads(postmortem, entry_id):
        raise Malformed({"words": "Say in one line what these entries tell together."})
    if line is None:
        line = _line(postmortem, entry_id, IN, by=by)
        db.session.add(line)
    line.words = None if text == report.line_of(entry) else text
    line.place, line.by_name, line.at = IN, by.name, clock.now()
    _draft_anew(postmortem, by=by)


def join_lines(postmortem: Postmortem, entry_ids: Sequence[int], *, by: Actor, words: str = "") -> int:
    """Tell several entries as one line, at the earliest one's time; its number. Without words, theirs one after another.

    Raises Malformed for fewer than two, or too many.
    """
    kept = lines_kept(postmortem.id)
    entries = _entries(postmortem, {*entry_ids})
    followers = [line.entry_id for line in kept.values() if line.joined_to_id in {entry.id for entry in entries}]
    together = sorted(_entries(postmortem, {*(e.id for e in entries), *followers}), key=lambda e: (e.at, e.id))
    if len(entries) < 2:
        raise Malformed({"mark": "Mark two lines or more to make one of them."})
    if len(together) > MOST_JOINED:
        raise Malformed({"mark": f"At most {MOST_JOINED} entries become one line."})
    first, *others = together
    said = [
        (kept[e.id].words if e.id in kept else None) or report.line_of(e) for e in together if e.id not in followers
    ]
    text = journal.optional_words(words, field="words", longest=LONGEST) or _cut("; ".join(said))
    _put(kept, postmortem, first.id, IN, by=by, words=text)
    for entry in others:
        _put(kept, postmortem, entry.id, JOINED, by=by, joined_to=first.id)
    _draft_anew(postmortem, by=by)
    return first.id


def split_line(postmortem: Postmortem, entry_id: int, *, by: Actor) -> None:
    """Tell joined entries each by a line of its own again, in the recorded words."""
    kept = lines_kept(postmortem.id)
    for line in kept.values():
        if line.joined_to_id == entry_id:
            line.place, line.joined_to_id, line.words = IN, None, None
            line.by_name, line.at = by.name, clock.now()
        elif line.entry_id == entry_id:
            line.words = None
    _draft_anew(postmortem, by=by)


def _put(
    kept: dict[int, PostmortemLine],
    postmortem: Postmortem,
    entry_id: int,
    place: str,
    *,
    by: Actor,
    words: str | None = None,
    joined_to: int | None = None,
) -> None:
    line = kept.get(entry_id)
    if line is None:
        line = _line(postmortem, entry_id, place, by=by)
        db.session.add(line)
    line.place, line.words, line.joined_to_id, line.by_name, line.at = place, words, joined_to, by.name, clock.now()


def _line(postmortem: Postmortem, entry_id: int, place: str, *, by: Actor) -> PostmortemLine:
    return PostmortemLine(postmortem_id=postmortem.id, entry_id=entry_id, place=place, by_name=by.name, at=clock.now())


def _entry(postmortem: Postmortem, entry_id: int) -> TimelineEntry:
    found = _entries(postmortem, {entry_id})
    if not found:
        raise NotAllowed("There is no such entry on this incident's timeline.")
    return found[0]


def _entries(postmortem: Postmortem, ids: Collection[int]) -> list[TimelineEntry]:
    """Those of this incident alone: another one's may be hidden."""
    wanted = select(TimelineEntry).where(TimelineEntry.incident_id == postmortem.incident_id, TimelineEntry.id.in_(ids))
    return list(db.session.scalars(wanted.order_by(TimelineEntry.at, TimelineEntry.id)))


def _leads(postmortem: Postmortem, entry_id: int) -> bool:
    return any(line.joined_to_id == entry_id for line in lines_kept(postmortem.id).values())


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else text[: LONGEST - 1].rstrip() + "…"


def _draft_anew(postmortem: Postmortem, *, by: Actor) -> None:
    writing.regenerate_section(postmortem, SectionName.TIMELINE, by=by)
    writing.note_writing(postmortem, SectionName.TIMELINE, by=by)
