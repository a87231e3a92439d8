"""What subscribers are to be told, each once: written in the transaction that makes it true, or when its minute comes.

Nothing is sent from here. Whoever fans a notice out to subscribers takes ``waiting()`` in order, makes one message for
each of them under ``key``, and sets ``fanned_out_at`` in the same transaction.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from sqlalchemy import ForeignKey, Index, String, func, select, text, update
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.orm import Mapped, mapped_column

from ..kernel import clock, outbox
from ..kernel.clock import to_the_minute
from ..kernel.database import Base, db
from ..policy.maintenance import OVER, REMINDER, RUNNING, State
from .incidents import PublishedIncident, PublishedUpdate
from .maintenances import Maintenance
from .public_ids import fresh_public_id

if TYPE_CHECKING:
    from .components import Component

_LOCK = 0x5E7E_BE11  # in PostgreSQL
_MOST_EDITS = 20  # that the log of one notice tells
_STALE = timedelta(days=1)  # what ended longer ago while the clock was away is news to nobody


class Notice(Base):
    """One thing to tell. ``key`` holds what it is about and the time it was due, so that it can be written once only.

    ``fanned_out_at``: when messages were made of it, or when it was settled that there will be none (``reason``).
    """

    __tablename__ = "notices"
    __table_args__ = (
        Index(
            "ix_notices_waiting",
            "id",
            postgresql_where=text("fanned_out_at IS NULL"),
            sqlite_where=text("fanned_out_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(String(120), unique=True)
    kind: Mapped[str] = mapped_column(String(40))
    maintenance_id: Mapped[int | None] = mapped_column(ForeignKey("maintenances.id", ondelete="CASCADE"), index=True)
    incident_id: Mapped[int | None] = mapped_column(index=True)  # the private record's, shown nowhere
    facts: Mapped[dict[str, Any]]
    due_at: Mapped[datetime]
    created_at: Mapped[datetime]
    fanned_out_at: Mapped[datetime | None]
    reason: Mapped[str | None] = mapped_column(String(300))  # why nobody is told, or nobody any more
    told: Mapped[dict[str, Any] | None]  # whom it went to and whom not, counted at that moment

    @property
    def stands_for(self) -> int:
        """How many before it were told to nobody; its messages say so."""
        return int((self.told or {}).get("stands_for", 0))

    @property
    def subject(self) -> tuple[str, str]:
        """What it is about: of several that wait about one thing the newest is told."""
        return self.kind.partition(".")[0], str(self.facts.get("id", self.key))


def waiting(limit: int = 100) -> Sequence[Notice]:
    """What nobody has fanned out yet, in the order in which it came about."""
    wanted = select(Notice).where(Notice.fanned_out_at.is_(None)).order_by(Notice.id).limit(limit)
    return db.session.scalars(wanted).all()


def about_update(incident: PublishedIncident, update: PublishedUpdate, *, due_at: datetime) -> None:
    """Record that subscribers are to hear of this update, whatever changed in it; ``due_at`` leaves the time to undo."""
    facts = {
        "id": incident.public_id,
        "update": update.public_id,
        "title": incident.title,
        "status": update.public_status,
    }
    key = key_of_update(update.public_id)
    _write(key=key, kind="incident.updated", incident_id=incident.incident_id, facts=facts, due_at=due_at)


def about_component(component: Component, *, was: str) -> None:
    """Record that programs are to hear that a component's own status was set, by hand or by a program."""
    change, now = fresh_public_id(), clock.now()
    facts = {"id": component.public_id, "title": component.name, "was": was, "change": change, "at": now.isoformat()}
    _write(key=f"component/{component.public_id}/{change}", kind="component.updated", facts=facts, due_at=now)


def key_of_update(public_id: str) -> str:
    """What the outbox knows the messages about this update by."""
    return f"update/{public_id}"


def forget_updates(public_ids: Collection[str], *, reason: str) -> None:
    """These updates are public no more: whoever was not told of them yet never will be, and the log says why."""
    keys = [key_of_update(each) for each in public_ids]
    if not keys:
        return
    values = {"fanned_out_at": func.coalesce(Notice.fanned_out_at, clock.now()), "reason": reason}
    forgotten = update(Notice).where(Notice.key.in_(keys), Notice.reason.is_(None))
    db.session.execute(forgotten.values(values), execution_options={"synchronize_session": False})
    outbox.skip(*keys, reason=reason)


def one_at_a_time() -> None:
    """One fan-out or edit of what waits at a time, until the transaction ends: the outbox has them in their order.

    And an edit meets every message of a fan-out, or the fan-out the new words. SQLite has one writer anyway.
    """
    if db.engine.dialect.name == "postgresql":
        db.session.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": _LOCK})


def known(keys: Collection[str]) -> Sequence[Notice]:
    """Those with these keys, the oldest first."""
    return db.session.scalars(select(Notice).where(Notice.key.in_(keys)).order_by(Notice.id)).all() if keys else ()


def of_maintenances(ids: Collection[int]) -> Sequence[Notice]:
    """Those of announced work that messages were made of."""
    made = select(Notice).where(Notice.maintenance_id.in_(ids), Notice.told.is_not(None))
    return db.session.scalars(made.order_by(Notice.id)).all()


def note_reworded(notice: Notice, number: int) -> None:
    """So many of its messages had not left when it was edited, and say what it says now; the log tells."""
    if number:
        told = notice.told or {}
        again = {"at": clock.now().isoformat(), "to": number}
        notice.told = {**told, "reworded": [*told.get("reworded", ())[1 - _MOST_EDITS :], again]}


def leave_out(withdrawn: PublishedUpdate) -> None:
    """What is still to be told of later updates of the same incident repeats this one no more."""
    later = [key_of_update(each.public_id) for each in withdrawn.incident.updates if each.id > withdrawn.id]
    if later:
        outbox.reword(later, partial(_without, withdrawn.public_id))


def _without(update_id: str, said: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """In Statuspage's shape, which alone repeats what was told before."""
    incident = said.get("incident", {})
    updates = incident.get("incident_updates", [])
    gone = [each for each in updates if each["id"] == update_id]
    if not gone:
        return None
    kept = {**incident, "incident_updates": [each for each in updates if each["id"] != update_id]}
    if gone[0]["status"] == "postmortem":
        kept["postmortem_body"] = None
    return {**said, "incident": kept}


def about_maintenance(work: Maintenance, what: str, *, key: str, due_at: datetime | None = None, **more: Any) -> bool:
    """Record that subscribers are to hear of this, unless it asks for silence or it was recorded; whether it was new.

    ``what`` is scheduled, reminder, started, ended, moved, extended, cancelled or updated. The facts are a copy: what was
    told is what was so then.
    """
    if not work.notify:
        return False
    facts = {
        "id": work.public_id,
        "title": work.title,
        "body": work.body,
        "components": sorted(work.components),
        "starts_at": work.times.began_at.isoformat(),
        "ends_at": work.ends_at.isoformat(),
        **more,
    }
    return _write(
        key=f"maintenance/{work.public_id}/{key}",
        kind=f"maintenance.{what}",
        maintenance_id=work.id,
        facts=facts,
        due_at=due_at or clock.now(),
    )


def _write(**values: Any) -> bool:
    is_sqlite = db.session().get_bind().dialect.name == "sqlite"
    insert: Any = (sqlite_insert if is_sqlite else postgresql_insert)(Notice)
    written = insert.values({**values, "created_at": clock.now()}).on_conflict_do_nothing(index_elements=["key"])
    # PostgreSQL's driver does not count the rows of such an insert
    return db.session.scalar(written.returning(Notice.id)) is not None


def record_what_is_due() -> int:
    """Write the notices whose minute has come (reminder, start, end); how many were new.

    Late, twice or by two clocks at once is all the same: the key holds what is told. After downtime only the latest word
    of each is written, never one after another.
    """
    now = clock.now()
    near = select(Maintenance).where(
        Maintenance.notify,
        Maintenance.starts_at <= now + REMINDER,
        Maintenance.over_at.is_(None) | (Maintenance.over_at > now - _STALE),
    )
    return sum(_record(work, to_the_minute(now)) for work in db.session.scalars(near.order_by(Maintenance.starts_at)))


def _record(work: Maintenance, minute: datetime) -> bool:
    times = work.times
    state = times.state(minute)
    if state == State.SCHEDULED:
        due_at = work.starts_at - REMINDER
        # whoever was told of these times within the last hour needs no reminder of them
        soon = due_at <= minute and work.timed_at < due_at
        return soon and about_maintenance(work, "reminder", key=f"reminder/{_minute(work.starts_at)}", due_at=due_at)
    if state in RUNNING:
        return times.began_at > work.created_at and started(work)
    if state in OVER and times.cancelled_at is None and times.over_at is not None:
        return times.over_at > work.created_at and ended(work)
    return False


def started(work: Maintenance) -> bool:
    """It has begun."""
    return about_maintenance(work, "started", key="started", due_at=work.times.began_at)


def ended(work: Maintenance) -> bool:
    """It is over."""
    return about_maintenance(work, "ended", key="ended", due_at=work.times.over_at)


def _minute(moment: datetime) -> str:
    return f"{moment:%Y%m%dT%H%M}"
