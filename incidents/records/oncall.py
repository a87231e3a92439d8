"""Who is on call and when: rotations with their layers, overrides, shifts kept elsewhere, and what roles resolve to."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint, or_, select
from sqlalchemy.orm import Mapped, mapped_column

from ..kernel import clock
from ..kernel.database import Base, db
from .people import Person

NAME_LENGTH = 80


class Rotation(Base):
    """A schedule of people on call, in one named time zone.

    Its layers lie on one another: where a later one has somebody, that person is on call instead. With a
    ``source_url`` it is kept elsewhere: its shifts are read from that iCalendar and it has no layers.
    """

    __tablename__ = "rotations"
    __table_args__ = (CheckConstraint("name <> ''", name="a_rotation_has_a_name"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(NAME_LENGTH), unique=True)
    zone: Mapped[str] = mapped_column(String(64))
    announces: Mapped[bool] = mapped_column(default=True)  # tell who comes and who goes at each hand-over
    announced_until: Mapped[datetime]  # hand-overs were looked for until then
    announced_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))  # who was on call then; None: nobody
    source_url: Mapped[str | None] = mapped_column(String(1000))  # a secret: shown masked
    source_read_at: Mapped[datetime | None]  # last time that it was read without trouble
    source_tried_at: Mapped[datetime | None]
    source_problem: Mapped[str | None] = mapped_column(String(300))
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    changed_at: Mapped[datetime] = mapped_column(default=clock.now)  # its shifts may be others since
    archived_at: Mapped[datetime | None]  # it answers for nobody any more; history keeps its name
    version: Mapped[int] = mapped_column(default=1)


class RotationLayer(Base):
    """People who take turns. Each turn lasts ``every`` × ``count`` and begins at ``at`` of the rotation's zone.

    ``weekday`` (0 is Monday) is the day of the hand-over where turns last weeks. With ``weekdays`` and hours
    (``HH:MM``; an end at or before the start lies on the next day) the layer has somebody only then.
    """

    __tablename__ = "rotation_layers"
    __table_args__ = (
        CheckConstraint("every IN ('hour', 'day', 'week')", name="turns_last_hours_days_or_weeks"),
        CheckConstraint("count BETWEEN 1 AND 366", name="a_turn_has_a_length"),
        CheckConstraint("weekday IS NULL OR weekday BETWEEN 0 AND 6", name="a_weekday_is_0_to_6"),
        CheckConstraint("(hours_from IS NULL) = (hours_until IS NULL)", name="hours_have_both_ends"),
        UniqueConstraint("rotation_id", "position", name="layers_stand_in_order"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    rotation_id: Mapped[int] = mapped_column(ForeignKey("rotations.id", ondelete="CASCADE"))
    position: Mapped[int]
    every: Mapped[str] = mapped_column(String(4))
    count: Mapped[int] = mapped_column(default=1)
    weekday: Mapped[int | None]
    at: Mapped[str] = mapped_column(String(5))
    starts_on: Mapped[date]  # the first turn begins here, with the first person
    ends_on: Mapped[date | None]  # the last day, included
    weekdays: Mapped[str | None] = mapped_column(String(7))  # such as "01234"
    hours_from: Mapped[str | None] = mapped_column(String(5))
    hours_until: Mapped[str | None] = mapped_column(String(5))


class LayerMember(Base):
    """One person's place in a layer; somebody may have more than one."""

    __tablename__ = "rotation_layer_members"
    __table_args__ = (UniqueConstraint("layer_id", "position", name="places_stand_in_order"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    layer_id: Mapped[int] = mapped_column(ForeignKey("rotation_layers.id", ondelete="CASCADE"))
    position: Mapped[int]
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"))


class Override(Base):
    """Somebody else is on call for a while. Of two that overlap, the one made later holds.

    With ``instead_of_id`` it replaces that person only, where they would have been on call.
    """

    __tablename__ = "on_call_overrides"
    __table_args__ = (
        CheckConstraint("ends_at > starts_at", name="an_override_ends_after_it_starts"),
        Index("ix_on_call_overrides_rotation_id", "rotation_id", "ends_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    rotation_id: Mapped[int] = mapped_column(ForeignKey("rotations.id", ondelete="CASCADE"))
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"))
    instead_of_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    reason: Mapped[str] = mapped_column(String(300), default="")
    swap_id: Mapped[int | None] = mapped_column(ForeignKey("shift_swaps.id", ondelete="SET NULL"))
    by_name: Mapped[str] = mapped_column(String(100))
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    removed_at: Mapped[datetime | None]


class ShiftSwap(Base):
    """Somebody asks a colleague, or anybody, to take a shift; perhaps for one in return.

    Accepting makes the overrides. ``to_id`` None: whoever takes it first.
    """

    __tablename__ = "shift_swaps"
    __table_args__ = (
        CheckConstraint("ends_at > starts_at", name="a_swap_ends_after_it_starts"),
        CheckConstraint(
            "state IN ('open', 'accepted', 'declined', 'withdrawn', 'lapsed')", name="state_of_a_swap_is_known"
        ),
        CheckConstraint("(return_starts_at IS NULL) = (return_ends_at IS NULL)", name="a_return_has_both_ends"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    rotation_id: Mapped[int] = mapped_column(ForeignKey("rotations.id", ondelete="CASCADE"))
    from_id: Mapped[int] = mapped_column(ForeignKey("people.id"))
    to_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    return_starts_at: Mapped[datetime | None]
    return_ends_at: Mapped[datetime | None]
    note: Mapped[str] = mapped_column(String(300), default="")
    state: Mapped[str] = mapped_column(String(10), default="open")
    taken_by_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    decided_at: Mapped[datetime | None]


class ImportedShift(Base):
    """One shift of a rotation that is kept elsewhere; ``person_id`` None: nobody here goes by that name."""

    __tablename__ = "imported_shifts"
    __table_args__ = (
        CheckConstraint("ends_at > starts_at", name="an_imported_shift_ends_after_it_starts"),
        UniqueConstraint("rotation_id", "uid", "starts_at", name="a_shift_is_imported_once"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    rotation_id: Mapped[int] = mapped_column(ForeignKey("rotations.id", ondelete="CASCADE"))
    uid: Mapped[str] = mapped_column(String(300))
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    name: Mapped[str] = mapped_column(String(200))  # as it stands there
    person_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    priority: Mapped[int] = mapped_column(default=0)  # [L0] to [L9] in its title; the greater one holds


class OnCallRole(Base):
    """What a role of the escalation policy resolves to: words such as ``rotation:1``, ``group:2``, ``person:<e-mail>``."""

    __tablename__ = "on_call_roles"

    slug: Mapped[str] = mapped_column(String(40), primary_key=True)
    label: Mapped[str] = mapped_column(String(NAME_LENGTH))
    position: Mapped[int] = mapped_column(default=0)
    tell: Mapped[list[str]]


class PersonGroup(Base):
    """People who are told together."""

    __tablename__ = "person_groups"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(NAME_LENGTH), unique=True)


class GroupMember(Base):
    """One person in a group."""

    __tablename__ = "person_group_members"
    __table_args__ = (UniqueConstraint("group_id", "person_id", name="a_person_is_in_a_group_once"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    group_id: Mapped[int] = mapped_column(ForeignKey("person_groups.id", ondelete="CASCADE"))
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"))


class CalendarFeed(Base):
    """A secret address under ``/calendars`` that gives shifts as iCalendar: one rotation's, or one's own."""

    __tablename__ = "calendar_feeds"

    id: Mapped[int] = mapped_column(primary_key=True)
    secret_hash: Mapped[str] = mapped_column(String(64), unique=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id", ondelete="CASCADE"))  # whose it is
    rotation_id: Mapped[int | None] = mapped_column(ForeignKey("rotations.id", ondelete="CASCADE"))
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    last_read_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]


def rotations(*, archived: bool = False) -> list[Rotation]:
    """Those that answer for somebody, by name; or those that were archived."""
    asked = Rotation.archived_at.is_not(None) if archived else Rotation.archived_at.is_(None)
    return list(db.session.scalars(select(Rotation).where(asked).order_by(Rotation.name)))


def rotations_of(person_id: int) -> list[Rotation]:
    """Those in which this person has turns from today on, by name; archived ones aside."""
    taking = (
        select(RotationLayer.rotation_id)
        .join(LayerMember, LayerMember.layer_id == RotationLayer.id)
        .where(LayerMember.person_id == person_id)
        .where(or_(RotationLayer.ends_on.is_(None), RotationLayer.ends_on >= clock.now().date()))
    )
    living = select(Rotation).where(Rotation.archived_at.is_(None), Rotation.id.in_(taking))
    return list(db.session.scalars(living.order_by(Rotation.name)))


def rotation_named(name: str) -> Rotation | None:
    """The rotation of that name, archived or not."""
    return db.session.scalar(select(Rotation).where(Rotation.name == name))


def layers_of(rotation_id: int) -> list[RotationLayer]:
    """A rotation's layers, the lowest first."""
    wanted = select(RotationLayer).where(RotationLayer.rotation_id == rotation_id)
    return list(db.session.scalars(wanted.order_by(RotationLayer.position)))


def members_of(rotation_id: int) -> dict[int, list[int]]:
    """The people of each layer (by its number) in their order."""
    wanted = (
        select(LayerMember)
        .join(RotationLayer, RotationLayer.id == LayerMember.layer_id)
        .where(RotationLayer.rotation_id == rotation_id)
        .order_by(LayerMember.position)
    )
    members: dict[int, list[int]] = {}
    for member in db.session.scalars(wanted):
        members.setdefault(member.layer_id, []).append(member.person_id)
    return members


def overrides_of(rotation_id: int, *, since: datetime, until: datetime) -> list[Override]:
    """Those that hold within the stretch, in the order in which they were made."""
    wanted = select(Override).where(
        Override.rotation_id == rotation_id,
        Override.removed_at.is_(None),
        Override.ends_at > since,
        Override.starts_at < until,
    )
    return list(db.session.scalars(wanted.order_by(Override.id)))


def imported_shifts_of(rotation_id: int, *, since: datetime, until: datetime) -> list[ImportedShift]:
    """Those within the stretch, the one that holds last: by priority, then whichever began later."""
    wanted = select(ImportedShift).where(
        ImportedShift.rotation_id == rotation_id, ImportedShift.ends_at > since, ImportedShift.starts_at < until
    )
    order = (ImportedShift.priority, ImportedShift.starts_at, ImportedShift.id)
    return list(db.session.scalars(wanted.order_by(*order)))


def groups() -> list[PersonGroup]:
    """Every group, by name."""
    return list(db.session.scalars(select(PersonGroup).order_by(PersonGroup.name)))


def people_of_group(group_id: int) -> list[Person]:
    """Its people by name, the disabled among them."""
    wanted = (
        select(Person).join(GroupMember, GroupMember.person_id == Person.id).where(GroupMember.group_id == group_id)
    )
    return list(db.session.scalars(wanted.order_by(Person.name, Person.id)))
