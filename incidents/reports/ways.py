"""The ways by which people are reached: which addresses, after how long, and why one of them cannot work now."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from flask import current_app
from sqlalchemy import select

from ..kernel.database import db
from ..kernel.outbox import Destination, OutboxMessage
from ..kernel.settings import Settings
from ..records.addresses import ContactAddress, ContactRule, addresses_of_each, rules_of_each
from ..records.people import Person

EMAIL, SLACK = "email", "slack"
NO_MAIL_SERVER, NO_SLACK = "no mail server", "Slack is not connected"
_AT_ONCE = timedelta(0)


@dataclass(frozen=True, kw_only=True)
class Way:
    """One address of a person. ``address`` is None for the account's own e-mail."""

    channel: str
    destination: str  # as the outbox knows it
    after: timedelta = _AT_ONCE
    address: ContactAddress | None = None
    why_not: str = ""  # why nothing arrives by it at present

    @property
    def value(self) -> str:
        """Where it leads; a secret for some kinds."""
        return self.destination if self.address is None else self.address.value

    @property
    def is_account(self) -> bool:
        """Whether it is the account's own e-mail."""
        return self.address is None


class Ways:
    """The ways of several people, read in three queries however many they are."""

    def __init__(self, people: Iterable[Person]) -> None:
        self._people = {person.id: person for person in people}
        self._addresses = addresses_of_each(self._people) if self._people else {}
        self._rules = rules_of_each(self._people) if self._people else {}
        self._suppressed = _suppressed(
            [person.email for person in self._people.values()],
            [address.destination for each in self._addresses.values() for address in each],
        )

    def all_of(self, person: Person) -> list[Way]:
        """Every address the person has, the account's e-mail first, whatever the rules say."""
        return [self._account(person), *(self._of(address) for address in self._addresses.get(person.id, ()))]

    def chosen_by(self, person: Person, urgency: str) -> list[Way]:
        """The addresses for that urgency, soonest first: as the person's rules say, else e-mail and Slack at once."""
        ways = self.all_of(person)
        rules = self._rules.get((person.id, urgency), ())
        if not rules:
            return [way for way in ways if way.is_account or way.channel == SLACK]
        by_address = {way.address.id if way.address else None: way for way in ways}
        return [
            replace(by_address[rule.address_id], after=timedelta(minutes=rule.after_minutes))
            for rule in rules
            if rule.address_id in by_address
        ]

    def has_rules(self, person: Person, urgency: str) -> bool:
        """Whether the person chose for that urgency."""
        return (person.id, urgency) in self._rules

    def rules(self, person: Person, urgency: str) -> Sequence[ContactRule]:
        """What the person chose, the soonest first."""
        return self._rules.get((person.id, urgency), ())

    def used_for(self, person: Person, urgency: str) -> list[Way]:
        """The same as they work now: what is due first and cannot work makes the others come sooner.

        Where none works the account's e-mail is tried whatever the rules say: its row tells what became of it.
        """
        chosen = self.chosen_by(person, urgency)
        working = [way for way in chosen if not way.why_not]
        if not working:
            return chosen if any(way.is_account for way in chosen) else [self._account(person), *chosen]
        sooner = working[0].after - chosen[0].after
        return [replace(way, after=way.after - min(sooner, way.after)) for way in chosen]

    def falls_back(self, person: Person, urgency: str) -> bool:
        """Whether no address that the person chose works, so that only the account's e-mail is left.

        Where nothing but that e-mail was ever chosen there is nothing to fall back from.
        """
        chosen = self.chosen_by(person, urgency)
        return all(way.why_not for way in chosen) and not all(way.is_account for way in chosen)

    def is_silenced(self, person: Person, urgency: str) -> bool:
        """Whether each address that would be used proved to be none, so that nothing is sent there any more."""
        return all((way.channel, way.destination) in self._suppressed for way in self.used_for(person, urgency))

    def _account(self, person: Person) -> Way:
        return Way(channel=EMAIL, destination=person.email, why_not=self._why_not(EMAIL, person.email))

    def _of(self, address: ContactAddress) -> Way:
        return Way(
            channel=address.kind,
            destination=address.destination,
            address=address,
            why_not=self._why_not(address.kind, address.destination),
        )

    def _why_not(self, channel: str, destination: str) -> str:
        return closed(channel) or self._suppressed.get((channel, destination), "")


def closed(channel: str) -> str:
    """Why nothing leaves by this channel as the environment is set; empty where it can."""
    settings: Settings = current_app.extensions["sevenbells.settings"]
    if channel == EMAIL and settings.smtp_url is None:
        return NO_MAIL_SERVER
    if channel == SLACK and settings.slack_bot_token is None:
        return NO_SLACK
    return ""


def _suppressed(*destinations: Sequence[str]) -> Mapping[tuple[str, str], str]:
    wanted = [each for some in destinations for each in some]
    if not wanted:
        return {}
    rows = db.session.execute(
        select(Destination.channel, Destination.destination, Destination.suppressed_reason).where(
            Destination.suppressed_at.is_not(None), Destination.destination.in_(wanted)
        )
    )
    return {(row.channel, row.destination): row.suppressed_reason for row in rows}


def last_tests(person: Person, ways: Iterable[Way]) -> dict[str, OutboxMessage]:
    """The last test message to each of these addresses, by its event (see ``test_event``)."""
    events = [event for way in ways if (event := test_event(person, way)) is not None]
    if not events:
        return {}
    return {row.event: row for row in db.session.scalars(select(OutboxMessage).where(OutboxMessage.event.in_(events)))}


def test_event(person: Person, way: Way) -> str | None:
    """Which message was the last test of that address; None where there was none."""
    return person.test_event if way.address is None else way.address.test_event
