"""The lines of a post-mortem's timeline: entries taken in or left out, several told as one, words in place of words.

The incident's own timeline stays as it is; what a line says instead of the record is shown with what was recorded.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from ...records.postmortem_writing import JOINED, OUT, PostmortemLine
from ...records.timeline import TimelineEntry
from . import happenings


@dataclass(frozen=True)
class Line:
    """One line: ``entry`` gives its time; ``joined`` are the other entries that it tells as well."""

    entry: TimelineEntry
    text: str
    is_in: bool
    joined: tuple[TimelineEntry, ...] = ()
    by_name: str = ""  # who gave it other words
    is_reworded: bool = False

    @property
    def at(self) -> datetime:
        return self.entry.at

    @property
    def originals(self) -> list[tuple[datetime, str]]:
        """What was recorded, where the line says something else: time and words of each entry."""
        if not self.is_reworded and not self.joined:
            return []
        return [(entry.at, happenings.says(entry)) for entry in (self.entry, *self.joined)]


def lines_of(entries: Sequence[TimelineEntry], kept: Mapping[int, PostmortemLine]) -> list[Line]:
    """Every line in the order of its time, those that are left out as well."""
    joined: dict[int, list[TimelineEntry]] = {}
    for entry in entries:
        line = kept.get(entry.id)
        if line is not None and line.place == JOINED and line.joined_to_id is not None:
            joined.setdefault(line.joined_to_id, []).append(entry)
    return [
        _line(entry, kept.get(entry.id), joined.get(entry.id, ()))
        for entry in entries
        if (found := kept.get(entry.id)) is None or found.place != JOINED
    ]


def _line(entry: TimelineEntry, kept: PostmortemLine | None, joined: Sequence[TimelineEntry]) -> Line:
    if kept is None:
        return Line(entry, happenings.says(entry), happenings.is_chosen(entry), tuple(joined))
    words = kept.words
    return Line(
        entry,
        " ".join(words.split()) if words else happenings.says(entry),
        kept.place != OUT,
        tuple(joined),
        kept.by_name,
        is_reworded=bool(words),
    )
