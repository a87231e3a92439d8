"""Where the public finds us: links in messages are made from the settings alone, never from what a request claims."""

from __future__ import annotations

from flask import current_app

from ...kernel.settings import Settings
from .model import Subscriber


def settings() -> Settings:
    """What the operator chose."""
    chosen: Settings = current_app.extensions["sevenbells.settings"]
    return chosen


def page_address(path: str = "/") -> str:
    """An address of the status page: below PAGE_URL where there is one, else below BASE_URL."""
    return f"{settings().page_url or settings().base_url}{path}"


def own_address(subscriber: Subscriber) -> str:
    """The page where this subscriber changes or ends the subscription; whoever has the address may."""
    return page_address(f"/subscriptions/{subscriber.token}")
