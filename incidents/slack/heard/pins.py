"""A pin, or the :pushpin: reaction: the message belongs on the timeline of the incident whose channel or thread this is.

Only that it happened is written down here; the clock reads the message, while nobody in Slack waits.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from ...actions import from_slack
from ...kernel import clock
from ...records import heard_messages, slack_users
from ...records.incident_channels import incident_of_channel
from ..events import HEARD, Event

REACTION = "pushpin"
_ID = re.compile(r"[A-Z0-9]{2,30}", re.ASCII)


def pin_added(event: Event, team: str) -> None:
    """https://docs.slack.dev/reference/events/pin_added: the message comes along."""
    _pin(event, team, is_on=True)


def pin_removed(event: Event, team: str) -> None:
    """Whoever took it off: in Slack a message is pinned or not."""
    _pin(event, team, is_on=False)


def reaction_added(event: Event, team: str) -> None:
    """https://docs.slack.dev/reference/events/reaction_added: each of those who reacted keeps it there."""
    _react(event, team, is_on=True)


def reaction_removed(event: Event, team: str) -> None:
    """It is off when nobody else has it pinned."""
    _react(event, team, is_on=False)


def _pin(event: Event, team: str, *, is_on: bool) -> None:
    item = _object(event, "item")
    message = _object(item, "message")
    if slack_users.is_ourselves(str(message.get("user", ""))):
        return  # the headline, which the app pins itself
    channel = str(event.get("channel_id") or item.get("channel") or "")
    mark = heard_messages.PIN
    given = from_slack.said(message).as_given() if message.get("text") and message.get("permalink") else None
    _note(event, team, channel=channel, ts=str(message.get("ts", "")), mark=mark, is_on=is_on, given=given)


def _react(event: Event, team: str, *, is_on: bool) -> None:
    if event.get("reaction") != REACTION or slack_users.is_ourselves(str(event.get("item_user", ""))):
        return
    item = _object(event, "item")
    mark = f"{REACTION}:{event.get('user', '')}"
    _note(event, team, channel=str(item.get("channel", "")), ts=str(item.get("ts", "")), mark=mark, is_on=is_on)


def _note(
    event: Event, team: str, *, channel: str, ts: str, mark: str, is_on: bool, given: dict[str, Any] | None = None
) -> None:
    user = str(event.get("user", ""))
    if not (_ID.fullmatch(channel) and _ID.fullmatch(user) and from_slack.is_moment(ts)):
        return
    incident_id = incident_of_channel(channel)
    if not is_on and incident_id is None and heard_messages.message_at(channel, ts) is None:
        return
    message = heard_messages.hear(team, channel, ts, incident_id=incident_id)
    if message.entry_id is None:
        message.given = message.given or given
    heard_messages.mark(message, mark, user=user, is_on=is_on, told_at=_told_at(event))


def _told_at(event: Event) -> datetime:
    given = str(event.get("event_ts", ""))
    return from_slack.moment_of(given) if from_slack.is_moment(given) else clock.now()


def _object(holder: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = holder.get(name)
    return found if isinstance(found, dict) else {}


HEARD["pin_added"] = pin_added
HEARD["pin_removed"] = pin_removed
HEARD["reaction_added"] = reaction_added
HEARD["reaction_removed"] = reaction_removed
