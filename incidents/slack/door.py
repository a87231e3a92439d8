"""The one way in from Slack: signed, from our workspace, heard once, and answered within three seconds."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import timedelta
from http import HTTPStatus
from typing import Final

from flask import Blueprint, Flask, Response, current_app, g, json, request
from werkzeug.exceptions import Forbidden, NotFound, Unauthorized

from ..actions import slack_people
from ..kernel import log, problems
from ..kernel.settings import Settings
from ..records import slack_requests
from . import signed

PATIENCE = timedelta(seconds=2)  # for a lock of the database: Slack waits three seconds for the whole answer
UNHEARD: Final = frozenset({400, 401, 403, 404, 405, 413, 415})  # answers to what was no request of Slack's to us

bp = Blueprint("slack", __name__)


def init_app(app: Flask) -> None:
    """Tell errors as Slack shows them."""
    problems.speak(app, "/slack/commands", _to_the_person)
    problems.speak(app, "/slack/", to_slack)


def check_signature() -> None:
    """Refuse what Slack did not sign or send through our socket; without SLACK_SIGNING_SECRET there is no such address."""
    envelope = signed.envelope_of(request)
    g.slack_since = envelope.came_at if envelope else time.monotonic()
    if envelope is not None:
        return  # it came through our own socket
    secret = settings().slack_signing_secret
    if not secret:
        raise NotFound
    if not signed.is_from_slack(request, secret):
        raise Unauthorized("This request bears no signature of Slack's that is still good.")


def is_first_time(team: str, *names: str) -> bool:
    """Whether to act on a request that was signed; what it is known by is remembered in the transaction that acts.

    False where Slack sends again what was heard already. Raises Forbidden for another workspace, and Unauthorized for
    the very same request again: that is a replay, unless Slack says that it repeats itself.
    """
    if not slack_people.is_our_workspace(team):
        raise Forbidden("This is not the workspace of this Sevenbells.")
    if not slack_requests.remember(f"request/{signed.once(request)}"):
        if is_a_retry():
            return False
        raise Unauthorized("This request was heard already.")
    fresh = [slack_requests.remember(name) for name in names]
    return all(fresh)


def is_a_retry() -> bool:
    """Whether Slack says that it had no good answer before."""
    return "X-Slack-Retry-Num" in request.headers


def is_check_of_certificate() -> bool:
    """Slack now and then asks whether our certificate is good; it wants 200, and may not sign that."""
    request.get_data(cache=True)  # the form is read from it, and the signature covers it
    return "1" in (request.args.get("ssl_check"), request.form.get("ssl_check"))


def settings() -> Settings:
    """The operator's."""
    found: Settings = current_app.extensions["sevenbells.settings"]
    return found


def _to_the_person(status: int, sentences: Sequence[str]) -> Response:
    """Slack shows what is said with 200, and hides it behind a number of its own otherwise."""
    if status in UNHEARD:
        return to_slack(status, sentences)
    said = {"response_type": "ephemeral", "text": in_words(status, sentences)}
    return Response(json.dumps(said), 200, mimetype="application/json")


def in_words(status: int, sentences: Sequence[str]) -> str:
    """The same in one line; of what broke it gives the reference, which elsewhere stands below."""
    if status == HTTPStatus.INTERNAL_SERVER_ERROR:
        return f"Something broke on our side. What you did may not be saved. It is written down as {log.request_id()}."
    return " ".join(sentences)


def to_slack(status: int, sentences: Sequence[str]) -> Response:
    """An error in plain words, for Slack's own log."""
    return Response("\n".join([*sentences, ""]), status, mimetype="text/plain")
