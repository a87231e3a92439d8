"""Door 2, Slack: what people press there; every request is signed by Slack, and nothing of it is believed before that."""

from __future__ import annotations

from flask import Flask

from ..kernel.settings import Settings


def init_app(app: Flask, settings: Settings) -> None:
    """Open the door; without SLACK_SIGNING_SECRET it answers like an address that is not there."""
    from . import interactions

    app.register_blueprint(interactions.bp)
