"""The rows of the outbox, how they are written inside a caller's transaction, and what can be asked of them."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    CheckConstraint,
    ColumnElement,
    Index,
    Select,
    SmallInteger,
    String,
    Text,
    UniqueConstraint,
    and_,
    exists,
    func,
    literal_column,
    select,
    text,
    true,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, mapped_column

from .. import clock
from ..database import Base, db
from . import bulk

WAITING, SENT, FAILED, SKIPPED, HELD = "waiting", "sent", "failed", "skipped", "held"
STATES = (WAITING, SENT, FAILED, SKIPPED, HELD)
_NOT_SENT = (FAILED, HELD, SKIPPED)
# what a message is for: a page calls somebody in; an alert is joined with others in a storm; an update tells the
# public; team keeps another tool in step; the others are what they say
PAGE, REMINDER, NOTICE, UPDATE, ALERT, TEAM, TEST = "page", "reminder", "notice", "update", "alert", "team", "test"
PURPOSES = (PAGE, REMINDER, NOTICE, UPDATE, ALERT, TEAM, TEST)
_CHUNK = 1_000  # rows of one INSERT
_FIELDS: Mapping[str, bulk.Kind] = {
    "key": "text",
    "event": "text",
    "channel": "text",
    "destination": "text",
    "payload": "json",
    "incident_id": "number",
    "person_id": "number",
    "purpose": "text",
    "rank": "number",
    "fold_key": "text",
    "state": "text",
    "attempts": "number",
    "lease_term": "number",
    "next_attempt_at": "moment",
    "expires_at": "moment",
    "created_at": "moment",
}
# which go first when much is due: what calls somebody, then what one should know, then what the public is told
RANKS = (0, 1, 2)
_RANK_OF = {PAGE: 0, REMINDER: 0, UPDATE: 2}


class OutboxMessage(Base):
    """One message to one destination."""

    __tablename__ = "outbox"

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(String(32), unique=True)  # nobody can guess it: Message-ID, webhook-id
    event: Mapped[str] = mapped_column(String(200))  # what caused it; may hold a due time and a stage
    channel: Mapped[str] = mapped_column(String(20))
    destination: Mapped[str] = mapped_column(String(500))
    payload: Mapped[dict[str, Any]]
    incident_id: Mapped[int | None]  # no foreign key: this room knows nothing of incidents
    person_id: Mapped[int | None]  # whom it is for; none either
    purpose: Mapped[str] = mapped_column(String(10), default=NOTICE, server_default=NOTICE)
    rank: Mapped[int] = mapped_column(
        SmallInteger, default=1, server_default="1"
    )  # of the purpose: the lower goes first
    fold_key: Mapped[str | None] = mapped_column(String(120))  # of several waiting with one key the newest is sent
    body_id: Mapped[int | None]  # what many share; no foreign key, which would be checked row by row
    receipt: Mapped[dict[str, Any] | None]  # what the other side answered that a later message needs
    state: Mapped[str] = mapped_column(String(10), default=WAITING)
    reason: Mapped[str | None] = mapped_column(Text)  # why it waits, failed, was skipped or is held
    attempts: Mapped[int] = mapped_column(default=0)
    next_attempt_at: Mapped[datetime]  # while it is leased: when another worker may take it
    expires_at: Mapped[datetime | None]  # from then on it would only mislead
    leased_by: Mapped[str | None] = mapped_column(String(80))
    leased_until: Mapped[datetime | None]
    lease_term: Mapped[int] = mapped_column(default=0)  # counts leases; a late result of an older one is refused
    created_at: Mapped[datetime]
    first_attempt_at: Mapped[datetime | None]
    last_attempt_at: Mapped[datetime | None]
    sent_at: Mapped[datetime | None]

    __table_args__ = (
        UniqueConstraint("event", "channel", "destination", name="uq_outbox_one_message_per_event_and_destination"),
        CheckConstraint("state IN ('waiting', 'sent', 'failed', 'skipped', 'held')", name="state_is_one_of_the_five"),
        CheckConstraint(
            "purpose IN ('page', 'reminder', 'notice', 'update', 'alert', 'team', 'test')",
            name="purpose_is_one_of_the_seven",
        ),
        CheckConstraint("(state = 'sent') = (sent_at IS NOT NULL)", name="only_what_was_sent_has_a_time_of_sending"),
        CheckConstraint("state = 'waiting' OR leased_by IS NULL", name="only_what_waits_is_leased"),
        CheckConstraint("(leased_by IS NULL) = (leased_until IS NULL)", name="a_lease_has_an_owner_and_an_end"),
        CheckConstraint(
            "state NOT IN ('failed', 'skipped', 'held') OR reason IS NOT NULL", name="what_was_not_sent_says_why"
        ),
        Index(
            "ix_outbox_due",
            "channel",
            "rank",
            "next_attempt_at",
            "id",
            sqlite_where=text("state = 'waiting'"),
            postgresql_where=text("state = 'waiting'"),
        ),
        Index(
            "ix_outbox_in_flight",
            "destination",
            sqlite_where=text("leased_by IS NOT NULL"),
            postgresql_where=text("leased_by IS NOT NULL"),
        ),
        # whatever waits for a destination, and what was sent there with one fold key
        Index("ix_outbox_destination", "destination", "state", "fold_key", "id"),
        Index(
            "ix_outbox_incident",
            "incident_id",
            "rank",
            sqlite_where=text("incident_id IS NOT NULL"),
            postgresql_where=text("incident_id IS NOT NULL"),
        ),
        Index(
            "ix_outbox_undelivered",
            "state",
            "id",
            sqlite_where=text("state IN ('failed', 'held')"),
            postgresql_where=text("state IN ('failed', 'held')"),
        ),
        Index(
            "ix_outbox_not_sent",
            "event",
            "state",
            sqlite_where=text("state IN ('failed', 'held', 'skipped')"),
            postgresql_where=text("state IN ('failed', 'held', 'skipped')"),
        ),
        Index(
            "ix_outbox_tried_again",
            "channel",
            sqlite_where=text("state = 'waiting' AND attempts >= 2"),
            postgresql_where=text("state = 'waiting' AND attempts >= 2"),
        ),
    )


class OutboxBody(Base):
    """What many messages share: written once, and filled in for each destination when it is sent."""

    __tablename__ = "outbox_bodies"

    id: Mapped[int] = mapped_column(primary_key=True)
    payload: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]


class OutboxPause(Base):
    """While its one row stands nothing is claimed: a restored backup must not announce old outages again."""

    __tablename__ = "outbox_pause"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    since: Mapped[datetime]
    reason: Mapped[str] = mapped_column(Text)

    __table_args__ = (CheckConstraint("id = 1", name="there_is_only_one_pause"),)


def enqueue(
    *,
    event: str,
    channel: str,
    destination: str,
    payload: Mapping[str, Any],
    incident_id: int | None = None,
    person_id: int | None = None,
    purpose: str = NOTICE,
    fold_key: str | None = None,
    not_before: datetime | None = None,
    expires_at: datetime | None = None,
) -> OutboxMessage | None:
    """Remember one message in the session's transaction; None when this event already has one there.

    ``event`` names the cause so that a repeat is recognised: put the due time and the stage into it.
    ``not_before`` leaves time to undo. Past ``expires_at`` it is skipped instead of sent. Of several with one
    ``fold_key`` that wait for one destination the newest is sent, and says how many it stands for.
    """
    row = _new_row(
        event=event,
        channel=channel,
        destination=destination,
        payload=payload,
        incident_id=incident_id,
        person_id=person_id,
        purpose=purpose,
        fold_key=fold_key,
        not_before=not_before,
        expires_at=expires_at,
    )
    return db.session.scalars(insert_unless_there(OutboxMessage).values(row).returning(OutboxMessage)).one_or_none()


def enqueue_many(
    *,
    event: str,
    channel: str,
    messages: Mapping[str, Mapping[str, Any]],
    incident_id: int | None = None,
    not_before: datetime | None = None,
    expires_at: datetime | None = None,
) -> int:
    """The same for many destinations (destination → payload), without an object a row; answers how many are new."""
    rows = [
        _new_row(
            event=event,
            channel=channel,
            destination=destination,
            payload=payload,
            incident_id=incident_id,
            not_before=not_before,
            expires_at=expires_at,
        )
        for destination, payload in messages.items()
    ]
    return _insert_all(rows)


def enqueue_each(messages: Sequence[Mapping[str, Any]]) -> int:
    """The same for messages of several events; each holds the arguments of ``enqueue`` by name."""
    return _insert_all([_new_row(**message) for message in messages])


def _insert_all(rows: Sequence[Mapping[str, Any]]) -> int:
    if not rows:
        return 0
    dialect = db.engine.dialect.name
    given = bulk.given(_FIELDS, dialect)
    # without a WHERE, SQLite takes the ON of ON CONFLICT for that of a join
    statement = insert_unless_there(OutboxMessage.__table__).from_select(
        [*_FIELDS], select(*[given.c[name] for name in _FIELDS]).where(true()), include_defaults=False
    )
    statement = statement.execution_options(preserve_rowcount=True)
    added = 0
    for start in range(0, len(rows), _CHUNK):
        result: Any = db.session.execute(statement, {"rows": bulk.as_parameter(rows[start : start + _CHUNK], dialect)})
        added += int(result.rowcount)
    return added


def insert_unless_there(into: Any) -> Any:
    """An INSERT that leaves out what the same event already has at the same destination."""
    dialect = sqlite if db.engine.dialect.name == "sqlite" else postgresql
    return dialect.insert(into).on_conflict_do_nothing(index_elements=["event", "channel", "destination"])


def _new_row(
    *,
    event: str,
    channel: str,
    destination: str,
    payload: Mapping[str, Any],
    incident_id: int | None = None,
    person_id: int | None = None,
    purpose: str = NOTICE,
    fold_key: str | None = None,
    not_before: datetime | None = None,
    expires_at: datetime | None = None,
) -> dict[str, Any]:
    now = clock.now()
    return {
        "key": secrets.token_hex(16),
        "event": event,
        "channel": channel,
        "destination": destination,
        "payload": dict(payload),
        "incident_id": incident_id,
        "person_id": person_id,
        "purpose": purpose,
        "rank": rank_of(purpose),
        "fold_key": fold_key,
        "state": WAITING,
        "attempts": 0,
        "lease_term": 0,
        "next_attempt_at": max(now, not_before) if not_before else now,
        "expires_at": expires_at,
        "created_at": now,
    }


def rank_of(purpose: str) -> int:
    """Where messages of this purpose stand when much is due; the lower goes first."""
    return _RANK_OF.get(purpose, 1)


def is_for_the_team(table: Any = OutboxMessage) -> ColumnElement[bool]:
    """Not what tells the public: of that there can be thousands an incident, and its addresses are not everybody's to read.

    Said by the rank, which stands in the index of an incident's messages.
    """
    return table.rank < literal_column(str(RANKS[-1]))  # type: ignore[no-any-return]


def is_waiting(table: Any) -> ColumnElement[bool]:
    """As the partial indexes say it: a planner that meets a parameter here does not see that they fit."""
    return table.state == literal_column("'waiting'")  # type: ignore[no-any-return]


def is_in_some_state(table: Any = OutboxMessage) -> ColumnElement[bool]:
    """True of every message: says to the index of destinations, in which the state comes before the fold key, to look at all."""
    return table.state.in_([literal_column(f"'{state}'") for state in STATES])  # type: ignore[no-any-return]


def is_undelivered(table: Any) -> ColumnElement[bool]:
    """Failed or held, as its partial index says it; SQLite does not see that one of the two is enough for that."""
    return table.state.in_([literal_column("'failed'"), literal_column("'held'")])  # type: ignore[no-any-return]


def was_not_sent(table: Any) -> ColumnElement[bool]:
    """Given up, held or skipped, as its partial index says it."""
    return table.state.in_([literal_column(f"'{state}'") for state in _NOT_SENT])  # type: ignore[no-any-return]


def is_tried_again(table: Any) -> ColumnElement[bool]:
    """It waits after more than one attempt, as its partial index says it: a first failure is often over in a minute."""
    return and_(is_waiting(table), table.attempts >= literal_column("2"))


def asking_when(channels: Iterable[str]) -> list[Select[str, Any]]:
    """The questions when the next message of these channels may be claimed: a channel, and a moment or NULL.

    NULL while nothing waits or everything is paused; several for each channel.
    """
    return [
        select(
            literal_column(f"'{channel}'", String).label("channel"),
            func.min(OutboxMessage.next_attempt_at).label("at"),
        ).where(
            OutboxMessage.channel == literal_column(f"'{channel}'"),
            is_waiting(OutboxMessage),
            OutboxMessage.rank == literal_column(str(rank)),
            ~exists().where(OutboxPause.id == literal_column("1")),
        )
        for channel in channels
        for rank in RANKS
    ]


def paused() -> str | None:
    """Why nothing goes out at present; None when everything may."""
    return db.session.scalar(select(OutboxPause.reason))


def counts() -> dict[str, int]:
    """How many messages stand in each of the five states."""
    found = db.session.execute(select(OutboxMessage.state, func.count()).group_by(OutboxMessage.state))
    return {**dict.fromkeys(STATES, 0), **{row.state: row[1] for row in found.all()}}
