"""Requests that came from Slack, so that each is acted on once."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import String, select
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.orm import Mapped, mapped_column

from ..kernel import clock
from ..kernel.database import Base, db

# a signature is believed for five minutes, and Slack sends an event again for up to an hour
KEPT_FOR = timedelta(hours=2)


class SlackRequest(Base):
    """One name of a request that was heard: it is written in the transaction that acts, so that it acts once.

    ``request/<digest>`` is this very request, ``event/<id>`` and ``trigger/<id>`` what it is about: Slack repeats
    an event with another signature.
    """

    __tablename__ = "slack_requests"

    name: Mapped[str] = mapped_column(String(120), primary_key=True)
    at: Mapped[datetime] = mapped_column(default=clock.now, index=True)


def remember(name: str) -> bool:
    """Write a name of the request that is being heard; False where it was written before, by whichever process."""
    is_sqlite = db.session().get_bind().dialect.name == "sqlite"
    insert: Any = (sqlite_insert if is_sqlite else postgresql_insert)(SlackRequest)
    written = insert.values(name=name, at=clock.now()).on_conflict_do_nothing()
    return db.session.scalar(written.returning(SlackRequest.name)) is not None


def is_remembered(name: str) -> bool:
    """Whether that name was written before."""
    return db.session.scalar(select(SlackRequest.name).where(SlackRequest.name == name)) is not None
