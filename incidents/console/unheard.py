"""Open incidents of which somebody should have heard and nobody could be told: said above every page while it holds."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import func, select

from ..actions import telling
from ..kernel.database import db
from ..policy.escalation import ON_CALL
from ..records.incidents import Incident
from ..records.timeline import TimelineEntry

_REACHED = ("told", "reminder")


@dataclass(frozen=True, kw_only=True)
class Unheard:
    """``level`` told nobody. ``is_silent``: and nobody was told since; ``was_heard``: though somebody was before."""

    level: str
    is_on_call: bool
    is_silent: bool
    is_drill: bool
    was_heard: bool = False

    @property
    def nobody(self) -> str:
        """Whom the silence is about."""
        return "Nobody else" if self.was_heard else "Nobody"

    @property
    def sentence(self) -> str:
        """What happened, where it stands beside the incident."""
        if self.is_silent:
            return "Nobody who is meant agreed to drills." if self.is_drill else f"{self.nobody} could be told."
        if self.is_drill:
            return f"Nobody agreed to drills at the level {self.level}. The next level was told at once."
        if self.is_on_call:
            return "Nobody is on call. The next level was told at once."
        return f"The level {self.level} reaches nobody. The next one was told at once."


def of(incidents: Sequence[Incident]) -> dict[int, Unheard]:
    """By incident, in one question where everybody was heard of; a few more where somebody was not."""
    by_id = {incident.id: incident for incident in incidents if incident.is_open and not incident.pages_nobody}
    if not by_id:
        return {}
    newest = _newest(by_id.keys())
    found = {}
    for number, entries in _entries([each for each in newest if "nobody_to_tell" in newest[each]]).items():
        reached = max((newest[number].get(kind, 0) for kind in _REACHED), default=0)
        said = _unheard(by_id[number], entries, reached)
        if said is not None:
            found[number] = said
    return found


def _newest(ids: Collection[int]) -> dict[int, dict[str, int]]:
    """The last entry of each of the three kinds, by incident."""
    last = (
        select(TimelineEntry.incident_id, TimelineEntry.kind, func.max(TimelineEntry.id))
        .where(TimelineEntry.incident_id.in_(ids), TimelineEntry.kind.in_((*_REACHED, "nobody_to_tell")))
        .group_by(TimelineEntry.incident_id, TimelineEntry.kind)
    )
    newest: dict[int, dict[str, int]] = defaultdict(dict)
    for incident_id, kind, entry_id in db.session.execute(last):
        newest[incident_id][kind] = entry_id
    return newest


def _entries(ids: Collection[int]) -> dict[int, list[TimelineEntry]]:
    entries: dict[int, list[TimelineEntry]] = defaultdict(list)
    if ids:
        wanted = select(TimelineEntry).where(TimelineEntry.incident_id.in_(ids), TimelineEntry.kind == "nobody_to_tell")
        for entry in db.session.scalars(wanted.order_by(TimelineEntry.id)):
            entries[entry.incident_id].append(entry)
    return entries


def _unheard(incident: Incident, entries: Sequence[TimelineEntry], reached: int) -> Unheard | None:
    """The first level of this cycle that means nobody still; what reached nobody last, where nobody was told since."""
    present = [entry for entry in entries if entry.recorded_at >= incident.watch_started_at]
    if not present:
        return None
    levels = [entry for entry in present if entry.detail.get("level_key")]
    if present[-1].id > reached and (not incident.is_acknowledged or present[-1] not in levels):
        return _said(incident, levels[0] if levels else present[-1], is_silent=True, was_heard=reached > 0)
    if incident.is_acknowledged:
        return None
    still = (entry for entry in levels if not telling.people_meant(incident, entry.detail.get("words") or ()))
    first = next(still, None)
    return None if first is None else _said(incident, first, is_silent=False)


def _said(incident: Incident, entry: TimelineEntry, *, is_silent: bool, was_heard: bool = False) -> Unheard:
    return Unheard(
        level=entry.detail.get("level", ""),
        is_on_call=entry.detail.get("words") == [ON_CALL],
        is_silent=is_silent,
        is_drill=incident.is_drill,
        was_heard=was_heard,
    )
