"""Seen before: past incidents that look like this one, with why, how they ended, and what was learnt; and one still open."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, func, literal_column, select, text

from ..kernel.database import db
from ..policy import similar
from ..policy.lifecycle import Outcome
from ..policy.similar import Likeness, Looks
from ..policy.words import words_of
from ..published.components import Component
from ..records import library
from ..records.incidents import Incident, IncidentComponent
from ..records.postmortems import Postmortem
from ..records.tags import tags_of
from .search.shelves import matches, tsquery

_BEST_SHOWN = 3
_LIKELY = 300  # that the catalogue gives, before it is asked who may see them
_COMPARED = 60  # of those
_MOST_OPEN = 300
_MOST_WORDS = 12  # of a title, that candidates are looked up by


@dataclass(frozen=True, kw_only=True)
class Match:
    """A past incident, in one line why it looks like this one, and whether it has a post-mortem."""

    incident: Incident
    why: str
    has_postmortem: bool


def seen_before(
    looks: Looks, *, seen: ColumnElement[bool], but_not: Collection[int] = (), limit: int = _BEST_SHOWN
) -> list[Match]:
    """The few past incidents most like it, the most alike first and the newer of equals.

    ``seen`` is ``visible_to(viewer)``: of a hidden one nothing is said. Drills, and what was merged, are no past.
    Candidates come from the catalogue: six queries at most, however long the past is.
    """
    past = [seen, Incident.outcome.in_((Outcome.RESOLVED, Outcome.FALSE_ALARM)), Incident.is_drill.is_(False)]
    if but_not:
        past.append(Incident.id.not_in(but_not))
    words = similar.telling_words(looks.title)[:_MOST_WORDS]
    if not words:
        return []
    likely = _with_some(words).subquery()
    texts = select(Incident.id, Incident.title, Incident.impact, Incident.resolution_summary)
    wanted = texts.join(likely, likely.c.rowid == Incident.id).where(*past).order_by(likely.c.place, Incident.id.desc())
    compared = db.session.execute(wanted.limit(_COMPARED)).all()
    judged = _judge(looks, compared) if compared else {}
    best = sorted(judged, key=lambda number: (-judged[number].score, -number))[:limit]
    if not best:
        return []
    found = {each.id: each for each in db.session.scalars(select(Incident).where(Incident.id.in_(best)))}
    named, written = _names({each for number in best for each in judged[number].components}), _postmortems(best)
    return [
        Match(
            incident=found[number],
            why=judged[number].why([named[each] for each in judged[number].components if each in named]),
            has_postmortem=number in written,
        )
        for number in best
    ]


def still_open(title: str, components: Collection[str], *, seen: ColumnElement[bool]) -> Incident | None:
    """The open incident most like it, as far as it may be ``seen``, or None. Two queries, however many are open."""
    open_ones = db.session.scalars(
        select(Incident)
        .where(seen, Incident.outcome.is_(None), Incident.is_drill.is_(False))
        .order_by(Incident.id.desc())
        .limit(_MOST_OPEN)
    ).all()
    touched = _touched([incident.id for incident in open_ones])
    likeness = {
        incident.id: similar.likeness(
            title, incident.title, components=components, other_components=touched[incident.id]
        )
        for incident in open_ones
    }
    best = max(open_ones, key=lambda incident: likeness[incident.id], default=None)
    return best if best is not None and likeness[best.id] >= similar.ALIKE else None


def _with_some(words: Sequence[str]) -> Select[Any]:
    """Those with any of the words, those with the most and the rarest of them first: a component alone is no likeness."""
    shelf, phrases = library.INCIDENTS, [phrase for word in words for phrase in _phrases(word)]
    place: ColumnElement[float]
    if db.engine.dialect.name == "sqlite":
        some = " OR ".join(f'"{" ".join(phrase)}"' for phrase in phrases)
        has_some, place = matches(shelf, f"{{words}} : ({some})"), literal_column("rank")
    else:
        some = " | ".join("(" + " <-> ".join(f"'{word}'" for word in phrase) + ")" for phrase in phrases)
        asked = tsquery(some)
        has_some, place = shelf.c.words.bool_op("@@")(asked), -func.ts_rank(shelf.c.words, asked)
    return select(shelf.c.rowid, place.label("place")).where(has_some).order_by(text("place")).limit(_LIKELY)


def _phrases(word: str) -> list[list[str]]:
    """How a telling word stands in a text: as it is or with an s; a pair of Chinese letters is two words side by side."""
    apart = [word] if word.isascii() else words_of(word)
    return [apart, [f"{word}s"]] if len(apart) == 1 else [apart]


def _judge(looks: Looks, compared: Sequence[Row[int, str, str | None, str | None]]) -> dict[int, Likeness]:
    ids = [row.id for row in compared]
    touched, tags = _touched(ids), tags_of(ids)
    judged = {}
    for row in compared:
        said = " ".join(filter(None, (row.impact, row.resolution_summary)))
        other = Looks(row.title, said, frozenset(touched[row.id]), frozenset(tags.get(row.id, ())))
        likeness = similar.compare(looks, other)
        if likeness.score >= similar.ALIKE:
            judged[row.id] = likeness
    return judged


def _touched(ids: Collection[int]) -> dict[int, set[str]]:
    touched: dict[int, set[str]] = defaultdict(set)
    wanted = select(IncidentComponent.incident_id, IncidentComponent.component_id)
    for row in db.session.execute(wanted.where(IncidentComponent.incident_id.in_(ids))):
        touched[row.incident_id].add(row.component_id)
    return touched


def _names(ids: Collection[str]) -> dict[str, str]:
    if not ids:
        return {}
    wanted = select(Component.public_id, Component.name).where(Component.public_id.in_(ids))
    return {row.public_id: row.name for row in db.session.execute(wanted)}


def _postmortems(ids: Collection[int]) -> set[int]:
    return set(db.session.scalars(select(Postmortem.incident_id).where(Postmortem.incident_id.in_(ids))))
