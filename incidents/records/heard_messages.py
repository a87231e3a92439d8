"""Messages of Slack that somebody pinned, and who did: what is to stand on a timeline, and whether it does."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint, select, text, update
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.orm import Mapped, mapped_column

from ..kernel import clock
from ..kernel.database import Base, db
from ..kernel.outbox import SENT, OutboxMessage
from ..kernel.team_destinations import TEAM_DESTINATION

_FIRST_WAIT, _LONGEST_WAIT = timedelta(seconds=10), timedelta(minutes=10)
_MOST_DOUBLINGS = 6
TRIED_FOR = timedelta(days=2)
PIN, SHORTCUT = "pin", "shortcut"


class HeardMessage(Base):
    """One message, and the incident on whose timeline it is wanted; ``due_at`` is when the clock looks after it.

    ``incident_id`` is None until it is known whose headline the thread hangs below. ``given`` is the message where Slack
    sent it along, until it stands on the timeline.
    """

    __tablename__ = "heard_messages"
    __table_args__ = (
        UniqueConstraint("incident_id", "channel_id", "ts", name="a_message_is_heard_once_per_incident"),
        Index(
            "uq_heard_messages_of_no_incident_yet",
            "channel_id",
            "ts",
            unique=True,
            sqlite_where=text("incident_id IS NULL"),
            postgresql_where=text("incident_id IS NULL"),
        ),
        Index("ix_heard_messages_channel_id_ts", "channel_id", "ts"),
        Index(
            "ix_heard_messages_due_at",
            "due_at",
            sqlite_where=text("due_at IS NOT NULL"),
            postgresql_where=text("due_at IS NOT NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    team_id: Mapped[str] = mapped_column(String(30))
    channel_id: Mapped[str] = mapped_column(String(40))
    ts: Mapped[str] = mapped_column(String(20))  # Slack's name for the message in its channel: when it was written
    incident_id: Mapped[int | None] = mapped_column(ForeignKey("incidents.id", ondelete="CASCADE"))
    entry_id: Mapped[int | None] = mapped_column(ForeignKey("timeline_entries.id", ondelete="CASCADE"))
    given: Mapped[dict[str, Any] | None]
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    due_at: Mapped[datetime | None]
    failures: Mapped[int] = mapped_column(default=0)  # in a row
    outcome: Mapped[str] = mapped_column(String(200), default="")  # why it is not there, in a sentence

    def put_off(self, reason: str, *, wait: timedelta | None = None) -> None:
        """Slack did not say: ask again after ``wait``, or after 10 s, 20 s … 10 min; after two days no more."""
        by_itself = min(_FIRST_WAIT * 2 ** min(self.failures, _MOST_DOUBLINGS), _LONGEST_WAIT)
        self.failures += 1
        self.outcome = reason[:200]
        is_over = clock.now() >= self.created_at + TRIED_FOR
        self.due_at = None if is_over else clock.now() + max(by_itself, wait or timedelta(0))

    def settle(self, outcome: str = "") -> None:
        """There is nothing to do until somebody pins it or takes it off."""
        self.due_at, self.failures, self.outcome = None, 0, outcome[:200]


class HeardMark(Base):
    """One way in which a message was marked: ``pin``, ``pushpin:<user>``, ``shortcut:<user>``.

    It stays when it is taken off, because Slack may tell of both in the wrong order.
    """

    __tablename__ = "heard_marks"
    __table_args__ = (UniqueConstraint("message_id", "mark", name="a_message_is_marked_once_in_each_way"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    message_id: Mapped[int] = mapped_column(ForeignKey("heard_messages.id", ondelete="CASCADE"))
    mark: Mapped[str] = mapped_column(String(50))
    user_id: Mapped[str] = mapped_column(String(30))  # who did it last
    user_name: Mapped[str] = mapped_column(String(100), default="")
    is_on: Mapped[bool]
    told_at: Mapped[datetime]  # Slack's time of what was told last


def message_at(channel_id: str, ts: str, incident_id: int | None = None) -> HeardMessage | None:
    """The message, for this incident or, without one, for whichever it was heard first."""
    wanted = select(HeardMessage).where(HeardMessage.channel_id == channel_id, HeardMessage.ts == ts)
    if incident_id is not None:
        wanted = wanted.where((HeardMessage.incident_id == incident_id) | HeardMessage.incident_id.is_(None))
    return db.session.scalars(wanted.order_by(HeardMessage.id).limit(1)).one_or_none()


def hear(team_id: str, channel_id: str, ts: str, *, incident_id: int | None) -> HeardMessage:
    """The row of that message, made where there is none. The caller commits."""
    found = message_at(channel_id, ts, incident_id)
    if found is None:
        place = {"team_id": team_id, "channel_id": channel_id, "ts": ts, "incident_id": incident_id}
        rest = {"created_at": clock.now(), "failures": 0, "outcome": ""}
        db.session.execute(_insert(HeardMessage).values(**place, **rest).on_conflict_do_nothing())
        found = message_at(channel_id, ts, incident_id)
    if found is None:
        raise LookupError("a message that was just written down is not there")
    return found


def mark(message: HeardMessage, name: str, *, user: str, user_name: str = "", is_on: bool, told_at: datetime) -> None:
    """What Slack told last counts, in whichever order it tells it; the clock then looks after the message."""
    row = {"message_id": message.id, "mark": name, "user_id": user, "user_name": user_name[:100], "is_on": is_on}
    db.session.execute(_insert(HeardMark).values(**row, told_at=told_at).on_conflict_do_nothing())
    this = (HeardMark.message_id == message.id, HeardMark.mark == name, HeardMark.told_at < told_at)
    newer = {"user_id": user, "user_name": user_name[:100], "is_on": is_on, "told_at": told_at}
    db.session.execute(update(HeardMark).where(*this).values(**newer))
    message.due_at, message.failures = clock.now(), 0


def marks_of(message: HeardMessage) -> Sequence[HeardMark]:
    """All of them, in the order in which they were first made."""
    wanted = select(HeardMark).where(HeardMark.message_id == message.id)
    return db.session.scalars(wanted.order_by(HeardMark.id).execution_options(populate_existing=True)).all()


def due_messages(most: int) -> Sequence[int]:
    """The numbers of those whose time has come, the longest waiting first."""
    due = select(HeardMessage.id).where(HeardMessage.due_at <= clock.now())
    return db.session.scalars(due.order_by(HeardMessage.due_at, HeardMessage.id).limit(most)).all()


def unread_of(incident_id: int) -> Sequence[str]:
    """Why messages that were pinned are not on this incident's timeline, each sentence once."""
    on = select(HeardMark.message_id).where(HeardMark.is_on)
    wanted = select(HeardMessage.outcome).where(
        HeardMessage.incident_id == incident_id,
        HeardMessage.outcome != "",
        HeardMessage.created_at > clock.now() - TRIED_FOR,
        HeardMessage.id.in_(on),
    )
    return db.session.scalars(wanted.distinct().order_by(HeardMessage.outcome)).all()


# ---- threads ----

_HEADLINES = ("headline/", "headline0")  # from, and up to: "0" follows "/"


def incident_of_thread(channel_id: str, root_ts: str) -> int | None:
    """The number of the incident whose headline is the first message of that thread."""
    found = _headlines(channel_id).where(OutboxMessage.receipt["ts"].as_string() == root_ts)
    number: int | None = db.session.scalar(found.limit(1))
    return number


def has_headlines(channel_id: str) -> bool:
    """Whether the headline of any incident was posted in that channel."""
    return db.session.scalar(_headlines(channel_id).limit(1)) is not None


def _headlines(channel_id: str) -> Any:
    first, end = _HEADLINES
    return select(OutboxMessage.incident_id).where(
        OutboxMessage.destination == TEAM_DESTINATION,
        OutboxMessage.fold_key >= first,
        OutboxMessage.fold_key < end,
        OutboxMessage.channel == "slack",
        OutboxMessage.state == SENT,
        OutboxMessage.receipt["channel"].as_string() == channel_id,
    )


def _insert(table: Any) -> Any:
    is_sqlite = db.session().get_bind().dialect.name == "sqlite"
    return (sqlite_insert if is_sqlite else postgresql_insert)(table)
