"""What a browser tells of itself: where it comes from and what it calls itself."""

from __future__ import annotations

from flask import current_app, request

from ..kernel.addresses import client_address


def address() -> str:
    """Where the request came from, proxies of ours left out; empty where nothing says it."""
    return client_address(request, current_app.extensions["sevenbells.settings"])


def agent() -> str:
    """The browser's own description of itself."""
    return request.headers.get("User-Agent", "")
