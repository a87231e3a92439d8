"""A message of Slack's on the timeline: at its own time, in its writer's name, and as it read when somebody pinned it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import select

from ..access import Role
from ..access.visibility import find_incident
from ..kernel import clock
from ..kernel.database import db
from ..kernel.errors import Malformed
from ..kernel.text import one_line
from ..policy import slack_text
from ..policy.lifecycle import Visibility
from ..records.actors import Actor
from ..records.addresses import ContactAddress
from ..records.incidents import Incident
from ..records.people import Person
from ..records.slack_users import SlackUser
from ..records.timeline import TimelineCorrection, TimelineEntry
from . import journal, notes, slack_people, watch

SOURCE = "slack"
_LONGEST_NAME, _LONGEST_TS = 80, 20
_MOST_FILES, _LONGEST_FILE_NAME = 20, 200


@dataclass(frozen=True, kw_only=True)
class Said:
    """A message as Slack gave it, without what we have no use for."""

    user: str  # "" for a bot that is no user
    bot_name: str
    text: str
    files: Sequence[tuple[str, str]] = ()  # name, address
    thread_ts: str = ""
    permalink: str = ""

    @property
    def people(self) -> list[str]:
        """The Slack users whose names are needed to show it."""
        return list(dict.fromkeys([*([self.user] if self.user else []), *slack_text.people_named(self.text)]))

    def as_given(self) -> dict[str, Any]:
        """For keeping it until it is put on the timeline; ``said`` reads it back."""
        return {
            "user": self.user,
            "username": self.bot_name,
            "text": self.text,
            "files": [{"title": name, "permalink": url} for name, url in self.files],
            "thread_ts": self.thread_ts,
            "permalink": self.permalink,
        }


def said(message: Mapping[str, Any]) -> Said:
    """Read a message of Slack's (https://docs.slack.dev/reference/events/message); what it lacks is left empty."""
    bot = message.get("bot_profile")
    named = _text(message, "username") or (_text(bot, "name") if isinstance(bot, Mapping) else "")
    return Said(
        user=_text(message, "user"),
        bot_name=one_line(named)[:_LONGEST_NAME],
        text=_text(message, "text") or "\n".join(_attached(message)),
        files=_files(message),
        thread_ts=_text(message, "thread_ts"),
        permalink=_text(message, "permalink"),
    )


def _attached(message: Mapping[str, Any]) -> list[str]:
    """What bots write beside the text: https://docs.slack.dev/legacy/legacy-messaging/legacy-secondary-message-attachments."""
    found = []
    for each in _objects(message, "attachments"):
        words = [_text(each, name) for name in ("pretext", "title", "text")]
        found.append("\n".join(filter(None, words)) or _text(each, "fallback"))
    return [words for words in found if words]


def _files(message: Mapping[str, Any]) -> list[tuple[str, str]]:
    found = []
    for each in _objects(message, "files")[:_MOST_FILES]:
        name = one_line(_text(each, "title") or _text(each, "name"))[:_LONGEST_FILE_NAME]
        url = _text(each, "permalink") or _text(each, "url_private")
        found.append((name or "File", url))
    return found


def _objects(message: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    found = message.get(name)
    return [each for each in found if isinstance(each, Mapping)] if isinstance(found, list) else []


def _text(message: Mapping[str, Any], name: str) -> str:
    found = message.get(name)
    return found if isinstance(found, str) else ""


# ---- who ----


@dataclass(frozen=True, kw_only=True)
class Pinner:
    """Who marked a message: a person of ours, or somebody in Slack whom we do not know."""

    person: Person | None
    name: str


def pinner(incident: Incident, *, team: str, user: str, name: str = "") -> Pinner | None:
    """Who that is, where what they mark counts: a responder who sees the incident, or somebody unknown; else None.

    In a restricted incident only the people named in it count; a disabled account counts nowhere.
    """
    person = slack_people.person_of(team, user)
    if person is None:
        is_refused = incident.visibility == Visibility.RESTRICTED or slack_people.is_shut_out(user)
        return (
            None if is_refused else Pinner(person=None, name=name or names_of([user]).get(user) or "Somebody in Slack")
        )
    if not person.may(Role.RESPONDER) or find_incident(incident.ref, person) is None:
        return None
    return Pinner(person=person, name=person.name)


def names_of(users: Collection[str]) -> dict[str, str]:
    """By Slack user, how those are called whom we know: people by their name here, others as Slack shows it."""
    theirs = select(SlackUser.user_id, SlackUser.name).where(SlackUser.user_id.in_(users), SlackUser.name != "")
    ours = (
        select(ContactAddress.value, Person.name)
        .join(Person, Person.id == ContactAddress.person_id)
        .where(ContactAddress.kind == SOURCE, ContactAddress.value.in_(users), ContactAddress.removed_at.is_(None))
    )
    return {user: name for wanted in (theirs, ours) for user, name in db.session.execute(wanted).all()} if users else {}


def writer(message: Said, *, team: str, names: Mapping[str, str]) -> Actor:
    """In whose name it stands: the person's, where the Slack user is linked, else as Slack calls them."""
    person = slack_people.person_of(team, message.user) if message.user else None
    if person is not None:
        return person.as_actor()
    name = message.bot_name or names.get(message.user) or "Somebody"
    return Actor("slack", None, f"{name[:_LONGEST_NAME]} in Slack")


# ---- on the timeline, and off ----


def put_on_timeline(
    incident: Incident,
    message: Said,
    *,
    ts: str,
    by: Actor,
    pinned_by: Pinner,
    names: Mapping[str, str],
    before: TimelineEntry | None = None,
) -> TimelineEntry:
    """Write a message as a note of its writer's at the time ``ts`` at which it was written, with a link to it.

    That somebody of ours pinned it is a sign of life, like a note; what was once said there is none. ``before`` is the
    entry that was taken off, where it is pinned anew: it says again what the message says now.
    """
    body = _body(message, names)
    if before is not None:
        _reword(before, incident, body, by_name=pinned_by.name)
        before.detail = {**_source(pinned_by, by)}
        entry = before
    else:
        entry = journal.write(
            incident,
            "note",
            by=by,
            body=body,
            detail=_source(pinned_by, by),
            at=min(moment_of(ts), clock.now()),
            link=_link(message.permalink),
            is_sign_of_life=False,
        )
    if pinned_by.person is not None:
        incident.last_human_entry_at = clock.now()
    watch.rearm(incident)
    return entry


def take_off(entry: TimelineEntry, incident: Incident, *, by_name: str) -> TimelineEntry:
    """Nobody has it pinned any more: the entry stays without its words, and keeps them beside it like any correction."""
    if is_on_timeline(entry):
        _reword(entry, incident, "", by_name=by_name)
        entry.detail = {**entry.detail, "taken_off_by": by_name}
    return entry


def is_on_timeline(entry: TimelineEntry) -> bool:
    """Whether it was not taken off again."""
    return "taken_off_by" not in entry.detail


def moment_of(ts: str) -> datetime:
    """When a message was written, by Slack's name for it. Raises ValueError for what is no such name."""
    seconds, _, fraction = ts.partition(".")
    if not (seconds.isascii() and seconds.isdecimal() and len(seconds) <= 11):
        raise ValueError(ts)
    micros = fraction[:6].ljust(6, "0")
    if not (micros.isascii() and micros.isdecimal()):
        raise ValueError(ts)
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=int(seconds), microseconds=int(micros))


def is_moment(ts: str) -> bool:
    """Whether that can be Slack's name for a message."""
    try:
        moment_of(ts)
    except ValueError:
        return False
    return len(ts) <= _LONGEST_TS


def _body(message: Said, names: Mapping[str, str]) -> str:
    words = slack_text.with_links(slack_text.readable(message.text, names), message.files).replace("\x00", "")
    return words if len(words) <= journal.LONGEST_TEXT else words[: journal.LONGEST_TEXT - 1].rstrip() + "…"


def _source(pinned_by: Pinner, by: Actor) -> dict[str, Any]:
    return {"source": SOURCE} | ({"pinned_by": pinned_by.name} if pinned_by.name != by.name else {})


def _link(permalink: str) -> str | None:
    try:
        return notes.safe_link(permalink)
    except Malformed:
        return None


def _reword(entry: TimelineEntry, incident: Incident, body: str, *, by_name: str) -> None:
    moment = clock.now()
    db.session.add(
        TimelineCorrection(entry_id=entry.id, at=moment, by_name=by_name, body=entry.body, happened_at=entry.at)
    )
    entry.body, entry.corrected_at = body, moment
    incident.version += 1
