"""What comes through the socket, told to the same views as what comes over HTTP: one envelope is one request of ours.

The socket was opened with our own token, so that nothing in it is signed. That a request came in an envelope stands in
its WSGI environment, as a thing of this program: no header can put one there.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import urlencode

from flask import Flask
from werkzeug.test import EnvironBuilder, run_wsgi_app

from . import signed

Body = dict[str, Any]
_FORM, _JSON = "application/x-www-form-urlencoded", "application/json"


def _command(told: Mapping[str, Any]) -> tuple[str, str, str]:
    words = {name: value for name, value in told.items() if isinstance(value, str)}
    return "/slack/commands", _FORM, urlencode(words)


def _interaction(told: Mapping[str, Any]) -> tuple[str, str, str]:
    return "/slack/interactions", _FORM, urlencode({"payload": json.dumps(told)})


def _event(told: Mapping[str, Any]) -> tuple[str, str, str]:
    return "/slack/events", _JSON, json.dumps(told)


# https://docs.slack.dev/apis/events-api/using-socket-mode: by type, the request that says the same over HTTP
_AS_REQUEST: Final[Mapping[str, Callable[[Mapping[str, Any]], tuple[str, str, str]]]] = {
    "slash_commands": _command,
    "interactive": _interaction,
    "events_api": _event,
}


def answer(app: Flask, *, kind: str, name: str, told: Mapping[str, Any], attempt: int = 0) -> Body | None:
    """What Slack is answered to one envelope, of that ``name``; None where it shall send it again, for nothing was recorded.

    ``attempt`` counts how often Slack has sent it before.
    """
    if kind not in _AS_REQUEST:
        return {"envelope_id": name}
    path, media, content = _AS_REQUEST[kind](told)
    again = [("X-Slack-Retry-Num", str(attempt))] if attempt else []
    environ = EnvironBuilder(
        path=path,
        method="POST",
        base_url=app.extensions["sevenbells.settings"].base_url,
        data=content.encode("utf-8", "replace"),
        content_type=media,
        headers=again,
        environ_base={signed.ENVELOPE: signed.Envelope(name, time.monotonic()), "REMOTE_ADDR": "127.0.0.1"},
    ).get_environ()
    said, status, headers = run_wsgi_app(app.wsgi_app, environ, buffered=True)
    if status.startswith("5"):
        return None
    body = b"".join(said) if status.startswith("200") and headers.get("Content-Type", "").startswith(_JSON) else b""
    return {"envelope_id": name, **({"payload": json.loads(body)} if body else {})}
