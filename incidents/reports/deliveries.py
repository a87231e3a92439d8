"""The log of deliveries: who was told of what, when, and if not why; narrowed as the reader asks."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from html import unescape

from sqlalchemy import ColumnElement, Select, String, bindparam, false, or_, select

from ..kernel import clock, outbox
from ..kernel.database import db
from ..kernel.outbox import Destination, OutboxMessage
from ..records.addresses import ContactAddress
from ..records.incident_channels import names_of_channels
from ..records.people import Person, find_person

_SLACK_CHANNEL = re.compile(r"[CG][A-Z0-9]{1,30}", re.ASCII)
CHANNELS = {
    "email": "E-mail",
    "slack": "Slack",
    "webhook": "Webhook",
    "pagerduty": "PagerDuty",
    "apprise": "Apprise",
    "tracker": "Tracker of issues",
}
STATES = {
    outbox.WAITING: "Waiting",
    outbox.FAILED: "Failed",
    outbox.HELD: "Held",
    outbox.SENT: "Sent",
    outbox.SKIPPED: "Not sent",
}


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What is asked for; what is empty asks for nothing."""

    state: str = ""
    channel: str = ""
    destination: str = ""
    person: str = ""  # an e-mail address
    event: str = ""  # the beginning of one
    reason: str = ""  # some of its words
    incident_id: int | None = None


def conditions(asked: Asked) -> list[ColumnElement[bool]]:
    """For a query of messages."""
    table = OutboxMessage
    found: list[ColumnElement[bool]] = []
    if asked.state:
        # as a word of the statement: a planner that meets a parameter does not see that a partial index fits
        found.append(table.state == bindparam(None, asked.state, String, literal_execute=True))
        if asked.state in (outbox.FAILED, outbox.HELD):
            found.append(outbox.is_undelivered(table))
    if asked.channel:
        found.append(table.channel == asked.channel)
    if asked.destination:
        found.append(table.destination.icontains(asked.destination, autoescape=True))
    if asked.person:
        person = find_person(asked.person)
        found.append(or_(table.person_id == person.id, table.destination == person.email) if person else false())
    if asked.event:
        found.append(table.event.startswith(asked.event, autoescape=True))
    if asked.reason:
        found.append(table.reason.icontains(asked.reason, autoescape=True))
    if asked.incident_id is not None:
        found.append(table.incident_id == asked.incident_id)
    return found


def newest(wanted: Select[OutboxMessage], *, before: int | None, limit: int) -> Sequence[OutboxMessage]:
    """The newest of these, one more than ``limit`` where there are more."""
    if before is not None:
        wanted = wanted.where(OutboxMessage.id < before)
    return db.session.scalars(wanted.order_by(OutboxMessage.id.desc()).limit(limit + 1)).all()


@dataclass(frozen=True, kw_only=True)
class Told:
    """One message as it is read: to whom, about what."""

    message: OutboxMessage
    who: str  # a name, or the address where none is known
    where: str  # the address beside a name
    what: str

    @property
    def next_at(self) -> datetime | None:
        """When it is tried next; None while it is under way, or tried no more."""
        is_idle = self.message.state == outbox.WAITING and self.message.leased_by is None
        return self.message.next_attempt_at if is_idle else None

    @property
    def is_under_way(self) -> bool:
        until = self.message.leased_until
        return until is not None and until > clock.now()


def told(messages: Sequence[OutboxMessage]) -> list[Told]:
    """With names and subjects, in four queries however many they are."""
    people = _people(messages)
    labels = address_labels({message.destination for message in messages})
    bodies = _bodies(messages)
    found = []
    for message in messages:
        name = people.get(message.person_id or 0) or people.get(message.destination, "")
        where = labels.get(message.destination, message.destination)
        body = {**bodies.get(message.id, {}), **message.payload}
        found.append(Told(message=message, who=name or where, where=where if name else "", what=_what(body, message)))
    return found


def _people(messages: Sequence[OutboxMessage]) -> dict[int | str, str]:
    ids = {message.person_id for message in messages if message.person_id is not None}
    addresses = {message.destination for message in messages if message.channel == "email"}
    if not ids and not addresses:
        return {}
    rows = db.session.execute(
        select(Person.id, Person.email, Person.name).where(or_(Person.id.in_(ids), Person.email.in_(addresses)))
    ).all()
    return {row.id: row.name for row in rows} | {row.email: row.name for row in rows}


def address_labels(destinations: set[str]) -> dict[str, str]:
    """What a destination that only names an address is called: its owner's word for it, and never the secret."""
    ids = _address_ids(destinations)
    found = {each: "The team's own" for each in destinations if each.partition(":")[0] == "team"}
    channels = {each for each in destinations if _SLACK_CHANNEL.fullmatch(each)}
    if channels:
        found |= {channel: f"#{name}" for channel, name in names_of_channels(channels).items()}
    if ids:
        rows = db.session.execute(select(ContactAddress.id, ContactAddress.label).where(ContactAddress.id.in_(ids)))
        found |= {f"address:{row.id}": row.label for row in rows}
    return found


def _address_ids(destinations: set[str]) -> set[int]:
    return {
        int(number)
        for each in destinations
        if each.startswith("address:") and (number := each.removeprefix("address:")).isdecimal() and len(number) < 10
    }


def _owned(destinations: set[str]) -> dict[str, str]:
    """Whose each of them is, and where it leads: several people may call theirs the same, and it stands alone here."""
    ids = _address_ids(destinations)
    if not ids:
        return {}
    rows = db.session.execute(
        select(ContactAddress, Person.name)
        .join(Person, Person.id == ContactAddress.person_id)
        .where(ContactAddress.id.in_(ids))
    ).all()
    found = {}
    for address, name in rows:
        own = "" if address.label == CHANNELS.get(address.kind) else address.label
        found[f"address:{address.id}"] = ", ".join(each for each in (name, own, address.host) if each)
    return found


def _bodies(messages: Sequence[OutboxMessage]) -> dict[int, Mapping[str, object]]:
    """By the messages' numbers: the words that were sent, or those that will be."""
    using = {message.id: message.body_id for message in messages if message.body_id is not None}
    edited = outbox.reworded(set(using.values()))
    unsent = {message.id for message in messages if message.state != outbox.SENT}
    using = {number: edited.get(body, body) if number in unsent else body for number, body in using.items()}
    known = outbox.bodies(set(using.values())) if using else {}
    return {number: known[body] for number, body in using.items() if body in known}


def _what(body: Mapping[str, object], message: OutboxMessage) -> str:
    """A line that says what it is about, in whatever shape its channel takes."""
    inner = body.get("payload")
    summary = inner.get("summary") if isinstance(inner, dict) else None
    data = body.get("data")
    subject = data.get("subject") if isinstance(data, dict) else None
    said = subject or next((body[name] for name in ("subject", "title", "text", "type") if body.get(name)), summary)
    line = str(said or message.event).strip().partition("\n")[0]
    if message.channel == "slack":
        line = unescape(line)  # its text was written for a reader of Slack's markup
    return line if len(line) <= 160 else f"{line[:159]}…"


def destination_names(found: Sequence[Destination]) -> dict[tuple[str, str], str]:
    """What each of them is called on a screen."""
    wanted = {each.destination for each in found}
    labels = address_labels(wanted) | _owned(wanted)
    return {
        (each.channel, each.destination): (
            f"All of {CHANNELS.get(each.channel, each.channel)}"
            if each.destination == outbox.EVERYWHERE
            else labels.get(each.destination, each.destination)
        )
        for each in found
    }
