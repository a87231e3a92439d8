"""Door 2, Slack: what people write and press there; every request is signed by Slack or came through our own socket."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from flask import Flask

from ..kernel.settings import Settings
from ..records import heard_messages, slack_requests  # noqa: F401 - importing it names their tables

if TYPE_CHECKING:
    from .opening import Slack

FIND_SOCKET: Final = "sevenbells.slack_socket"  # of ``app.extensions``
FindAddress = Callable[[Settings], Any]  # ``channels.slack_questions.socket_address``, handed over: only channels ask


def init_app(app: Flask, settings: Settings) -> None:
    """Open the door; without SLACK_SIGNING_SECRET it answers like an address that is not there."""
    # importing one puts it into the tables
    from . import door, events, heard, interactions, modals, pressed, reminders, slash  # noqa: F401

    interactions.init_app(app)
    door.init_app(app)
    app.register_blueprint(door.bp)


def hand_over(app: Flask, slack: Slack, find_socket: FindAddress) -> None:
    """Give the door what asks Slack to show a form, and where its socket is: it does not send by itself."""
    from . import opening

    opening.hand_over(app, slack)
    app.extensions[FIND_SOCKET] = find_socket


@contextmanager
def listening(app: Flask, stop: threading.Event) -> Iterator[None]:
    """Keep a connection to Slack until ``stop`` is set; without SLACK_APP_TOKEN and SLACK_BOT_TOKEN there is none."""
    if not app.extensions["sevenbells.settings"].slack_app_token or FIND_SOCKET not in app.extensions:
        yield
        return
    from .socket import FAREWELL, Socket  # what it needs of slack-sdk is loaded by the clock alone

    connection = Socket(app, stop)
    connection.start()
    try:
        yield
    finally:
        stop.set()
        connection.join(2 * FAREWELL)
