"""How one is reached: one's addresses in the order in which they are used for what is urgent, and whether each was tested."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select

from ...kernel import outbox
from ...kernel.database import db
from ...kernel.outbox import OutboxMessage
from ...records.addresses import ContactAddress, addresses_of
from ...records.people import Person
from ..formats import ago

_KINDS = {"email": "E-mail", "slack": "Slack", "webhook": "Webhook", "pagerduty": "PagerDuty", "apprise": "Push or SMS"}
_ICONS = {"email": "mail"}


@dataclass(frozen=True, kw_only=True)
class Way:
    """One address: what it is, where it leads, and what the last test said. ``kind`` is that of its tag."""

    icon: str
    word: str
    where: str
    tested: str
    kind: str


def ways(person: Person) -> list[Way]:
    """The account's own e-mail, then what the person added."""
    added = addresses_of(person.id)
    outcomes = _outcomes([address.test_event for address in added if address.test_event])
    own = Way(icon="mail", word="E-mail", where=person.email, tested="", kind="")
    return [own, *(_way(address, outcomes) for address in added)]


def _way(address: ContactAddress, outcomes: dict[str, tuple[str, str]]) -> Way:
    tested, kind = outcomes.get(address.test_event or "", ("Not tested", "warn"))
    word = _KINDS.get(address.kind, address.kind)
    return Way(
        icon=_ICONS.get(address.kind, "person"),
        word=word,
        where=address.value if address.kind == "email" else address.label,
        tested=tested,
        kind=kind,
    )


def _outcomes(events: Sequence[str]) -> dict[str, tuple[str, str]]:
    """What became of each test: its words, and the kind of its tag."""
    if not events:
        return {}
    rows = db.session.execute(
        select(OutboxMessage.event, OutboxMessage.state, OutboxMessage.sent_at).where(OutboxMessage.event.in_(events))
    )
    words = {outbox.WAITING: ("Test on its way", "")}
    return {
        row.event: (f"Tested {ago(row.sent_at)}", "good")
        if row.state == outbox.SENT
        else words.get(row.state, ("Test failed", "bad"))
        for row in rows
    }
