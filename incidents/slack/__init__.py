"""Door 2, Slack: what people write and press there; every request is signed by Slack, and nothing of it is believed before that."""

from __future__ import annotations

from flask import Flask

from ..kernel.settings import Settings
from ..records import heard_messages, slack_requests  # noqa: F401 - importing it names their tables


def init_app(app: Flask, settings: Settings) -> None:
    """Open the door; without SLACK_SIGNING_SECRET it answers like an address that is not there."""
    from . import door, events, heard, interactions, pressed, slash  # noqa: F401 - importing one puts it into the tables

    interactions.init_app(app)
    door.init_app(app)
    app.register_blueprint(door.bp)
