"""Whether a request comes from Slack, and for the first time."""

from __future__ import annotations

import hashlib

from flask import Request

from ..kernel import clock


def is_from_slack(request: Request, secret: str) -> bool:
    """Whether the raw body was signed with our secret within the last five minutes, by Slack's own reading of it."""
    from slack_sdk.signature import SignatureVerifier  # loaded when Slack first asks, not by every web worker

    verifier = SignatureVerifier(secret, clock=_Clock())  # type: ignore[arg-type]  # its Clock would have to be loaded with this module
    timestamp = request.headers.get("X-Slack-Request-Timestamp", "")
    if not timestamp.isascii() or not timestamp.isdecimal() or len(timestamp) > 12:
        return False  # slack-sdk would break on it, and on the two below
    signature = request.headers.get("X-Slack-Signature", "")
    try:
        body = request.get_data(cache=True).decode()
    except UnicodeDecodeError:
        return False
    return signature.isascii() and verifier.is_valid(body=body, timestamp=timestamp, signature=signature)


def once(request: Request) -> str:
    """A name for this very request: one that is sent again has the same."""
    sent = (request.headers.get("X-Slack-Request-Timestamp", ""), request.headers.get("X-Slack-Signature", ""))
    return hashlib.sha256("\n".join(sent).encode()).hexdigest()[:32]


class _Clock:
    """What slack-sdk asks for the time: ours."""

    def now(self) -> float:
        return clock.now().timestamp()
