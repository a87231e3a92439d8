"""Puts on the timeline what somebody pinned in Slack, and takes off what nobody has pinned any more.

Rows say what is to be looked after, and no transaction is open while Slack is asked.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from flask import current_app

from ..actions import from_slack
from ..actions.from_slack import Pinner, Said
from ..channels import Outcome, slack_messages, slack_questions
from ..channels.slack_questions import Profile
from ..kernel.database import db, reading
from ..kernel.settings import Settings
from ..records import heard_messages, slack_users
from ..records.heard_messages import HeardMark, HeardMessage
from ..records.incidents import Incident
from ..records.timeline import TimelineEntry
from . import holding

MOST_AT_ONCE = (
    20  # each is up to three questions, and Slack takes 50 a minute: https://docs.slack.dev/apis/web-api/rate-limits
)
_MOST_NAMES = 5  # asked of Slack for one message; whoever else is mentioned stands there by their ID
_ENOUGH_FAILURES = 3
_DELETED = "The message was deleted in Slack before it could be read"


def keep_what_is_pinned() -> None:
    """Every message that was marked or unmarked since, once each; it commits after each."""
    settings = _settings()
    if not settings.slack_bot_token:
        return
    with reading():
        db.session.rollback()
        due = heard_messages.due_messages(MOST_AT_ONCE)
        db.session.rollback()
    for row_id in due:
        if not holding.may_still_act() or not _look_after(row_id, settings):
            return


@dataclass(frozen=True)
class Wanted:
    """A message that is to be read, and the Slack users whose names are known."""

    row_id: int
    channel: str
    ts: str
    given: Said | None
    pinned_by: str
    has_failed: bool


@dataclass(frozen=True)
class Read:
    """The message, and what those are called whom Slack had to be asked about."""

    message: Said
    names: dict[str, str]


def _look_after(row_id: int, settings: Settings) -> bool:
    """One message; False where Slack cannot be asked about others either."""
    wanted = _what_is_wanted(row_id)
    db.session.commit()
    if wanted is None:
        return True
    found = _read(wanted, settings)
    row = db.session.get(HeardMessage, row_id)
    if row is not None:
        _put_down(row, found)
    db.session.commit()
    return not isinstance(found, Outcome) or (found.kind != "unreachable" and found.retry_after is None)


def _what_is_wanted(row_id: int) -> Wanted | None:
    """What is to be read, where something is; what needs no question is done here."""
    row = db.session.get(HeardMessage, row_id)
    if row is None:
        return None
    if row.incident_id is None:
        marks = [mark for mark in heard_messages.marks_of(row) if mark.is_on]
        if not marks or not heard_messages.has_headlines(row.channel_id):
            db.session.delete(row)  # a message of a channel that is none of ours
            return None
        return _wanted(row, marks[0].user_id)
    incident, entry = _locked(row.incident_id), _entry(row)
    pinner = _pinner(row, incident)
    if pinner is None or (entry is not None and from_slack.is_on_timeline(entry)):
        if pinner is None and entry is not None:
            from_slack.take_off(entry, incident, by_name=_who_took_it_off(row))
        row.settle()
        return None
    return _wanted(row, pinner[1].user_id)


def _wanted(row: HeardMessage, pinned_by: str) -> Wanted:
    given = from_slack.said(row.given) if row.given else None
    return Wanted(row.id, row.channel_id, row.ts, given, pinned_by, row.failures >= _ENOUGH_FAILURES)


def _locked(incident_id: int) -> Incident:
    return db.session.get_one(Incident, incident_id, with_for_update=True)


def _entry(row: HeardMessage) -> TimelineEntry | None:
    return db.session.get(TimelineEntry, row.entry_id) if row.entry_id is not None else None


def _pinner(row: HeardMessage, incident: Incident) -> tuple[Pinner, HeardMark] | None:
    """The first of those who have it marked and may."""
    for mark in heard_messages.marks_of(row):
        found = (
            from_slack.pinner(incident, team=row.team_id, user=mark.user_id, name=mark.user_name)
            if mark.is_on
            else None
        )
        if found is not None:
            return found, mark
    return None


def _who_took_it_off(row: HeardMessage) -> str:
    last = max(heard_messages.marks_of(row), key=lambda mark: mark.told_at)
    return from_slack.names_of([last.user_id]).get(last.user_id) or last.user_name or "Somebody in Slack"


# ---- with no transaction open ----


def _read(wanted: Wanted, settings: Settings) -> Read | Outcome | None:
    message = wanted.given
    if message is None:
        found = slack_messages.read(wanted.channel, wanted.ts, settings)
        if found is None or isinstance(found, Outcome):
            return found
        message = from_slack.said(found)
    elif not message.permalink:
        address = slack_messages.permalink(wanted.channel, wanted.ts, settings)
        if isinstance(address, Outcome):
            return address
        message = from_slack.said({**message.as_given(), "permalink": address})
    with reading():
        known = from_slack.names_of([*message.people, wanted.pinned_by])
        db.session.rollback()
    unknown = [user for user in dict.fromkeys([*message.people, wanted.pinned_by]) if user not in known]
    names = _names(unknown[:_MOST_NAMES], settings)
    if isinstance(names, Outcome):
        if not wanted.has_failed:
            return names
        names = {}
    return Read(message, {**known, **names})


def _names(users: Collection[str], settings: Settings) -> dict[str, str] | Outcome:
    names = {}
    for user in users:
        found = slack_questions.who_is(user, settings)
        if isinstance(found, Profile):
            names[user] = found.name
        elif found.kind != "refused":
            return found
    return names


# ---- what became of it ----


def _put_down(row: HeardMessage, found: Read | Outcome | None) -> None:
    if isinstance(found, Outcome):
        row.put_off(found.reason, wait=found.retry_after)
        return
    if found is None:
        row.settle(_DELETED)
        return
    if slack_users.is_ourselves(found.message.user):
        db.session.delete(row)
        return
    if row.incident_id is None:
        number = heard_messages.incident_of_thread(row.channel_id, found.message.thread_ts)
        if number is None or heard_messages.message_at(row.channel_id, row.ts, number) is not row:
            db.session.delete(row)
            return
        row.incident_id = number
    _put_on_timeline(row, found)


def _put_on_timeline(row: HeardMessage, found: Read) -> None:
    incident = _locked(row.incident_id or 0)
    entry, pinner = _entry(row), _pinner(row, incident)
    row.given = None  # the timeline has it now; pinned anew, it says what it says then
    row.settle()
    if pinner is None or (entry is not None and from_slack.is_on_timeline(entry)):
        return
    by = from_slack.writer(found.message, team=row.team_id, names=found.names)
    said_by = Pinner(
        person=pinner[0].person,
        name=pinner[0].name if pinner[0].person else found.names.get(pinner[1].user_id) or pinner[0].name,
    )
    written = from_slack.put_on_timeline(
        incident, found.message, ts=row.ts, by=by, pinned_by=said_by, names=found.names, before=entry
    )
    db.session.flush()
    row.entry_id = written.id


def _settings() -> Settings:
    settings: Settings = current_app.extensions["sevenbells.settings"]
    return settings
