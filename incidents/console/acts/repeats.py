"""What a form remembers of the moment it was opened: so a double click acts once, and nobody overwrites unseen."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from flask import request
from sqlalchemy import select

from ...access import actor
from ...kernel import clock
from ...kernel.database import db
from ...kernel.errors import Outdated
from ...records.incidents import Incident
from ...records.timeline import TimelineEntry

# a form that does not say when it was opened counts as sent twice within this time
_DOUBLE_CLICK = timedelta(seconds=10)


def number(name: str) -> int | None:
    """A field of digits as a number that a database holds; None for anything else."""
    given = request.form.get(name, "")
    return int(given) if given.isascii() and given.isdigit() and len(given) < 10 else None


def sent_before(incident: Incident, kind: str, *, body: str = "", detail: Mapping[str, Any] | None = None) -> bool:
    """Whether this very form was acted on already: a double click, or sent again after an answer that was lost.

    That is so when this person wrote the same entry after the last one the form knew of (``after``).
    """
    by, after = actor(), number("after")
    wanted = select(TimelineEntry).where(
        TimelineEntry.incident_id == incident.id,
        TimelineEntry.kind == kind,
        TimelineEntry.by_kind == by.kind,
        TimelineEntry.by_id == by.id,
        TimelineEntry.body == body,
    )
    if after is not None:
        wanted = wanted.where(TimelineEntry.id > after)
    else:
        wanted = wanted.where(TimelineEntry.recorded_at > clock.now() - _DOUBLE_CLICK)
    told = (entry.detail for entry in db.session.scalars(wanted))
    return any(all(known.get(name) == value for name, value in (detail or {}).items()) for known in told)


def fingerprint(*facts: object) -> str:
    """Sixteen letters that are others as soon as one of the facts is."""
    return hashlib.sha256(repr(facts).encode()).hexdigest()[:16]


def moved_since(now: str, *, field: str = "seen") -> bool:
    """Whether the form was made from something else than stands now; one that does not say was not."""
    seen = request.form.get(field, "")
    return bool(seen) and seen != now


def insist_on_sight(incident: Incident, now: str, sentence: str, **theirs: object) -> None:
    """Raise Outdated with what stands now where the form was made from something else; its sender decides anew."""
    if moved_since(now):
        raise Outdated(sentence, version=incident.version, theirs=theirs)
