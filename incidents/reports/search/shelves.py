"""Where a search looks, one place after another: the order of the ranks, and how each database is asked for words."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import ColumnElement, Table, cast, literal, literal_column, not_
from sqlalchemy.dialects.postgresql import TSQUERY

from ...policy.asked_words import Asked, Term
from ...records import library


class Kind(StrEnum):
    """What was found."""

    INCIDENT = "incident"
    POSTMORTEM = "postmortem"
    UPDATE = "update"
    TIMELINE = "timeline"


@dataclass(frozen=True)
class Rank:
    """One place of a shelf: the words of ``column``, without those rows that ``but_not`` has already given."""

    kind: Kind
    shelf: Table
    column: str = "words"
    but_not: str | None = None


# a name before what is said of it, what was concluded before what was said on the way
RANKS = (
    Rank(Kind.INCIDENT, library.INCIDENTS, "title"),
    Rank(Kind.INCIDENT, library.INCIDENTS, "words", but_not="title"),
    Rank(Kind.POSTMORTEM, library.POSTMORTEMS),
    Rank(Kind.UPDATE, library.UPDATES),
    Rank(Kind.TIMELINE, library.ENTRIES),
)


def has_words(rank: Rank, asked: Asked, *, dialect: str) -> ColumnElement[bool]:
    """The rows of this rank that hold every term."""
    if dialect == "sqlite":
        return matches(rank.shelf, _on_sqlite(rank, asked.terms))
    wanted = _tsquery(asked.terms)
    found = rank.shelf.c[rank.column].bool_op("@@")(wanted)
    return found if rank.but_not is None else found & not_(rank.shelf.c[rank.but_not].bool_op("@@")(wanted))


def matches(shelf: Table, expression: str) -> ColumnElement[bool]:
    """FTS5's own question, asked of the whole table."""
    return literal_column(shelf.name).bool_op("MATCH")(literal(expression))


def _on_sqlite(rank: Rank, terms: Iterable[Term]) -> str:
    """In FTS5's language; the words are letters and digits alone, so that nothing typed can be part of it."""
    wanted = " AND ".join(map(_on_its_own, terms))
    found = f"{{{rank.column}}} : ({wanted})"
    return found if rank.but_not is None else f"{found} NOT {{{rank.but_not}}} : ({wanted})"


def _on_its_own(term: Term) -> str:
    found = f'"{" ".join(term.words)}"{" *" if term.is_open else ""}'
    return found if term.of_one is None else f'({found} OR "{" ".join(term.of_one)}")'


def _tsquery(terms: Iterable[Term]) -> ColumnElement[str]:
    return tsquery(" & ".join(_phrase(term) for term in terms))


def tsquery(expression: str) -> ColumnElement[str]:
    """PostgreSQL's question, from words that are folded already."""
    return cast(literal(expression), TSQUERY)


def _phrase(term: Term) -> str:
    found = f"{_side_by_side(term.words)}{':*' if term.is_open else ''}"
    return found if term.of_one is None else f"({found} | {_side_by_side(term.of_one)})"


def _side_by_side(words: Iterable[str]) -> str:
    return " <-> ".join(f"'{word}'" for word in words)
