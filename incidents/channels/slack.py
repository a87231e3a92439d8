"""Slack by chat.postMessage and chat.update: at most one message a second to a channel, and its errors in plain words."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Mapping
from datetime import timedelta
from types import MappingProxyType
from typing import Any
from urllib.request import Request

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from ..kernel import http
from ..kernel.settings import Settings
from ..kernel.text import one_line
from . import Message, Outcome
from .answers import of_trouble, retry_after

PACE = 1.0  # seconds between two messages to one channel: https://docs.slack.dev/apis/web-api/rate-limits
# buttons whose work is done in Slack where its answers reach us; all others lead to their address
_DONE_THERE = ("acknowledge:", "no_change:", "no_change/sure:", "open/", "snooze:", "undo:")
_LONGEST_WORD = 60  # characters of an error's name


def send(message: Message, settings: Settings) -> Outcome:
    """Post one message, or change the one that facts carry the receipt of.

    Facts: ``channel`` (a channel or a person), ``receipt`` and ``root`` (``ts`` and ``channel`` of what was posted).
    Payload: ``text``, ``blocks``, and ``only_for`` where one person alone shall see it. The receipt of this one is ``{"ts", "channel"}``.
    """
    if not settings.slack_bot_token:
        return Outcome("unreachable", "No token for Slack is set")
    where = str(message.facts.get("channel") or message.destination)
    wait = _paces.wait_for(where)
    if wait > PACE:
        return Outcome("failed", "Slack asked for a pause in this channel", timedelta(seconds=wait))
    time.sleep(wait)
    client = Client(settings, message.patience)
    try:
        said = _hand_over(client, message, _content(message, settings), where)
    except SlackApiError as refused:
        return meaning(refused, where)
    except (http.Blocked, http.Unreachable) as trouble:
        return of_trouble(trouble, is_shared=True)
    return Outcome("sent", receipt={"ts": str(said.get("ts", "")), "channel": str(said.get("channel", ""))})


def _content(message: Message, settings: Settings) -> dict[str, Any]:
    key = {"event_type": "sevenbells_message", "event_payload": {"key": message.key}}
    blocks = _fitting_buttons(
        message.payload.get("blocks") or [], is_answered=bool(settings.slack_signing_secret or settings.slack_app_token)
    )
    return {"text": message.payload["text"], "blocks": blocks, "metadata": key, "link_names": False, "parse": "none"}


def _fitting_buttons(blocks: list[dict[str, Any]], *, is_answered: bool) -> list[dict[str, Any]]:
    """What a button does is done in Slack where Slack's answers reach us, and by the button's address elsewhere."""
    fitting = []
    for block in blocks:
        if block.get("type") != "actions":
            fitting.append(block)
            continue
        row = [_fitting_button(each, is_answered=is_answered) for each in block["elements"]]
        row = [each for each in row if each is not None]
        if row:
            fitting.append({**block, "elements": row})
    return fitting


def _fitting_button(button: dict[str, Any], *, is_answered: bool) -> dict[str, Any] | None:
    if not str(button.get("action_id", "")).startswith(_DONE_THERE):
        return button
    if is_answered:
        return {name: value for name, value in button.items() if name != "url"}
    return button if button.get("url") else None


def _hand_over(client: Client, message: Message, content: dict[str, Any], where: str) -> Mapping[str, Any]:
    if message.payload.get("only_for"):
        return _whispered(client, where, str(message.payload["only_for"]), content)
    earlier = message.facts.get("receipt")
    if earlier:
        try:
            return client.chat_update(channel=earlier["channel"], ts=earlier["ts"], **content).data  # type: ignore[return-value]
        except SlackApiError as refused:
            # somebody removed it, or it is too old to be changed: then the news is posted anew
            only_edits = bool(message.payload.get("only_edits"))
            if only_edits and _error(refused) == _REMOVED:
                return dict(earlier)  # what should change there is gone altogether
            if _error(refused) not in _NOTHING_TO_CHANGE or only_edits:
                raise
    root = message.facts.get("root") or {}
    place = str(root.get("channel") or where)
    try:
        return _posted(client, place, content, thread=root.get("ts"))
    except SlackApiError as refused:
        if not root or _error(refused) not in _NO_THREAD:
            raise
        return _posted(client, place, content)  # what it would hang below is gone


def _whispered(client: Client, where: str, user: str, content: dict[str, Any]) -> Mapping[str, Any]:
    """To one person where they are; in a conversation that the app is not in, by a message to them."""
    try:
        words = {name: content[name] for name in ("text", "blocks")}
        return client.chat_postEphemeral(channel=where, user=user, **words).data  # type: ignore[return-value]
    except SlackApiError as refused:
        if _error(refused) not in _SHUT | _NOT_THERE:
            raise
    return _posted(client, user, content)


def _posted(client: Client, place: str, content: dict[str, Any], *, thread: str | None = None) -> Mapping[str, Any]:
    said = client.chat_postMessage(channel=place, thread_ts=thread, unfurl_links=False, unfurl_media=False, **content)
    return said.data  # type: ignore[return-value]


class Client(WebClient):
    """slack-sdk's, over our own connections: they are kept, they have an end, and nothing is tried again by itself."""

    def __init__(self, settings: Settings, patience: float | None = None, *, most_bytes: int = http.MOST_BYTES) -> None:
        base = settings.slack_api_base_url.rstrip("/") + "/"
        super().__init__(token=settings.slack_bot_token, base_url=base, retry_handlers=[])
        self._settings = settings
        self._patience = patience
        self._most_bytes = most_bytes

    def _perform_urllib_http_request_internal(self, url: str, req: Request) -> dict[str, Any]:
        answer = http.request(
            req.get_method(),
            url,
            self._settings,
            content=req.data,  # type: ignore[arg-type]  # bytes: no file is sent
            headers=dict(req.header_items()),
            is_trusted=True,
            most_bytes=self._most_bytes,
            patience=self._patience,
        )
        return {"status": answer.status, "headers": answer.headers, "body": _an_object(answer.body)}


def _an_object(body: bytes) -> str:
    """Slack answers with a JSON object; whatever else comes is no answer of Slack's, and slack-sdk would log it."""
    try:
        said = json.loads(body)
        return json.dumps(said) if isinstance(said, dict) else "{}"
    except (ValueError, RecursionError):
        return "{}"


# ---- what goes wrong ----

_REMOVED = "message_not_found"
_NO_THREAD = frozenset({"thread_not_found", "cannot_reply_to_message", "restricted_action_thread_locked"})
_NOTHING_TO_CHANGE = frozenset({_REMOVED, "cant_update_message", "edit_window_closed"})
# nobody gets anything until somebody mends this
_AWAY: Mapping[str, str] = MappingProxyType(
    {
        "invalid_auth": "Slack does not accept the token: check SLACK_BOT_TOKEN",
        "not_authed": "Slack got no token: check SLACK_BOT_TOKEN",
        "token_revoked": "The token of Slack was revoked: install the app again and set SLACK_BOT_TOKEN",
        "token_expired": "The token of Slack has expired: install the app again and set SLACK_BOT_TOKEN",
        "account_inactive": "The app was removed from Slack: install it again and set SLACK_BOT_TOKEN",
        "not_allowed_token_type": "This is not the token of a bot: set SLACK_BOT_TOKEN to the one that begins with xoxb-",
        "org_login_required": "The workspace is being moved, and Slack takes nothing meanwhile",
        "team_access_not_granted": "The app has no access to this workspace of Slack",
        "accesslimited": "Slack limits the access of this workspace at present",
        "access_denied": "Slack denies the app access",
    }
)
# it may well work later, or when somebody has done what is said
_LATER: Mapping[str, str] = MappingProxyType(
    {
        "not_in_channel": "The app is not in this channel of Slack: invite it there",
        "team_added_to_org": "The workspace is being moved, and Slack takes nothing meanwhile",
        "internal_error": "Slack has trouble of its own",
        "fatal_error": "Slack has trouble of its own",
        "service_unavailable": "Slack has trouble of its own",
        "request_timeout": "Slack did not get all of the message",
        "ratelimited": "Slack asked for a pause in this channel",
        "rate_limited": "Slack asked for a pause in this channel",
        "message_limit_exceeded": "Slack asked for a pause in this channel",
    }
)
_NEVER: Mapping[str, str] = MappingProxyType(
    {
        "channel_not_found": "Slack knows no such channel or person, or the app cannot see it",
        "user_not_found": "Slack knows no such person",
        "user_disabled": "This person's account in Slack is disabled",
        "is_archived": "This channel of Slack is archived",
        "msg_too_long": "This is longer than a message in Slack may be",
        "msg_blocks_too_long": "This is longer than a message in Slack may be",
        "no_text": "Slack takes no message without words",
        "invalid_blocks": "Slack does not take the blocks of this message",
        "invalid_blocks_format": "Slack does not take the blocks of this message",
        "cannot_dm_bot": "This is a bot, which takes no messages",
        "messages_tab_disabled": "The app may not write to people: turn on its Messages tab in Slack",
        "restricted_action": "The rules of this workspace of Slack forbid the app to post here",
        "restricted_action_read_only_channel": "This channel of Slack can only be read",
        "restricted_action_thread_only_channel": "In this channel of Slack only threads can be written to",
        "message_not_found": "The message that this would change is no more",
        "cant_update_message": "Slack does not let the app change this message",
        "edit_window_closed": "The message that this would change is too old to be changed",
    }
)


def meaning(refused: SlackApiError, where: str) -> Outcome:
    """What Slack's refusal means, in a plain sentence; a pause it asks for is kept for ``where``."""
    response: Any = refused.response
    error = _error(refused)
    if response.status_code == 429:
        wait = retry_after({name.lower(): value for name, value in response.headers.items()}) or timedelta(seconds=30)
        if where:
            _paces.pause(where, wait)
        return Outcome("failed", "Slack asked for a pause in this channel", wait)
    if error == "missing_scope":
        needed = one_line(str(response.get("needed", "")))[:_LONGEST_WORD] or "another"
        why = f"The app lacks the permission {needed} in Slack: add it and install the app again"
        return Outcome("failed", why, is_shut=True)
    for table, kind in _KINDS:
        if error in table:
            return Outcome(kind, table[error], is_shut=error in _SHUT)  # type: ignore[arg-type]
    if not error:
        return Outcome(
            "unreachable", f"Slack answered with status {response.status_code} and nothing that it is known for"
        )
    return Outcome("failed", f"Slack said: {error}")


# nobody can be whispered to where they are not
_NOT_THERE = frozenset({"user_not_in_channel", "user_not_in_conversation"})
# it is the place that takes nothing from us
_SHUT = frozenset(
    {
        "not_in_channel",
        "channel_not_found",
        "is_archived",
        "restricted_action",
        "restricted_action_read_only_channel",
        "restricted_action_thread_only_channel",
    }
)
_KINDS: tuple[tuple[Mapping[str, str], str], ...] = ((_AWAY, "unreachable"), (_LATER, "failed"), (_NEVER, "refused"))


def _error(refused: SlackApiError) -> str:
    """Slack's word for it; nothing where the answer was no word of Slack's."""
    word = str(refused.response.get("error", ""))
    return word if word.isascii() and word.replace("_", "").isalnum() and len(word) <= _LONGEST_WORD else ""


# ---- the pace ----


class _Paces:
    """When each channel may be written to next. Other processes have their own: what they overlook, Slack says."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._free_at: dict[str, float] = {}
        self._lock = threading.Lock()
        self._now = now

    def wait_for(self, where: str) -> float:
        """Seconds to wait; up to ``PACE`` the turn is taken, and beyond it nothing changes."""
        with self._lock:
            now = self._now()
            wait = max(0.0, self._free_at.get(where, 0.0) - now)
            if wait <= PACE:
                self._free_at = {place: at for place, at in self._free_at.items() if at > now}
                self._free_at[where] = now + wait + PACE
            return wait

    def pause(self, where: str, wait: timedelta) -> None:
        """Slack itself asked for it."""
        with self._lock:
            self._free_at[where] = max(self._free_at.get(where, 0.0), self._now() + wait.total_seconds())


_paces = _Paces()
