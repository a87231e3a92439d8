"""What a search shows of each place that it found, read from the texts as they now are."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from ...kernel.database import db
from ...policy.asked_words import Asked, Part, excerpt
from ...policy.postmortems import SectionName
from ...records.incidents import Incident
from ...records.postmortems import PostmortemSection
from ...records.tags import tags_of
from ...records.timeline import TimelineEntry
from ...records.updates import Update
from .shelves import RANKS, Kind


@dataclass(frozen=True)
class Place:
    """A row of the catalogue: its rank, the number of the text, and of the incident that the text belongs to."""

    rank: int
    rowid: int
    incident_id: int = 0


@dataclass(frozen=True, kw_only=True)
class Hit:
    """One text that was found. ``title`` and ``snippet`` are in parts, so that each exit marks and escapes them itself.

    ``at`` is when it was said, ``by`` by whom, and ``what`` which text: a section, the state of an update, the kind of
    an entry. ``anchor`` leads to it on the incident's page.
    """

    kind: Kind
    incident: Incident
    number: int
    title: Sequence[Part]
    snippet: Sequence[Part]
    at: datetime
    by: str = ""
    what: str = ""
    anchor: str = ""
    tags: Sequence[str] = ()

    @property
    def text(self) -> str:
        """The snippet without its marks."""
        return "".join(part.text for part in self.snippet)

    @property
    def path(self) -> str:
        """Where it stands in the console."""
        return f"/console/incidents/{self.incident.ref}{self.anchor}"

    @property
    def source(self) -> str:
        """In a few words, which text it is and whose."""
        return ", ".join(word for word in (_source(self), self.by) if word)


def read(places: Sequence[Place], asked: Asked) -> list[Hit]:
    """The hits of these places; one query for each kind of text among them, and two for all incidents."""
    ids = {place.incident_id for place in places}
    incidents = {each.id: each for each in db.session.scalars(select(Incident).where(Incident.id.in_(ids)))}
    tags = tags_of(ids) if ids else {}
    texts = {kind: _TEXTS[kind](numbers) for kind, numbers in _by_kind(places).items() if kind in _TEXTS}
    hits = []
    for place in places:
        kind, incident = _kind_of(place), incidents[place.incident_id]
        title = excerpt(incident.title, asked, length=len(incident.title))
        if kind == Kind.INCIDENT:
            said: dict[str, Any] = {"at": incident.detected_at}
            snippet = _of_incident(incident, tags.get(incident.id, ()), asked)
        else:
            said = dict(texts[kind][place.rowid])
            snippet = excerpt(" ".join(said.pop("text").split()), asked)
        hits.append(
            Hit(
                kind=kind,
                incident=incident,
                number=place.rowid,
                title=title,
                snippet=snippet,
                tags=tags.get(incident.id, ()),
                **said,
            )
        )
    return hits


def _source(hit: Hit) -> str:
    if hit.kind == Kind.POSTMORTEM:
        return f"Post-mortem, {SectionName(hit.what).heading.lower()}"
    if hit.kind == Kind.UPDATE:
        return _STATES[hit.what]
    return {"decision": "Decision", "note": "Note"}.get(hit.what, "Timeline") if hit.kind == Kind.TIMELINE else ""


_STATES = {
    "public": "Public update",
    "internal": "Internal update",
    "draft": "Draft of an update",
    "scheduled": "Scheduled update",
}


def _kind_of(place: Place) -> Kind:
    return Kind.INCIDENT if place.rank < 0 else RANKS[place.rank].kind


def _by_kind(places: Sequence[Place]) -> Mapping[Kind, set[int]]:
    found: dict[Kind, set[int]] = {}
    for place in places:
        found.setdefault(_kind_of(place), set()).add(place.rowid)
    return found


def _of_incident(incident: Incident, tags: Sequence[str], asked: Asked) -> list[Part]:
    """The first of its texts in which something is found, else what people noticed."""
    texts = (incident.impact, incident.resolution_summary, incident.outcome_reason)
    pieces = [excerpt(" ".join(each.split()), asked) for each in texts if each]
    return next((piece for piece in pieces if any(part.is_found for part in piece)), pieces[0] if pieces else [])


def _sections(ids: Collection[int]) -> Mapping[int, Mapping[str, Any]]:
    return {
        each.id: {
            "text": each.written or "",
            "at": each.written_at,
            "by": each.written_by_name or "",
            "what": each.name,
            "anchor": f"/postmortem#{each.name}",
        }
        for each in db.session.scalars(select(PostmortemSection).where(PostmortemSection.id.in_(ids)))
    }


def _updates(ids: Collection[int]) -> Mapping[int, Mapping[str, Any]]:
    found = db.session.scalars(select(Update).where(Update.id.in_(ids))).all()
    told = select(TimelineEntry.update_id, TimelineEntry.id).where(
        # the incident besides: there is an index by it
        TimelineEntry.incident_id.in_({each.incident_id for each in found}),
        TimelineEntry.update_id.in_(ids),
        TimelineEntry.kind == "update",
    )
    entries = {row.update_id: row.id for row in db.session.execute(told)}
    return {
        each.id: {
            "text": each.body,
            "at": each.display_at or each.created_at,
            "by": each.by_name,
            "what": each.audience if each.state == "published" else each.state,
            "anchor": _of_entry(entries[each.id]) if each.id in entries else f"/updates/{each.public_id}",
        }
        for each in found
    }


def _of_entry(number: int) -> str:
    """The page of the timeline on which it stands, and its place there."""
    return f"?entry={number}#entry-{number}"


def _entries(ids: Collection[int]) -> Mapping[int, Mapping[str, Any]]:
    return {
        each.id: {
            "text": each.body,
            "at": each.at,
            "by": each.by_name,
            "what": each.kind,
            "anchor": _of_entry(each.id),
        }
        for each in db.session.scalars(select(TimelineEntry).where(TimelineEntry.id.in_(ids)))
    }


_TEXTS: Mapping[Kind, Callable[[Collection[int]], Mapping[int, Mapping[str, Any]]]] = {
    Kind.POSTMORTEM: _sections,
    Kind.UPDATE: _updates,
    Kind.TIMELINE: _entries,
}
