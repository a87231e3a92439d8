"""Keeps the mirror of the page current, and writes down how it fares. The page itself comes from the composition root."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Protocol

import structlog
from flask import Flask, current_app
from sqlalchemy.exc import SQLAlchemyError

from ..kernel import clock
from ..kernel.database import db, reading
from ..published import mirrors
from ..published.mirrors import MirrorTrouble
from . import holding

EVERY = timedelta(seconds=1)  # what is withdrawn is to be gone from there at once
_EXTENSION = "sevenbells.mirror"

log = structlog.get_logger(__name__)


class Round(Protocol):
    """What one round did."""

    written: int
    removed: int
    files: int
    is_whole: bool


class Mirror(Protocol):
    """What the status page hands over."""

    @property
    def name(self) -> str:
        """Where it lies."""

    def bring_up_to_date(self, *, term: int | None, may_go_on: Callable[[], bool]) -> Round | None:
        """Do what is due; None when nothing is. Under another term somebody else may have kept it meanwhile."""


def hand_over(app: Flask, mirror: Mirror) -> None:
    """Let the timetable of this app keep ``mirror`` current."""
    app.extensions[_EXTENSION] = mirror


def is_wanted(app: Flask) -> bool:
    """Whether there is a mirror to keep."""
    return _EXTENSION in app.extensions


def keep_the_mirror_current() -> None:
    """Write what changed since the last time; after a failure wait longer each time. It commits."""
    mirror: Mirror = current_app.extensions[_EXTENSION]
    if _is_waiting(mirror.name):
        return
    try:
        did = mirror.bring_up_to_date(term=holding.term(), may_go_on=holding.may_still_act)
    except SQLAlchemyError:
        raise
    except Exception as broken:  # noqa: BLE001 - a place that fails in a way nobody knew must be tried again too
        _note_failed(mirror.name, broken)
        return
    if did is not None:
        log.info("mirror_renewed", written=did.written, removed=did.removed, files=did.files, is_whole=did.is_whole)
        _note_renewed(mirror.name, did)


def _is_waiting(name: str) -> bool:
    with reading():
        db.session.rollback()
        row = mirrors.mirror(name)
        waits = row is not None and row.next_try_at is not None and row.next_try_at > clock.now()
        db.session.rollback()
    return waits


def _note_renewed(name: str, did: Round) -> None:
    if not did.is_whole:
        return
    mirrors.note_renewed(name, did.files)
    holding.confirm()
    db.session.commit()


def _note_failed(name: str, broken: Exception) -> None:
    reason = str(broken) if isinstance(broken, MirrorTrouble) else f"it broke: {type(broken).__name__}"
    log.warning("mirror_not_renewed", cause=reason, exc_info=not isinstance(broken, MirrorTrouble))
    mirrors.note_failed(name, reason)
    holding.confirm()
    db.session.commit()
