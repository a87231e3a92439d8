"""The timeline as people read it: one line an entry, and a body only where somebody wrote words."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from markupsafe import Markup
from sqlalchemy import ColumnElement, and_, func, or_, select

from ..access.visibility import visible_to
from ..actions import asked
from ..kernel.database import db
from ..kernel.text import render_markdown
from ..policy.lifecycle import Step
from ..records.incidents import Incident
from ..records.people import Person
from ..records.timeline import TimelineCorrection, TimelineEntry
from ..records.updates import Update, UpdateRevision
from ..reports import tellings
from ..reports.tellings import Telling
from . import entry_sentences
from .entry_sentences import SIGNS

__all__ = ["SHOWN", "SIGNS", "Line", "Timeline", "is_in_order", "newest_correction", "newest_entry", "read", "visits"]

# what each chip shows; "all" shows everything, "system" what no other one does
SHOWN: Mapping[str, tuple[str, ...]] = {
    "all": (),
    "updates": (
        *("update", "update_edited", "update_withdrawn", "update_undone", "update_scheduled", "update_moved", "draft"),
        *("drafted", "draft_put_away", "approval_asked", "approval_reminder", "approved", "sent_back"),
    ),
    "notes": ("note", "decision", "event"),
    "system": (),
}
_MOST = 100  # entries on one page; older ones by the link at its end


@dataclass(frozen=True, kw_only=True)
class Line:
    """One entry. ``tone`` colours its sign; ``style`` frames its body: public update, decision or plain."""

    entry: TimelineEntry
    sign: str
    sentence: Markup
    tone: str = ""
    style: str = "body"
    text: Markup | None = None
    update: Update | None = None
    before: Sequence[TimelineCorrection] = ()
    wordings: Sequence[UpdateRevision] = ()  # what an update said before it was edited
    is_new: bool = False

    @property
    def at(self) -> datetime:
        return self.entry.at


@dataclass(frozen=True, kw_only=True)
class Timeline:
    """A page of lines, newest first; ``older`` is the entry after which the next page begins."""

    lines: Sequence[Line]
    older: int | None = None


def read(
    incident: Incident,
    *,
    me: Person,
    show: str = "all",
    before: int | None = None,
    down_from: int | None = None,
    after: int | None = None,
    new_after: int | None = None,
) -> Timeline:
    """The newest lines, those that happened ``before`` an entry, or ``down_from`` it, or those written ``after`` one.

    They stand by when it happened, which corrections and backdating move; the order of writing decides between equals.
    What was written after ``new_after`` is marked as new.
    """
    wanted = select(TimelineEntry).where(TimelineEntry.incident_id == incident.id, *_of_chip(show))
    if before is not None:
        wanted = wanted.where(*_before(incident, before))
    if down_from is not None:
        wanted = wanted.where(or_(TimelineEntry.id == down_from, *_before(incident, down_from)))
    if after is not None:
        wanted = wanted.where(TimelineEntry.id > after)
    newest_first = wanted.order_by(TimelineEntry.at.desc(), TimelineEntry.id.desc())
    found = list(db.session.scalars(newest_first.limit(_MOST + 1)))
    older = found[_MOST - 1].id if len(found) > _MOST else None
    return Timeline(lines=_lines(found[:_MOST], me, after if new_after is None else new_after), older=older)


def _of_chip(show: str) -> list[ColumnElement[bool]]:
    if show == "system":
        return [TimelineEntry.kind.not_in([*SHOWN["updates"], *SHOWN["notes"]])]
    kinds = SHOWN.get(show)
    return [TimelineEntry.kind.in_(kinds)] if kinds else []


def _before(incident: Incident, entry_id: int) -> list[ColumnElement[bool]]:
    """What happened before that entry; everything where it is none of this incident."""
    last = select(TimelineEntry.at).where(TimelineEntry.id == entry_id, TimelineEntry.incident_id == incident.id)
    at = db.session.scalar(last)
    if at is None:
        return []
    return [or_(TimelineEntry.at < at, and_(TimelineEntry.at == at, TimelineEntry.id < entry_id))]


def _lines(found: Sequence[TimelineEntry], me: Person, new_after: int | None) -> list[Line]:
    updates, corrections, seen = _updates(found), _corrections(found), _others_seen(found, me)
    wordings = _wordings(updates.values())
    told = tellings.of_entries(found)
    return [
        _line(
            entry,
            me,
            seen,
            updates.get(entry.update_id or 0),
            corrections.get(entry.id, []),
            wordings.get(entry.update_id or 0, []) if entry.kind == "update" else [],
            told.get(entry.id),
            is_new=new_after is not None and entry.id > new_after,
        )
        for entry in found
    ]


def newest_entry(incident: Incident) -> int:
    """The number of the last entry, for asking what came after it."""
    last = select(TimelineEntry.id).where(TimelineEntry.incident_id == incident.id)
    newest = last.order_by(TimelineEntry.id.desc()).limit(1)
    return asked.answer(("newest entry", incident.id), lambda: db.session.scalar(newest)) or 0


def newest_correction(incident: Incident) -> datetime | None:
    """When an entry was last corrected."""
    corrected = select(func.max(TimelineEntry.corrected_at)).where(TimelineEntry.incident_id == incident.id)
    return db.session.scalar(corrected)


def is_in_order(incident: Incident, lines: Sequence[Line], *, after: int) -> bool:
    """Whether these lines, written after an entry, belong above everything that stood before."""
    last = select(func.max(TimelineEntry.at)).where(TimelineEntry.incident_id == incident.id, TimelineEntry.id <= after)
    newest: datetime | None = db.session.scalar(last)
    return newest is None or all(line.at >= newest for line in lines)


def visits(incident: Incident) -> list[tuple[Step, datetime]]:
    """Each time a step was entered, in order: a step that was gone back to stands there twice."""
    kinds = ("declared", "step", "resolved", "reopened")
    entries = db.session.scalars(
        select(TimelineEntry)
        .where(TimelineEntry.incident_id == incident.id, TimelineEntry.kind.in_(kinds))
        .order_by(TimelineEntry.at, TimelineEntry.id)
    )
    return [(_step_of(entry), entry.at) for entry in entries]


def _step_of(entry: TimelineEntry) -> Step:
    if entry.kind == "declared":
        return Step.DETECTION
    if entry.kind == "resolved":
        return Step.RESOLUTION
    return Step(entry.detail.get("after") or entry.detail.get("step") or Step.INVESTIGATION)


def _line(
    entry: TimelineEntry,
    me: Person,
    seen: Collection[int],
    update: Update | None,
    before: Sequence[TimelineCorrection],
    wordings: Sequence[UpdateRevision],
    telling: Telling | None,
    *,
    is_new: bool,
) -> Line:
    who = Markup("<b>{}</b>").format("You" if entry.by_kind == "person" and entry.by_id == me.id else entry.by_name)
    sign, tone = entry_sentences.sign(entry, telling)
    return Line(
        entry=entry,
        sign=sign,
        tone=tone,
        sentence=entry_sentences.sentence(who, entry, seen=seen, telling=telling),
        style=_style(entry),
        text=_text(entry, update),
        update=update,
        before=before,
        wordings=wordings,
        is_new=is_new,
    )


def _style(entry: TimelineEntry) -> str:
    if entry.kind == "update":
        return "pubu" if entry.is_public else "dec"
    return "dec" if entry.kind == "decision" else "body"


def _text(entry: TimelineEntry, update: Update | None) -> Markup | None:
    if entry.kind == "update_edited" and update is not None:
        return render_markdown(update.body)
    return render_markdown(entry.body) if entry.body else None


def _others_seen(entries: Sequence[TimelineEntry], me: Person) -> set[int]:
    """The other incidents that these entries are about, as far as this person may see them."""
    ids = {entry.detail["other_id"] for entry in entries if "other_id" in entry.detail}
    return set(db.session.scalars(select(Incident.id).where(Incident.id.in_(ids), visible_to(me)))) if ids else set()


def _updates(entries: Sequence[TimelineEntry]) -> dict[int, Update]:
    ids = [entry.update_id for entry in entries if entry.update_id is not None]
    return {update.id: update for update in db.session.scalars(select(Update).where(Update.id.in_(ids)))} if ids else {}


def _wordings(updates: Iterable[Update]) -> dict[int, list[UpdateRevision]]:
    ids = [update.id for update in updates if update.edited_at is not None]
    if not ids:
        return {}
    found: dict[int, list[UpdateRevision]] = {}
    wanted = select(UpdateRevision).where(UpdateRevision.update_id.in_(ids)).order_by(UpdateRevision.id)
    for revision in db.session.scalars(wanted):
        found.setdefault(revision.update_id, []).append(revision)
    return found


def _corrections(entries: Sequence[TimelineEntry]) -> dict[int, list[TimelineCorrection]]:
    ids = [entry.id for entry in entries if entry.corrected_at is not None]
    if not ids:
        return {}
    found: dict[int, list[TimelineCorrection]] = {}
    wanted = select(TimelineCorrection).where(TimelineCorrection.entry_id.in_(ids)).order_by(TimelineCorrection.id)
    for correction in db.session.scalars(wanted):
        found.setdefault(correction.entry_id, []).append(correction)
    return found
