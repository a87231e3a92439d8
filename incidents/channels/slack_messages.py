"""One message of Slack's, read where it was written: its words, who wrote it, and its address."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from slack_sdk.errors import SlackApiError

from ..kernel.settings import Settings
from . import Outcome
from .slack import Client
from .slack_questions import ask

_GONE = frozenset({"thread_not_found", "message_not_found"})
_CLOSED: Mapping[str, str] = {
    "channel_not_found": "the app cannot see that channel: invite it there",
    "not_in_channel": "the app is not in that channel: invite it there",
}


def read(channel: str, ts: str, settings: Settings) -> Mapping[str, Any] | Outcome | None:
    """The message as Slack describes it, with its ``permalink``; None where it is no more; what went wrong otherwise.

    ``conversations.history`` knows what stands in the channel itself, ``conversations.replies`` what stands in a thread.
    """

    def asking(client: Client) -> Mapping[str, Any] | Outcome | None:
        around: dict[str, Any] = {"channel": channel, "latest": ts, "oldest": ts, "inclusive": True, "limit": 1}
        try:
            found = _that(ts, client.conversations_history(**around).data)
            if found is None:
                found = _that(ts, client.conversations_replies(ts=ts, **around).data)
        except SlackApiError as refused:
            error = str(refused.response.get("error", ""))
            if error in _GONE:
                return None
            if error in _CLOSED:
                return Outcome("failed", _CLOSED[error])
            raise
        return {**found, "permalink": _permalink(client, channel, ts)} if found is not None else None

    return ask(settings, asking)


def _that(ts: str, said: Any) -> Mapping[str, Any] | None:
    listed = said.get("messages")
    for each in listed if isinstance(listed, list) else []:
        if isinstance(each, dict) and each.get("ts") == ts:
            return each
    return None


def permalink(channel: str, ts: str, settings: Settings) -> str | Outcome:
    """The address of a message (``chat.getPermalink``), empty where Slack names none; what went wrong otherwise."""
    return ask(settings, lambda client: _permalink(client, channel, ts))


def _permalink(client: Client, channel: str, ts: str) -> str:
    try:
        said: Any = client.chat_getPermalink(channel=channel, message_ts=ts).data
    except SlackApiError as refused:
        if str(refused.response.get("error", "")) in (*_GONE, *_CLOSED):
            return ""
        raise
    found = said.get("permalink")
    return found if isinstance(found, str) else ""
