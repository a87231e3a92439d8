"""Whom an entry of the timeline says was told, and what became of it: person by person over all their addresses."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, select

from ..kernel import outbox
from ..kernel.database import db
from ..kernel.outbox import OutboxMessage
from ..kernel.team_destinations import TEAM_DESTINATION
from ..records.incidents import Incident
from ..records.people import Person
from ..records.timeline import TimelineEntry
from . import ways

ACKNOWLEDGED = "Acknowledged before it was due"
ANSWERED = "Answered before it was due"
OVER = "The incident was over before it was due"
_NEEDLESS = (ACKNOWLEDGED, ANSWERED, OVER)
_ABOUT = ("reminder", "reply")  # messages to channels that tell of an entry (``actions.slack_news``)
_KINDS = ("told", "reminder", "nobody_to_tell", "target_at_risk", "action_item")


@dataclass(frozen=True, kw_only=True)
class Telling:
    """Who was reached, whose message is on its way, and who was not reached with the reason; names in order."""

    told: Sequence[str] = ()
    waiting: Sequence[str] = ()
    missed: Sequence[tuple[str, str]] = ()  # name, reason
    spared: Sequence[str] = ()  # somebody answered before their message was due
    at: datetime | None = None

    @property
    def state(self) -> str:
        """``told`` (somebody was), ``waiting``, ``missed`` (nobody could be), ``stopped`` (no need), or ``nobody``."""
        for state, names in (("told", self.told), ("waiting", self.waiting), ("missed", self.missed)):
            if names:
                return state
        return "stopped" if self.spared else "nobody"

    @property
    def reasons(self) -> str:
        """Why somebody was not told, each reason once."""
        return "; ".join(dict.fromkeys(each for _name, reason in self.missed for each in reason.split("; ")))


def of_entries(entries: Sequence[TimelineEntry]) -> dict[int, Telling]:
    """The tellings of these entries by their ids, in two queries however many there are."""
    telling = [entry for entry in entries if entry.kind in _KINDS]
    letters, channels = _letters(telling)
    return {entry.id: _telling(entry, letters, channels.get(entry.id, ())) for entry in telling}


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
    return {key: replace(found[entry.id], at=entry.recorded_at) for key, entry in newest.items()}


def print_of(incident: Incident) -> str:
    """Something that is another one as soon as the outcome of any message about this incident is."""
    changed = select(OutboxMessage.state, OutboxMessage.attempts).where(
        OutboxMessage.incident_id == incident.id, outbox.is_for_the_team()
    )
    counts: dict[str, int] = defaultdict(int)
    for state, attempts in db.session.execute(changed):
        counts[state] += 1
        counts["attempts"] += attempts
    return ",".join(f"{name}{count}" for name, count in sorted(counts.items()))


_Letter = Any  # a row of seven columns
_Letters = Mapping[tuple[str, int], Sequence[_Letter]]  # by event and person
_Channels = Mapping[int, Sequence[tuple[str, str]]]  # by entry: which of Slack's channels took nothing, and why


def _letters(entries: Sequence[TimelineEntry]) -> tuple[_Letters, _Channels]:
    meant = {
        (entry.detail["event"], entry.id): entry.detail.get("person_ids") or ()
        for entry in entries
        if "event" in entry.detail
    }
    if not meant:
        return {}, {}
    # at the account's e-mail the event stands bare, at any other address it bears the person (``actions.reach``)
    bare = {event for event, _entry in meant}
    borne = {f"{event}/{number}" for (event, _entry), numbers in meant.items() for number in numbers}
    in_channels = {f"team/{entry.incident_id}/{about}/{entry.id}": entry.id for entry in entries for about in _ABOUT}
    every = _rows(OutboxMessage.event.in_(bare | borne | in_channels.keys()))
    rows = [row for row in every if row.event not in in_channels]
    older = _numbers({row.destination for row in rows if row.person_id is None})
    found: dict[tuple[str, int], list[_Letter]] = defaultdict(list)
    for row in rows:
        number = row.person_id if row.person_id is not None else older.get(row.destination)
        if number is not None:
            event = row.event if row.event in bare else row.event.removesuffix(f"/{number}")
            found[event, number].append(row)
    return found, _channels_that_failed([row for row in every if row.event in in_channels], in_channels)


def _channels_that_failed(rows: Sequence[_Letter], entries: Mapping[str, int]) -> _Channels:
    found: dict[int, list[tuple[str, str]]] = defaultdict(list)
    for row in rows:
        has_failed = row.state == outbox.FAILED or (row.state == outbox.WAITING and row.attempts and row.reason)
        if row.channel == ways.SLACK and has_failed:
            whose = "The team's channel" if row.destination == TEAM_DESTINATION else "The incident's channel"
            found[entries[row.event]].append((f"{whose} in Slack", _as_clause(row.reason)))
    return found


def _rows(wanted: ColumnElement[bool]) -> Sequence[_Letter]:
    table = OutboxMessage
    columns = (
        table.event,
        table.channel,
        table.destination,
        table.person_id,
        table.state,
        table.reason,
        table.attempts,
    )
    return db.session.execute(select(*columns).where(wanted).order_by(table.id)).all()


def _numbers(emails: Iterable[str]) -> dict[str, int]:
    """Whose account it is, for letters written before they bore that."""
    wanted = [*emails]
    if not wanted:
        return {}
    rows = db.session.execute(select(Person.email, Person.id).where(Person.email.in_(wanted)))
    return {row.email: row.id for row in rows}


def _telling(entry: TimelineEntry, letters: _Letters, channels: Sequence[tuple[str, str]]) -> Telling:
    names: Sequence[str] = entry.detail.get("people") or ()
    ids: Sequence[int] = entry.detail.get("person_ids") or ()
    event = entry.detail.get("event", "")
    told, waiting, missed, spared = [], [], [], []
    for place, name in enumerate(names):
        state, reason = _over_all(letters.get((event, ids[place]), ()) if place < len(ids) else ())
        if state == outbox.SENT:
            told.append(name)
        elif state == outbox.WAITING:
            waiting.append(name)
        elif state == outbox.SKIPPED:
            spared.append(name)
        else:
            missed.append((name, reason))
    return Telling(told=told, waiting=waiting, missed=[*missed, *channels], spared=spared)


def _over_all(letters: Sequence[_Letter]) -> tuple[str, str]:
    """Told where any address was; ``sent`` too where nothing is known (an older entry). Else why each was not."""
    outcomes = [_outcome(letter) for letter in letters]
    states = {state for state, _reason in outcomes}
    if not outcomes or outbox.SENT in states:
        return outbox.SENT, ""
    if outbox.WAITING in states:
        return outbox.WAITING, ""
    if states == {outbox.SKIPPED}:
        return outbox.SKIPPED, ""
    return outbox.FAILED, "; ".join(dict.fromkeys(reason for state, reason in outcomes if state != outbox.SKIPPED))


def _outcome(letter: _Letter) -> tuple[str, str]:
    """What waits and has failed before counts as not told, and ``skipped`` is only what was needed no more."""
    if letter.state == outbox.WAITING:
        closed = ways.closed(letter.channel)
        if closed:
            return outbox.FAILED, closed
        if letter.attempts and letter.reason:
            return outbox.FAILED, _as_clause(letter.reason)
        return outbox.WAITING, ""
    if letter.state == outbox.SKIPPED and letter.reason not in _NEEDLESS:
        return outbox.FAILED, _as_clause(letter.reason)
    return letter.state, _as_clause(letter.reason or "no reason is known")


def can_leave() -> bool:
    """Whether a mail server is set: without one no letter reaches anybody by e-mail."""
    return not ways.closed(ways.EMAIL)


def _as_clause(reason: str) -> str:
    """A reason as it goes on after a colon: without its full stop, and beginning small unless it begins with a name."""
    text = reason.strip().rstrip(".")
    return text[:1].lower() + text[1:] if text[1:2].islower() else text
