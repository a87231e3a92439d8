"""What can be done to the ways by which a person is reached: add, remove, choose the order, test, try again."""

from __future__ import annotations

import re
import secrets
from base64 import b64encode
from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any, Final, Literal

from sqlalchemy import delete, select, update
from sqlalchemy.exc import IntegrityError

from ..access.links import base_url
from ..kernel import clock, outbox
from ..kernel.database import db
from ..kernel.errors import Malformed, NotAllowed
from ..kernel.outbox import OutboxMessage
from ..messages import about_addresses, payloads
from ..records.actors import Actor
from ..records.addresses import HIGH, LONGEST_DELAY, LOW, URGENCIES, ContactAddress, ContactRule, addresses_of
from ..records.people import Person
from ..reports.ways import EMAIL, SLACK, Way, Ways
from .address_values import KINDS, clean_value, label_of
from .audit import note

MOST: Final = 20  # addresses of one person
OLD_SECRET_LASTS: Final = timedelta(hours=24)
USUAL: Final = "usual"  # P3 and P4 come by Slack and the account's e-mail, and by nothing else (product.md, section 3)
_LONGEST_LABEL = 80
_REMOVED = "The address was removed before this was sent"
_TIME = re.compile(r"([01]\d|2[0-3]):[0-5]\d", re.ASCII)

# minutes after which an address is used, by address (None: the account's e-mail); not used where it is None
Delays = Mapping[int | None, int | None]


def add_address(
    person: Person,
    *,
    kind: str,
    value: str,
    label: str = "",
    by: Actor,
    high: int | None = 0,
    low: int | Literal["usual"] | None = USUAL,
) -> ContactAddress:
    """One more address, used from now on after so many minutes for what is urgent and for what is not; None: not at all.

    What is not urgent comes by Slack unless somebody says otherwise, and by any other address only if somebody does.
    A webhook gets the secret by which what we send is signed. Raises Malformed, and NotAllowed where there are too many.
    """
    kept = clean_value(kind, value)
    if len(addresses_of(person.id)) >= MOST:
        raise NotAllowed(f"There are {MOST} addresses, which is as many as there can be. Remove one first.")
    if kind == "email" and kept == person.email:
        raise Malformed({"value": "This is the account's own e-mail, which is used already."})
    if kind == SLACK and _is_somebody_elses(person, kept):
        raise Malformed({"value": "Somebody else here has this member ID. Ask an admin if it is yours."})
    minutes = {HIGH: _delay(high, "high"), LOW: _delay(_usual(kind) if low == USUAL else low, "low")}
    address = ContactAddress(person_id=person.id, kind=kind, value=kept, label=_label(label) or label_of(kind, kept))
    address.secret = _new_secret() if kind == "webhook" else None
    try:
        with db.session.begin_nested():
            db.session.add(address)
    except IntegrityError:
        raise Malformed({"value": "This address is there already."}) from None
    _use(person, address, minutes)
    note("address added", by=by, subject=person.email, kind=kind, label=address.label)
    _tell_the_owner(person, address, by=by)
    return address


def _is_somebody_elses(person: Person, member: str) -> bool:
    """Whoever presses a button in Slack acts as the person with that member ID, so it can be only one's."""
    taken = (
        select(ContactAddress.id)
        .join(Person, Person.id == ContactAddress.person_id)
        .where(
            ContactAddress.kind == SLACK,
            ContactAddress.value == member,
            ContactAddress.removed_at.is_(None),
            ContactAddress.person_id != person.id,
            Person.disabled_at.is_(None),
        )
    )
    return db.session.scalar(taken.limit(1)) is not None


def _use(person: Person, address: ContactAddress, minutes: Mapping[str, int | None]) -> None:
    """Beside those that are used already; what held while nothing was chosen is then written down."""
    ways = Ways([person])
    for urgency, after in minutes.items():
        if not ways.has_rules(person, urgency):
            if after == (0 if address.kind == SLACK else None):
                continue  # just what holds without a rule
            others = [way for way in ways.chosen_by(person, urgency) if way.address is not address]
            _write_rules(person, urgency, {_id(way): 0 for way in others})
        if after is not None:
            _write_rules(person, urgency, {address.id: after})


def _id(way: Way) -> int | None:
    return way.address.id if way.address else None


def _write_rules(person: Person, urgency: str, minutes: Mapping[int | None, int]) -> None:
    for address_id, after in minutes.items():
        db.session.add(ContactRule(person_id=person.id, urgency=urgency, address_id=address_id, after_minutes=after))
    db.session.flush()


def _tell_the_owner(person: Person, address: ContactAddress, *, by: Actor) -> None:
    if by.kind == "person" and by.id == person.id:
        return
    letter = about_addresses.added_by_another(
        by.name, kind=KINDS[address.kind], label=address.label, address=my_notifications()
    )
    outbox.enqueue(
        event=f"address/{address.id}/added",
        channel=EMAIL,
        destination=person.email,
        payload=letter.payload(person.email),
        person_id=person.id,
    )


def remove_address(person: Person, address: ContactAddress, *, by: Actor) -> None:
    """Use it no more: what waits for it is not sent, and its value and secret are forgotten. The log keeps its label."""
    _skip_what_waits(person, address)
    db.session.execute(delete(ContactRule).where(ContactRule.address_id == address.id))
    address.removed_at = clock.now()
    address.value, address.secret, address.old_secret, address.old_secret_until = "", None, None, None
    db.session.flush()
    note("address removed", by=by, subject=person.email, kind=address.kind, label=address.label)


def _skip_what_waits(person: Person, address: ContactAddress) -> None:
    waits = (
        OutboxMessage.channel == address.kind,
        OutboxMessage.destination == address.destination,
        OutboxMessage.state == outbox.WAITING,
        OutboxMessage.person_id == person.id,
        OutboxMessage.leased_by.is_(None),
    )
    db.session.execute(update(OutboxMessage).where(*waits).values(state=outbox.SKIPPED, reason=_REMOVED))


def choose_delays(person: Person, delays: Mapping[str, Delays], *, by: Actor) -> None:
    """When each address is used, by urgency. An address that is not named keeps its place: another tab may have added it.

    Raises Malformed where an urgency would be left without any address.
    """
    ways = Ways([person])
    known = {_id(way) for way in ways.all_of(person)}
    problems: dict[str, str] = {}
    for urgency in URGENCIES:
        now = {_id(way): int(way.after.total_seconds()) // 60 for way in ways.chosen_by(person, urgency)}
        wanted = _merged(now, delays.get(urgency, {}), known, problems)
        if not wanted:
            problems[urgency] = "Choose at least one address."
        elif wanted != now or ways.has_rules(person, urgency):
            mine = (ContactRule.person_id == person.id, ContactRule.urgency == urgency)
            db.session.execute(delete(ContactRule).where(*mine))
            _write_rules(person, urgency, wanted)
    if problems:
        raise Malformed(problems)
    note("order of addresses changed", by=by, subject=person.email)


def _merged(
    now: Mapping[int | None, int], chosen: Delays, known: Iterable[int | None], problems: dict[str, str]
) -> dict[int | None, int]:
    if set(chosen) - set(known):
        problems[""] = "One of these addresses was removed meanwhile. This is how it stands now."
        return dict(now)
    wanted = {**now, **{each: _delay(minutes, "") for each, minutes in chosen.items()}}
    return {each: minutes for each, minutes in wanted.items() if minutes is not None}


def _usual(kind: str) -> int | None:
    return 0 if kind == SLACK else None


def _delay(minutes: int | None, field: str) -> int | None:
    if minutes is not None and not 0 <= minutes <= LONGEST_DELAY:
        raise Malformed({field: f"Choose a delay of at most {LONGEST_DELAY} min."})
    return minutes


def choose_quiet_hours(person: Person, begins: str, ends: str, *, by: Actor) -> None:
    """When what is not urgent waits, in the person's own zone; both empty: never. Raises Malformed."""
    begins, ends = begins.strip(), ends.strip()
    problems = {
        field: "Write a time such as 22:00."
        for field, text in (("quiet_from", begins), ("quiet_until", ends))
        if text and not _TIME.fullmatch(text)
    }
    if not problems and bool(begins) != bool(ends):
        problems["quiet_until" if begins else "quiet_from"] = "Give both times, or none."
    if not problems and begins and begins == ends:
        problems["quiet_until"] = "Choose an end that is not the beginning."
    if problems:
        raise Malformed(problems)
    person.quiet_from, person.quiet_until = begins or None, ends or None
    note("quiet hours changed", by=by, subject=person.email, begins=begins, ends=ends)


def rotate_secret(person: Person, address: ContactAddress, *, by: Actor) -> str:
    """A new secret for a webhook, shown once; the old one signs besides for 24 hours. Raises NotAllowed for other kinds.

    Whoever asks again within that time may not have used the one between: the oldest signs on, too. There is room for two.
    """
    if address.kind != "webhook":
        raise NotAllowed("Only a webhook has a secret.")
    now = clock.now()
    old = [*address.old_secrets(now)[:1], *([address.secret] if address.secret else [])]
    address.old_secret = " ".join(old) or None
    address.old_secret_until = now + OLD_SECRET_LASTS if old else None
    address.secret = _new_secret()
    note("secret of an address changed", by=by, subject=person.email, label=address.label)
    return address.secret


def _new_secret() -> str:
    """As Standard Webhooks writes it: 24 to 64 random bytes."""
    return "whsec_" + b64encode(secrets.token_bytes(32)).decode()


def send_tests(person: Person, ways: Iterable[Way]) -> int:
    """A test to each of these addresses, by the way that a page takes; answers how many. Its outcome is in the outbox."""
    messages: list[dict[str, Any]] = []
    for way in ways:
        event = f"test/{person.id}/{_id(way) or 'account'}/{clock.now().isoformat()}"
        label = way.address.label if way.address else "the account's e-mail"
        letter = about_addresses.test(person.name, label=label, address=my_notifications())
        messages.append(
            {
                "event": event,
                "channel": way.channel,
                "destination": way.destination,
                "payload": payloads.payload_for(way.channel, letter, to=way.value, purpose=outbox.TEST),
                "person_id": person.id,
                "purpose": outbox.TEST,
            }
        )
        (way.address or person).test_event = event
    return outbox.enqueue_each(messages)


def try_again(person: Person, way: Way, *, by: Actor) -> bool:
    """Write to an address again that refused everything; False where nothing kept us from it."""
    if not outbox.lift(way.channel, way.destination):
        return False
    note("address tried again", by=by, subject=person.email, label=way.address.label if way.address else "E-mail")
    return True


def find_address(person: Person, address_id: int) -> ContactAddress | None:
    """That person's own address; another's answers as one that does not exist."""
    wanted = select(ContactAddress).where(
        ContactAddress.id == address_id, ContactAddress.person_id == person.id, ContactAddress.removed_at.is_(None)
    )
    return db.session.scalar(wanted) if 0 < address_id < 2**31 else None


def my_notifications() -> str:
    """Where all this is done."""
    return f"{base_url()}/console/me/notifications"


def _label(text: str) -> str:
    label = " ".join(text.split())
    if len(label) > _LONGEST_LABEL:
        raise Malformed({"label": f"Use at most {_LONGEST_LABEL} characters for the name."})
    if any(not each.isprintable() for each in label):
        raise Malformed({"label": "Leave control characters out of the name."})
    return label
