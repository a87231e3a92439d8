"""Tells the watcher outside that an audit was passed (HEARTBEAT_URL): when we fall silent, he raises the alarm."""

from __future__ import annotations

import structlog
from flask import current_app

from ..kernel import http
from ..kernel.settings import Settings

_PATIENCE = 15.0  # seconds

log = structlog.get_logger(__name__)


def ping() -> bool:
    """One GET to HEARTBEAT_URL, with no transaction open; whether it was heard. True where no address is set."""
    settings: Settings = current_app.extensions["sevenbells.settings"]
    if settings.heartbeat_url is None:
        return True
    why = _ask(settings.heartbeat_url, settings)
    if why:
        log.warning("heartbeat_not_heard", cause=why)
    return not why


def _ask(url: str, settings: Settings) -> str:
    """Why it was not heard; empty where it was. Only a 2xx says so: the address is a secret, and told nobody else."""
    try:
        answer = http.request("GET", url, settings, is_trusted=True, patience=_PATIENCE)
    except (http.Blocked, http.Unreachable) as trouble:
        return str(trouble)
    return "" if 200 <= answer.status < 300 else f"it answered with status {answer.status}"
