"""Who did what to accounts, tokens and settings."""

from __future__ import annotations

from typing import get_args

from sqlalchemy import select

from ..access import Scope
from ..records.actors import ActorKind
from ..records.audit import AuditEntry
from . import paging, shapes
from .operations import Given, Thing, operation
from .paging import Page
from .shapes import NUMBER, OBJECT, TEXT, TIME, stamp

shapes.named(
    "AuditEntry",
    shapes.record(
        id=NUMBER, at=TIME, by=TEXT, by_kind=shapes.word(get_args(ActorKind)), what=TEXT, subject=TEXT, detail=OBJECT
    ),
)


@operation(
    "GET",
    "/audit",
    scope=Scope.ADMIN,
    summary="What was done to accounts, tokens and settings, the newest first.",
    gives="AuditEntry",
    is_list=True,
)
def list_audit(given: Given) -> Page[Thing]:
    page = paging.by_id(select(AuditEntry), AuditEntry.id, given, newest_first=True)
    return Page([_shape(entry) for entry in page.rows], page.cursor)


def _shape(entry: AuditEntry) -> Thing:
    return {
        "id": entry.id,
        "at": stamp(entry.at),
        "by": entry.by_name,
        "by_kind": entry.by_kind,
        "what": entry.what,
        "subject": entry.subject,
        "detail": entry.detail,
    }
