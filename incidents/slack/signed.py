"""Whether a request comes from Slack, and for the first time."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass

from flask import Request

from ..kernel import clock

_GOOD_FOR = 5 * 60  # seconds
_MOST_DIGITS = 12
ENVELOPE = "sevenbells.slack_envelope"  # in the WSGI environment


@dataclass(frozen=True)
class Envelope:
    """One message of the socket: Slack's name for it, and when it came by the monotonic clock."""

    name: str
    came_at: float


def envelope_of(request: Request) -> Envelope | None:
    """The envelope in which this request came; None where it came over HTTP."""
    found = request.environ.get(ENVELOPE)
    return found if isinstance(found, Envelope) else None


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
    envelope = envelope_of(request)
    if envelope is not None:
        return hashlib.sha256(f"envelope\n{envelope.name}".encode("utf-8", "replace")).hexdigest()[:32]
    sent = (request.headers.get("X-Slack-Request-Timestamp", ""), request.headers.get("X-Slack-Signature", ""))
    return hashlib.sha256("\n".join(sent).encode()).hexdigest()[:32]
