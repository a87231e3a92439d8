"""Rotations for tests, made by the real actions, and what people are written about them."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import select

from incidents.actions import oncall_roles, rotations
from incidents.actions.rotations import LayerGiven
from incidents.kernel.database import db
from incidents.kernel.outbox import OutboxMessage
from incidents.records.actors import COMMAND_LINE
from incidents.records.oncall import Rotation
from incidents.records.people import Person


def utc(text: str) -> datetime:
    """An instant of UTC as ``2026-11-23T08:00``."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def a_rotation(
    *people: Person, name: str = "Primary", zone: str = "UTC", role: str | None = None, **layer: Any
) -> Rotation:
    """People who take turns by the day at 09:00 since 16 Nov 2026 (a Monday), committed; ``role`` resolves to it."""
    given = LayerGiven(people=people, **{"every": "day", "starts_on": date(2026, 11, 16), **layer})
    rotation = rotations.create_rotation(by=COMMAND_LINE, name=name, zone=zone, layers=[given])
    if role is not None:
        oncall_roles.assign(role, by=COMMAND_LINE, tell=[f"rotation:{rotation.id}"])
    db.session.commit()
    return rotation


def the_engineers(
    *people: Person, name: str = "Primary", role: str | None = "on_call_engineer", **layer: Any
) -> Rotation:
    """The on-call engineers: turns of a week, handed over on Mondays at 09:00 of Berlin since 9 Nov 2026."""
    weekly = {"every": "week", "weekday": 0, "starts_on": date(2026, 11, 9), **layer}
    return a_rotation(*people, name=name, zone="Europe/Berlin", role=role, **weekly)


def letters(kind: str = "") -> list[tuple[str, str]]:
    """To whom and under which subject; ``kind`` is how the event begins. Oldest first."""
    db.session.commit()
    wanted = select(OutboxMessage).where(OutboxMessage.event.startswith(kind)).order_by(OutboxMessage.id)
    return [(row.destination, str(row.payload["subject"])) for row in db.session.scalars(wanted)]


def texts(kind: str = "") -> list[str]:
    """What those letters say."""
    db.session.commit()
    wanted = select(OutboxMessage).where(OutboxMessage.event.startswith(kind)).order_by(OutboxMessage.id)
    return [str(row.payload["text"]) for row in db.session.scalars(wanted)]
