"""Keeps requests from the application until the database is there and has the tables it expects."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any

from sqlalchemy.exc import InterfaceError, OperationalError

from incidents.kernel.settings import Settings

from . import schema
from .failures import CouldNot
from .schema import Schema

WsgiApp = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]

_LOOK_EVERY = 0.5  # seconds
_BODY = b"Sevenbells is starting, or its database is away. It will answer here as soon as it can.\n"


class SchemaGate:
    """WSGI around ``app``: 503 until the tables are right. Stands behind the front door, which serves the saved page."""

    def __init__(self, app: WsgiApp, settings: Settings) -> None:
        self._app = app
        self._settings = settings
        self._open = False
        self._told = ""

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if self._open:
            return self._app(environ, start_response)
        headers = [
            ("Content-Type", "text/plain; charset=utf-8"),
            ("Content-Length", str(len(_BODY))),
            ("Retry-After", "1"),
            ("Cache-Control", "no-store"),
        ]
        start_response("503 Service Unavailable", headers)
        return [_BODY]

    def answers_but_is_shut(self) -> bool:
        """Whether the database is there without the right tables, which a migration is about to give it."""
        try:
            self._open = schema.look(self._settings) is Schema.RIGHT
        except (OperationalError, InterfaceError):
            return False
        return not self._open

    def watch(self) -> None:
        """Look again and again, on a thread, until the tables are right."""
        if not self._open:
            threading.Thread(target=self._watch, name="schema gate", daemon=True).start()

    def _watch(self) -> None:
        while not self._open:
            try:
                found = schema.look(self._settings)
                self._open = found is Schema.RIGHT
                self._tell("" if self._open else schema.REFUSALS[found])
            except (OperationalError, InterfaceError):
                pass  # still away
            except CouldNot as wrong:
                self._tell(wrong.message)
            time.sleep(_LOOK_EVERY)

    def _tell(self, line: str) -> None:
        if line and line != self._told:
            print(line, file=sys.stderr, flush=True)
        self._told = line
