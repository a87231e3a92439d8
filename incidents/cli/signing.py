"""Writes down again and again with which key this process signs; see ``kernel.signing``."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import structlog
from flask import Flask
from sqlalchemy.exc import SQLAlchemyError

from incidents.kernel import signing
from incidents.kernel.settings import Settings

log = structlog.get_logger(__name__)


@contextmanager
def noted(app: Flask, program: str) -> Iterator[None]:
    """For as long as this lasts."""
    over = threading.Event()
    begin(app, program, over)
    try:
        yield
    finally:
        over.set()


def begin(app: Flask, program: str, over: threading.Event | None = None) -> None:
    """From now on, on a thread, until ``over`` is set or the process ends."""
    over = over or threading.Event()
    threading.Thread(target=_note_until, args=(app, program, over), name="signing", daemon=True).start()


def _note_until(app: Flask, program: str, over: threading.Event) -> None:
    settings: Settings = app.extensions["sevenbells.settings"]
    machine = signing.this_machine()
    with app.app_context():
        while not over.is_set():
            try:
                signing.note(program, machine, settings)
            except SQLAlchemyError as broken:  # away, or without its tables yet
                log.debug("signing_not_noted", cause=str(getattr(broken, "orig", broken)))
            over.wait(signing.NOTE_EVERY.total_seconds())
