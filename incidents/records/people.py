"""The people who use Sevenbells, and what each of them chose."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

from sqlalchemy import CheckConstraint, String, func, select, true
from sqlalchemy.orm import Mapped, mapped_column

from ..kernel import clock
from ..kernel.database import Base, db
from .actors import Actor


class Role(StrEnum):
    """What a person may do; each role may also do what the ones before it may."""

    VIEWER = "viewer"
    RESPONDER = "responder"
    ADMIN = "admin"

    def includes(self, needed: Role) -> bool:
        """Whether somebody with this role may do what asks for ``needed``."""
        order = list(Role)
        return order.index(self) >= order.index(needed)


class Theme(StrEnum):
    """How the console looks to a person."""

    SYSTEM = "system"
    LIGHT = "light"
    DARK = "dark"


class Person(Base):
    """Somebody with an account. Nobody is ever deleted, so that history keeps its names; see ``disabled_at``."""

    __tablename__ = "people"
    __table_args__ = (
        CheckConstraint("role IN ('viewer', 'responder', 'admin')", name="role_is_viewer_responder_or_admin"),
        CheckConstraint("theme IN ('system', 'light', 'dark')", name="theme_is_system_light_or_dark"),
        CheckConstraint("email = lower(email)", name="email_is_lower_case"),
        CheckConstraint("name <> ''", name="name_is_not_empty"),
        CheckConstraint("(quiet_from IS NULL) = (quiet_until IS NULL)", name="quiet_hours_have_both_ends"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(String(254), unique=True)
    name: Mapped[str] = mapped_column(String(100))
    role: Mapped[str] = mapped_column(String(20))
    zone: Mapped[str] = mapped_column(String(64), default="UTC")
    theme: Mapped[str] = mapped_column(String(10), default=Theme.SYSTEM.value)
    # nobody can sign in by password while it is empty: somebody added by the command line, say
    password_hash: Mapped[str | None] = mapped_column(String(255))
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    disabled_at: Mapped[datetime | None]
    agrees_to_drills: Mapped[bool] = mapped_column(default=False)
    single_keys: Mapped[bool] = mapped_column(default=True)
    weekly_digest: Mapped[bool] = mapped_column(default=True, server_default=true())
    # in their zone, HH:MM; what is not urgent waits until they end
    quiet_from: Mapped[str | None] = mapped_column(String(5))
    quiet_until: Mapped[str | None] = mapped_column(String(5))
    test_event: Mapped[str | None] = mapped_column(String(200))  # of the last test to the account's own e-mail

    @property
    def is_active(self) -> bool:
        return self.disabled_at is None

    @property
    def time_zone(self) -> ZoneInfo:
        return ZoneInfo(self.zone)

    @property
    def initials(self) -> str:
        """One or two letters for the round mark beside a name."""
        words = self.name.split()
        return (words[0][:1] + (words[-1][:1] if len(words) > 1 else "")).upper()

    def may(self, needed: Role) -> bool:
        """Whether this person is active and has the role, or a greater one."""
        return self.is_active and Role(self.role).includes(needed)

    def as_actor(self) -> Actor:
        """How this person stands beside what they did."""
        return Actor("person", self.id, self.name)


class Founding(Base):
    """The one row that closes set-up for ever: it is written with the first person, and there can be no second."""

    __tablename__ = "founding"
    __table_args__ = (CheckConstraint("id = 1", name="there_is_only_one"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at: Mapped[datetime] = mapped_column(default=clock.now)


def find_person(email: str) -> Person | None:
    """The person with that address, active or not; letters' case does not matter."""
    if not email.isprintable():
        return None  # PostgreSQL refuses such text outright
    return db.session.scalar(select(Person).where(Person.email == email.strip().lower()))


def everybody() -> list[Person]:
    """All people, the disabled last, by name."""
    disabled_last = Person.disabled_at.is_not(None)
    return list(db.session.scalars(select(Person).order_by(disabled_last, func.lower(Person.name), Person.id)))


def active_people(role: Role = Role.VIEWER) -> list[Person]:
    """Active people whose role includes ``role``, by name."""
    roles = [each.value for each in Role if each.includes(role)]
    wanted = select(Person).where(Person.disabled_at.is_(None), Person.role.in_(roles))
    return list(db.session.scalars(wanted.order_by(func.lower(Person.name), Person.id)))


def closed_accounts(recipients: Collection[tuple[int | None, str]]) -> set[tuple[int | None, str]]:
    """Of these (person's number, address), those whose account is disabled; by the address where there is no number."""
    closed: set[int | str] = set()
    # there are few of them, and many may be asked about
    for number, email in db.session.execute(select(Person.id, Person.email).where(Person.disabled_at.is_not(None))):
        closed |= {number, email}
    return {each for each in recipients if (each[1] if each[0] is None else each[0]) in closed}


def nobody_exists() -> bool:
    """Whether set-up is still open: there was never a person."""
    has_people = db.session.scalar(select(Person.id).limit(1)) is not None
    return not has_people and db.session.get(Founding, 1) is None
