"""Notes for the audit log: who did what to accounts, tokens and settings."""

from __future__ import annotations

from ..kernel import clock
from ..kernel.database import db
from ..records.actors import Actor
from ..records.audit import AuditEntry


def note(what: str, *, by: Actor, subject: str = "", **detail: object) -> AuditEntry:
    """Write one entry in the same transaction as the act; ``detail`` must be JSON, and never hold a secret."""
    entry = AuditEntry(
        at=clock.now(), by_kind=by.kind, by_id=by.id, by_name=by.name, what=what, subject=subject, detail=detail
    )
    db.session.add(entry)
    return entry
