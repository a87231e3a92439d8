"""Where a person can be reached, and which of these addresses are used in which order for what is urgent and what is not."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from datetime import datetime
from typing import Final
from urllib.parse import urlsplit

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint, select, text
from sqlalchemy.orm import Mapped, mapped_column

from ..kernel import clock
from ..kernel.database import Base, db

KINDS: Final = ("email", "slack", "webhook", "pagerduty", "apprise")  # each is a channel of the same name
HIGH, LOW = "high", "low"  # P1 and P2 page; P3 and P4 wait for the morning
URGENCIES: Final = (HIGH, LOW)
LONGEST_DELAY = 60  # minutes


class ContactAddress(Base):
    """One address of a person.

    In the outbox its destination is the address itself for e-mail and Slack, and ``address:<id>`` for the others,
    whose addresses are secrets: the way out looks the value up at each attempt.
    """

    __tablename__ = "contact_addresses"
    __table_args__ = (
        CheckConstraint(
            "kind IN ('email', 'slack', 'webhook', 'pagerduty', 'apprise')", name="kind_of_address_is_known"
        ),
        CheckConstraint("(old_secret IS NULL) = (old_secret_until IS NULL)", name="an_old_secret_ends"),
        Index(
            "uq_contact_addresses_once_a_person",
            "person_id",
            "kind",
            "value",
            unique=True,
            sqlite_where=text("removed_at IS NULL"),
            postgresql_where=text("removed_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id", ondelete="CASCADE"))
    kind: Mapped[str] = mapped_column(String(12))
    label: Mapped[str] = mapped_column(String(80))
    value: Mapped[str] = mapped_column(String(1000))
    secret: Mapped[str | None] = mapped_column(String(120))  # of a webhook: whsec_…
    old_secret: Mapped[str | None] = mapped_column(String(120))  # one or two that sign besides until old_secret_until
    old_secret_until: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    test_event: Mapped[str | None] = mapped_column(
        String(200)
    )  # of the last test message: its outcome is in the outbox
    removed_at: Mapped[datetime | None]  # the log keeps its label

    @property
    def destination(self) -> str:
        """How it stands in the outbox."""
        return self.value if self.kind in ("email", "slack") else f"address:{self.id}"

    @property
    def host(self) -> str:
        """Whom a webhook's address names, without what opens it; empty for the other kinds, and once it is removed."""
        return (urlsplit(self.value).hostname or "") if self.kind == "webhook" else ""

    def old_secrets(self, now: datetime) -> list[str]:
        """What signs besides at this moment, the oldest first."""
        is_over = self.old_secret_until is None or self.old_secret_until <= now
        return [] if is_over or self.old_secret is None else self.old_secret.split()


class ContactRule(Base):
    """For messages of one urgency, this address is used ``after_minutes`` after they were written.

    Without an address it means the account's own e-mail. A person without any rule for an urgency is told by the
    account's e-mail and by Slack, at once.
    """

    __tablename__ = "contact_rules"
    __table_args__ = (
        CheckConstraint("urgency IN ('high', 'low')", name="urgency_is_high_or_low"),
        CheckConstraint("after_minutes BETWEEN 0 AND 60", name="a_delay_is_an_hour_at_most"),
        UniqueConstraint("person_id", "urgency", "address_id", name="an_address_is_used_once_per_urgency"),
        Index(
            "uq_contact_rules_account_once_per_urgency",
            "person_id",
            "urgency",
            unique=True,
            sqlite_where=text("address_id IS NULL"),
            postgresql_where=text("address_id IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id", ondelete="CASCADE"))
    urgency: Mapped[str] = mapped_column(String(4))
    address_id: Mapped[int | None] = mapped_column(ForeignKey("contact_addresses.id", ondelete="CASCADE"))
    after_minutes: Mapped[int] = mapped_column(default=0)


def addresses_of(person_id: int) -> list[ContactAddress]:
    """A person's addresses, oldest first, without those removed."""
    return addresses_of_each([person_id])[person_id]


def addresses_of_each(person_ids: Collection[int]) -> dict[int, list[ContactAddress]]:
    """The same for several people at once, by their ids."""
    wanted = select(ContactAddress).where(ContactAddress.person_id.in_(person_ids), ContactAddress.removed_at.is_(None))
    found: dict[int, list[ContactAddress]] = defaultdict(list)
    for address in db.session.scalars(wanted.order_by(ContactAddress.id)):
        found[address.person_id].append(address)
    return found


def rules_of_each(person_ids: Collection[int]) -> dict[tuple[int, str], list[ContactRule]]:
    """The rules of several people by person and urgency, the soonest first."""
    wanted = select(ContactRule).where(ContactRule.person_id.in_(person_ids))
    found: dict[tuple[int, str], list[ContactRule]] = defaultdict(list)
    for rule in db.session.scalars(wanted.order_by(ContactRule.after_minutes, ContactRule.id)):
        found[rule.person_id, rule.urgency].append(rule)
    return found
