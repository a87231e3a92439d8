"""Whether a request comes from Slack, and for the first time."""

from __future__ import annotations

import hashlib
import hmac

from flask import Request

from ..kernel import clock

_GOOD_FOR = 5 * 60  # seconds
_MOST_DIGITS = 12


def is_from_slack(request: Request, secret: str) -> bool:
    """Whether the raw body was signed with our secret within the last five minutes.

    The rule is https://docs.slack.dev/authentication/verifying-requests-from-slack. Slack-sdk knows it too, but breaks on
    strange headers, and loading it would eat up a good part of the three seconds of a worker's first answer.
    """
    timestamp = request.headers.get("X-Slack-Request-Timestamp", "")
    if not timestamp.isascii() or not timestamp.isdecimal() or len(timestamp) > _MOST_DIGITS:
        return False
    if abs(clock.now().timestamp() - int(timestamp)) > _GOOD_FOR:
        return False
    content = b"v0:" + timestamp.encode() + b":" + request.get_data(cache=True)
    wanted = "v0=" + hmac.new(secret.encode(), content, hashlib.sha256).hexdigest()
    given = request.headers.get("X-Slack-Signature", "")
    return hmac.compare_digest(wanted.encode(), given.encode("utf-8", "surrogateescape"))


def once(request: Request) -> str:
    """A name for this very request: one that is sent again has the same."""
    sent = (request.headers.get("X-Slack-Request-Timestamp", ""), request.headers.get("X-Slack-Signature", ""))
    return hashlib.sha256("\n".join(sent).encode()).hexdigest()[:32]
