"""Door 2, Slack: what people write and press there; every request is signed by Slack, and nothing of it is believed before that."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Flask

from ..kernel.settings import Settings
from ..records import heard_messages, slack_requests  # noqa: F401 - importing it names their tables

if TYPE_CHECKING:
    from .opening import Slack


def init_app(app: Flask, settings: Settings) -> None:
    """Open the door; without SLACK_SIGNING_SECRET it answers like an address that is not there."""
    # importing one puts it into the tables
    from . import door, events, heard, interactions, modals, pressed, reminders, slash  # noqa: F401

    interactions.init_app(app)
    door.init_app(app)
    app.register_blueprint(door.bp)


def hand_over(app: Flask, slack: Slack) -> None:
    """Give the door what asks Slack to show a form: it does not send by itself."""
    from . import opening

    opening.hand_over(app, slack)
