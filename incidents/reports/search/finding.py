"""One page of what was found: incidents named by number, then rank after rank, and in each the newest first."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Select, select

from ...kernel.database import db
from ...policy.asked_words import Asked
from ...records.incidents import Incident, IncidentComponent
from ...records.tags import IncidentTag
from ...records.updates import Update
from .hits import Hit, Place, read
from .shelves import RANKS, Kind, Rank, has_words

_NAMED = -1  # the rank before all others: the incident whose number was typed


@dataclass(frozen=True, kw_only=True)
class Narrowing:
    """What is looked through; empty means everything. ``since`` and ``until`` judge when an incident was detected."""

    kinds: Collection[Kind] = ()
    severities: Collection[str] = ()
    component: str = ""
    tag: str = ""
    since: datetime | None = None
    until: datetime | None = None

    def conditions(self) -> list[ColumnElement[bool]]:
        """The same of the table of incidents."""
        asked: list[ColumnElement[bool]] = []
        if self.severities:
            asked.append(Incident.severity.in_(self.severities))
        if self.component:
            touched = select(IncidentComponent.incident_id).where(IncidentComponent.component_id == self.component)
            asked.append(Incident.id.in_(touched))
        if self.tag:
            asked.append(Incident.id.in_(select(IncidentTag.incident_id).where(IncidentTag.tag == self.tag)))
        if self.since is not None:
            asked.append(Incident.detected_at >= self.since)
        if self.until is not None:
            asked.append(Incident.detected_at < self.until)
        return asked


@dataclass(frozen=True)
class Found:
    """Hits in their order, and the place of the last one where there are more."""

    hits: list[Hit]
    last: Place | None = None


def find(
    asked: Asked,
    *,
    seen: ColumnElement[bool],
    sees_drafts: bool,
    narrowing: Narrowing | None = None,
    limit: int = 20,
    after: Place | None = None,
) -> Found:
    """What holds all the words. ``seen`` is ``visible_to(viewer)``; texts that are not out yet need ``sees_drafts``.

    The number of queries depends on how many kinds of texts are on the page, and not on how many texts there are.
    """
    narrowed = narrowing or Narrowing()
    conditions = [seen, *narrowed.conditions()]
    places: list[Place] = []
    if after is None:
        places = _named(asked, conditions, narrowed)
    for number, rank in enumerate(RANKS):
        if len(places) > limit or (narrowed.kinds and rank.kind not in narrowed.kinds):
            continue
        if asked.terms and (after is None or number >= after.rank):
            before = after.rowid if after is not None and number == after.rank else None
            wanted = _rows(rank, asked, conditions, sees_drafts=sees_drafts, before=before)
            rows = db.session.execute(wanted.limit(limit + 1 - len(places)))
            places += [Place(number, row.rowid, row.incident_id) for row in rows]
    shown = places[:limit]
    return Found(read(shown, asked), shown[-1] if len(places) > limit else None)


def _named(asked: Asked, conditions: list[ColumnElement[bool]], narrowed: Narrowing) -> list[Place]:
    if asked.number is None or (narrowed.kinds and Kind.INCIDENT not in narrowed.kinds):
        return []
    wanted = select(Incident.id).where(Incident.id == asked.number, *conditions)
    return [Place(_NAMED, number, number) for number in db.session.scalars(wanted)]


def _rows(
    rank: Rank, asked: Asked, conditions: list[ColumnElement[bool]], *, sees_drafts: bool, before: int | None
) -> Select[int, int]:
    shelf = rank.shelf
    wanted = (
        select(shelf.c.rowid, shelf.c.incident_id)
        .join(Incident, Incident.id == shelf.c.incident_id)
        .where(has_words(rank, asked, dialect=db.engine.dialect.name), *conditions)
        .order_by(shelf.c.rowid.desc())
    )
    if rank.kind == Kind.INCIDENT and asked.number is not None:
        wanted = wanted.where(shelf.c.rowid != asked.number)  # it stands before all others already
    if rank.kind == Kind.UPDATE:
        states = ("published", "draft", "scheduled") if sees_drafts else ("published",)
        wanted = wanted.join(Update, Update.id == shelf.c.rowid).where(Update.state.in_(states))
    return wanted if before is None else wanted.where(shelf.c.rowid < before)
