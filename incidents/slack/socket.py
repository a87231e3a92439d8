"""Socket mode: Slack is answered through a connection that goes out from here, for those without a public address.

The clock keeps it: there is one on each machine however many web workers there are, and a form or a command never takes
a thread from the page. Several clocks have a connection each; Slack gives every envelope to one of them.
"""

from __future__ import annotations

import logging
import random
import socket
import threading
import time
from contextlib import suppress
from datetime import timedelta
from functools import partial
from typing import Final

import structlog
from flask import Flask
from slack_sdk.socket_mode.builtin import SocketModeClient
from slack_sdk.socket_mode.builtin.connection import Connection
from slack_sdk.socket_mode.client import BaseSocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest
from sqlalchemy.exc import SQLAlchemyError

from ..kernel import findings
from ..kernel.database import db, reading
from ..kernel.settings import Settings
from . import FIND_SOCKET, envelopes

TROUBLE: Final = findings.SLACK_SOCKET
_LOOKS_EVERY = 1.0  # seconds
_FIRST_WAIT, _LONGEST_WAIT = 1.0, 60.0  # between two tries; apps.connections.open may be asked about once a minute
_SETTLED_AFTER = 30.0  # a connection that lasted so long was a good one
_SAYS_EVERY = 60.0
_PING_EVERY = 5.0  # one that answers no ping for four times as long is dead
_AT_ONCE = 8  # envelopes
FAREWELL: Final = 5.0  # for what is being answered; Slack waits three

log = structlog.get_logger(__name__)


class NoAddress(Exception):
    """Slack names no address for a socket, for this reason; ``wait`` is how long it asks to be left alone."""

    def __init__(self, reason: str, wait: timedelta | None = None) -> None:
        super().__init__(reason)
        self.wait = wait


class Socket(threading.Thread):
    """Keeps one connection until ``stop`` is set: opened anew with growing patience, and answered through."""

    def __init__(
        self, app: Flask, stop: threading.Event, *, ping_every: float = _PING_EVERY, first_wait: float = _FIRST_WAIT
    ) -> None:
        super().__init__(name="slack-socket", daemon=True)
        self._app, self._stop_asked = app, stop
        self._client = _Client(app, concurrency=_AT_ONCE, ping_interval=ping_every)
        self._client.socket_mode_request_listeners.append(self._hear)
        self._first_wait = first_wait
        self._answering, self._nobody_is_answered = 0, threading.Condition()
        self._failures = 0  # tries in a row, none of which led to a connection that lasted
        self._tried_at = self._next_try_at = 0.0
        self._said: tuple[bool, float] | None = None

    def run(self) -> None:
        with self._app.app_context():
            wait = 0.0
            while not self._stop_asked.wait(wait):
                wait = self._keep()
        self._take_leave()

    def _keep(self) -> float:
        """See that it stands; answers how many seconds to wait."""
        now = time.monotonic()
        if self._client.is_connected():
            if now - self._tried_at > _SETTLED_AFTER:
                self._failures = 0
            self._say(None)
            return _LOOKS_EVERY
        if now < self._next_try_at:
            return self._next_try_at - now
        asked_to_wait = self._open()
        pause = min(self._first_wait * 2 ** min(self._failures, 10), _LONGEST_WAIT)
        pause = max(pause, asked_to_wait) * random.uniform(1.0, 1.2)
        self._failures += 1
        self._tried_at, self._next_try_at = now, now + pause
        return 0.0

    def _open(self) -> float:
        """Try once; answers how many seconds Slack asked to be left alone."""
        reason, wait = "Slack closed the connection at once", 0.0
        try:
            self._client.connect_to_new_endpoint()
        except NoAddress as none:
            reason, wait = str(none), none.wait.total_seconds() if none.wait else 0.0
        except Exception as broken:  # noqa: BLE001 - the address may lead nowhere: then the next one is tried
            reason = f"The connection could not be opened: {type(broken).__name__}"
        if self._client.is_connected():
            log.info("slack_socket_open", failures=self._failures)
            self._say(None)
        else:
            log.warning("slack_socket_down", reason=reason, failures=self._failures + 1)
            self._say(reason)
        return wait

    def _say(self, reason: str | None) -> None:
        """Write down at once and then once a minute that it stands, or why not: for the audit, the doctor and whoever looks."""
        now, is_well = time.monotonic(), reason is None
        if self._said is not None and self._said[0] is is_well and now - self._said[1] < _SAYS_EVERY:
            return
        self._said = (is_well, now)
        try:
            if reason is not None:
                findings.chore_failed(TROUBLE, reason)
                db.session.commit()
            elif _is_in_trouble():
                findings.chore_worked(TROUBLE)
                db.session.commit()
        except SQLAlchemyError:  # the database is away, which says enough
            db.session.rollback()

    # ---- in the client's own threads ----

    def _hear(self, client: BaseSocketModeClient, asked: SocketModeRequest) -> None:
        with self._nobody_is_answered:
            if self._stop_asked.is_set():
                return  # unanswered, Slack gives it to another connection
            self._answering += 1
        try:
            said = envelopes.answer(
                self._app,
                kind=asked.type,
                name=asked.envelope_id,
                told=asked.payload,
                attempt=asked.retry_attempt or 0,
            )
            if said is not None:
                client.send_socket_mode_response(said)
        except Exception as broken:  # the next one is to be heard; Slack sends this one again
            log.exception("slack_envelope_not_answered", kind=asked.type, cause=type(broken).__name__)
        finally:
            with self._nobody_is_answered:
                self._answering -= 1
                self._nobody_is_answered.notify_all()

    def _take_leave(self) -> None:
        """What is being answered is answered; then the connection is closed."""
        with self._nobody_is_answered:
            self._nobody_is_answered.wait_for(lambda: self._answering == 0, timeout=FAREWELL)
        self._client.close()
        log.info("slack_socket_closed")


class _Client(SocketModeClient):
    """slack-sdk's, which asks for its address by our own connections and is opened again by us alone."""

    def __init__(self, app: Flask, *, concurrency: int, ping_interval: float) -> None:
        settings: Settings = app.extensions["sevenbells.settings"]
        logger = logging.getLogger("slack_sdk.socket_mode")
        logger.setLevel(logging.WARNING)  # what matters of the rest we say ourselves
        super().__init__(
            app_token=settings.slack_app_token or "",
            auto_reconnect_enabled=False,  # it would try every few seconds for ever
            concurrency=concurrency,
            ping_interval=ping_interval,
            logger=logger,
        )
        self._settings, self._find_address = settings, app.extensions[FIND_SOCKET]

    def issue_new_wss_url(self) -> str:
        """Also asked when Slack says ``disconnect``: the new connection is opened before the old one is closed."""
        found = self._find_address(self._settings)
        if isinstance(found, str):
            return found
        raise NoAddress(found.reason, found.retry_after)

    def connect(self) -> None:
        super().connect()
        session = self.current_session
        if session is not None:
            session.close = partial(_hang_up, session)  # type: ignore[method-assign]


def _hang_up(session: Connection) -> None:
    """Close it at once: slack-sdk's own way waits up to 3 s for the reader, and lets nobody send an answer meanwhile."""
    if session.sock is not None:
        with suppress(OSError):  # it may have been closed by the other side
            socket.socket.shutdown(session.sock, socket.SHUT_RD)
    session.disconnect()


def _is_in_trouble() -> bool:
    with reading():
        db.session.rollback()
        found = findings.has_trouble(TROUBLE)
        db.session.rollback()
    return found
