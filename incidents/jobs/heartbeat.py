"""Tells the watcher outside that an audit was passed (HEARTBEAT_URL): when we fall silent, he raises the alarm."""

from __future__ import annotations

import structlog
from flask import current_app

from ..kernel.settings import Settings

_CONNECT, _READ = 5.0, 10.0  # seconds

log = structlog.get_logger(__name__)


def ping() -> bool:
    """One GET to HEARTBEAT_URL, with no transaction open; whether it was heard. True where no address is set."""
    settings: Settings = current_app.extensions["sevenbells.settings"]
    if settings.heartbeat_url is None:
        return True
    heard, why = fetch(settings.heartbeat_url)
    if not heard:
        log.warning("heartbeat_not_heard", cause=why)
    return heard


def fetch(url: str) -> tuple[bool, str]:
    """GET an address that the operator set; whether it was answered with a 2xx, and if not why. No body is read."""
    import requests  # a tenth of a second, and only who sets the address needs it

    with requests.Session() as session:
        session.trust_env = False  # no proxy and no password from the surroundings
        try:
            with session.get(url, timeout=(_CONNECT, _READ), allow_redirects=False, stream=True) as answer:
                return 200 <= answer.status_code < 300, f"it answered {answer.status_code}"
        except requests.RequestException as broken:
            return False, type(broken).__name__  # the text of the error may hold the address, which is a secret
