"""Telling Slack something while its user waits, with no transaction open: a form to show, or that nothing was recorded.

Where a form does not open, the browser has the same one.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any, Final, Protocol

import structlog
from flask import Flask, current_app, g, has_request_context

from ..kernel.database import db, waiting_at_most
from ..kernel.settings import Settings
from . import door
from .acted import Acted
from .replies import Reply

View = Mapping[str, Any]


class Slack(Protocol):
    """``channels.slack_views``, handed over by the composition root: doors do not send by themselves."""

    def show(self, view: View, settings: Settings, *, patience: float, trigger: str = "", instead_of: str = "") -> Any:
        """Show a form; how that went."""

    def answer(self, address: str, words: str, settings: Settings, *, patience: float) -> Any:
        """Say something at a ``response_url``; how that went."""


PATIENCE: Final = 1.5  # seconds for Slack's own answer
WHOLE: Final = 2.6  # seconds from the request's beginning, of the three that Slack gives us
_LEAST: Final = 0.2  # with less it is not worth asking
_EXTENSION: Final = "sevenbells.slack_views"

log = structlog.get_logger(__name__)


def hand_over(app: Flask, slack: Slack) -> None:
    """Give the door what asks Slack."""
    app.extensions[_EXTENSION] = slack


def opened(view: View, *, trigger: str) -> bool:
    """Open a form; False where Slack did not do it in time, or not at all."""
    return bool(trigger) and _shown(view, trigger=trigger)


def afterwards(acted: Acted, view: View, *, otherwise: Reply) -> Callable[[], None]:
    """Show a form once all is committed: a new one, or in the place of that in which the button was pressed.

    Where it does not open, the person gets ``otherwise``, which says where in the browser the same form is.
    """

    def show() -> None:
        here = acted.view.get("id")
        shown = _shown(view, instead_of=here) if isinstance(here, str) else opened(view, trigger=acted.trigger)
        if not shown:
            with waiting_at_most(door.PATIENCE):
                acted.say(otherwise)
                db.session.commit()

    return show


def said(acted: Acted, words: str) -> bool:
    """Say something to whoever pressed a button beneath a message, when nothing can be written down to be sent later."""
    address, slack, patience = acted.told.get("response_url"), _slack(), _patience()
    if not isinstance(address, str) or slack is None or patience < _LEAST:
        return False
    return bool(slack.answer(address, words, door.settings(), patience=patience).kind == "sent")


def _shown(view: View, **where: str) -> bool:
    slack, patience = _slack(), _patience()
    if slack is None or patience < _LEAST:
        return False
    outcome = slack.show(view, door.settings(), patience=patience, **where)
    if outcome.kind != "sent":
        log.warning("slack_form_not_shown", form=view.get("callback_id"), reason=outcome.reason)
    return bool(outcome.kind == "sent")


def _slack() -> Slack | None:
    found: Slack | None = current_app.extensions.get(_EXTENSION)
    return found


def _patience() -> float:
    """Seconds that are left for Slack's answer."""
    return min(PATIENCE, WHOLE - _waited())


def _waited() -> float:
    """Seconds since the request came in."""
    since: float | None = g.get("slack_since") if has_request_context() else None
    return 0.0 if since is None else time.monotonic() - since
