"""Whom an entry of the timeline says was told, and what became of it: the letter's outcome, person by person."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import current_app
from sqlalchemy import select

from ..kernel import outbox
from ..kernel.database import db
from ..kernel.outbox import OutboxMessage
from ..kernel.settings import Settings
from ..records.incidents import Incident
from ..records.people import Person
from ..records.timeline import TimelineEntry

NO_MAIL_SERVER = "no mail server"
_KINDS = ("told", "reminder", "nobody_to_tell")


@dataclass(frozen=True, kw_only=True)
class Telling:
    """Who was reached, whose message is on its way, and who was not reached with the reason; names in order."""

    told: Sequence[str] = ()
    waiting: Sequence[str] = ()
    missed: Sequence[tuple[str, str]] = ()  # name, reason

    @property
    def state(self) -> str:
        """``told`` (somebody was), ``waiting``, ``missed`` (nobody could be), or ``nobody`` was meant."""
        if self.told:
            return "told"
        if self.waiting:
            return "waiting"
        return "missed" if self.missed else "nobody"

    @property
    def reasons(self) -> str:
        """Why somebody was not told, each reason once."""
        return "; ".join(dict.fromkeys(reason for _name, reason in self.missed))


def of_entries(entries: Sequence[TimelineEntry]) -> dict[int, Telling]:
    """The tellings of these entries by their ids, in two queries however many there are."""
    telling = [entry for entry in entries if entry.kind in _KINDS]
    addresses = _addresses({number for entry in telling for number in entry.detail.get("person_ids") or ()})
    letters = _letters({entry.detail["event"] for entry in telling if "event" in entry.detail})
    return {entry.id: _telling(entry, addresses, letters) for entry in telling}


def of_levels(incident: Incident) -> dict[str, Telling]:
    """The newest telling of each escalation level of this cycle, by the level's key."""
    wanted = select(TimelineEntry).where(
        TimelineEntry.incident_id == incident.id,
        TimelineEntry.kind.in_(_KINDS),
        TimelineEntry.recorded_at >= incident.watch_started_at,
    )
    newest = {
        key: entry
        for entry in db.session.scalars(wanted.order_by(TimelineEntry.id))
        if (key := entry.detail.get("level_key"))
    }
    found = of_entries([*newest.values()])
    return {key: found[entry.id] for key, entry in newest.items()}


def print_of(incident: Incident) -> str:
    """Something that is another one as soon as the outcome of any message about this incident is."""
    changed = select(OutboxMessage.state, OutboxMessage.attempts).where(OutboxMessage.incident_id == incident.id)
    counts: dict[str, int] = defaultdict(int)
    for state, attempts in db.session.execute(changed):
        counts[state] += 1
        counts["attempts"] += attempts
    return ",".join(f"{name}{count}" for name, count in sorted(counts.items()))


def _addresses(ids: Iterable[int]) -> dict[int, str]:
    wanted = [*ids]
    if not wanted:
        return {}
    return {
        row.id: row.email for row in db.session.execute(select(Person.id, Person.email).where(Person.id.in_(wanted)))
    }


_Letter = Any  # a row of five columns


def _letters(events: Iterable[str]) -> dict[tuple[str, str], _Letter]:
    wanted = [*events]
    if not wanted:
        return {}
    rows = db.session.execute(
        select(
            OutboxMessage.event,
            OutboxMessage.destination,
            OutboxMessage.state,
            OutboxMessage.reason,
            OutboxMessage.attempts,
        ).where(OutboxMessage.event.in_(wanted))
    )
    return {(row.event, row.destination): row for row in rows}


def _telling(entry: TimelineEntry, addresses: Mapping[int, str], letters: Mapping[tuple[str, str], _Letter]) -> Telling:
    names: Sequence[str] = entry.detail.get("people") or ()
    ids: Sequence[int] = entry.detail.get("person_ids") or ()
    event = entry.detail.get("event", "")
    told, waiting, missed = [], [], []
    for place, name in enumerate(names):
        letter = letters.get((event, addresses.get(ids[place], ""))) if place < len(ids) else None
        state, reason = _outcome(letter)
        if state == outbox.SENT:
            told.append(name)
        elif state == outbox.WAITING:
            waiting.append(name)
        else:
            missed.append((name, reason))
    return Telling(told=told, waiting=waiting, missed=missed)


def _outcome(letter: _Letter | None) -> tuple[str, str]:
    """``sent`` where nothing else is known (an older entry); what waits and has failed before counts as not told."""
    if letter is None:
        return outbox.SENT, ""
    if letter.state == outbox.WAITING:
        if not can_leave():
            return outbox.FAILED, NO_MAIL_SERVER
        if letter.attempts and letter.reason:
            return outbox.FAILED, _as_clause(letter.reason)
        return outbox.WAITING, ""
    return letter.state, _as_clause(letter.reason or "no reason is known")


def can_leave() -> bool:
    """Whether a mail server is set: without one no letter reaches anybody."""
    settings: Settings = current_app.extensions["sevenbells.settings"]
    return settings.smtp_url is not None


def _as_clause(reason: str) -> str:
    """A reason as it goes on after a colon: without its full stop, and beginning small unless it begins with a name."""
    text = reason.strip().rstrip(".")
    return text[:1].lower() + text[1:] if text[1:2].islower() else text
