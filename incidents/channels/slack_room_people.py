"""Who is in a channel of Slack: people are invited and put out, and why somebody cannot be in it is said of each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from slack_sdk.errors import SlackApiError

from ..kernel.settings import Settings
from .slack import Client
from .slack_asking import Refused, a_list, a_text, asked, done, word_of

_MOST_INVITED = 100  # at once

_IN_ALREADY = frozenset({"already_in_channel", "cant_invite_self"})
# why this one user cannot be in it, whoever else can
_CANNOT: Mapping[str, str] = MappingProxyType(
    {
        "user_not_found": "Slack knows no such person",
        "user_not_visible": "Slack knows no such person",
        "no_user": "Slack knows no such person",
        "user_disabled": "the account in Slack is disabled",
        "cant_invite": "Slack does not let this person be invited",
        "user_is_restricted": "this is a guest in Slack",
        "user_is_ultra_restricted": "this is a guest in Slack",
        "ura_max_channels": "this guest is in as many channels as Slack allows",
        "user_team_not_in_channel": "this is somebody of another workspace",
        "invitee_cant_see_channel": "this is somebody of another workspace",
        "no_external_invite_permission": "this is somebody of another workspace",
        "failed_for_some_users": "Slack does not let this person be invited",
    }
)


def invite(channel_id: str, users: Sequence[str], settings: Settings) -> dict[str, str] | Refused:
    """By user why they are not in it; empty where they are. Refused where it is about the channel or the app."""
    said: dict[str, str] = {}
    for start in range(0, len(users), _MOST_INVITED):
        some = users[start : start + _MOST_INVITED]
        found = _invite_together(channel_id, some, settings) or _invite_each(channel_id, some, settings)
        if isinstance(found, Refused):
            return found
        said |= found
    return said


def _invite_together(channel_id: str, users: Sequence[str], settings: Settings) -> dict[str, str] | Refused | None:
    """None where Slack only says that some user cannot be invited, and not which."""

    def ask(client: Client) -> dict[str, str] | None:
        try:
            said: Any = client.conversations_invite(channel=channel_id, users=[*users], force=True).data
        except SlackApiError as refused:
            if word_of(refused) not in _IN_ALREADY | _CANNOT.keys():
                raise
            said = refused.response.data
            if not a_list(said, "errors"):
                return None if len(users) > 1 else {users[0]: _CANNOT.get(word_of(refused), "")}
        wrong = {a_text(each, "user"): a_text(each, "error") for each in a_list(said, "errors")}
        return {user: _why_not(wrong.get(user, "")) for user in users}

    return asked("conversations.invite", settings, ask)


def _invite_each(channel_id: str, users: Sequence[str], settings: Settings) -> dict[str, str] | Refused:
    said: dict[str, str] = {}
    for user in users:
        found = _invite_together(channel_id, [user], settings)
        if isinstance(found, Refused):
            return found
        said |= found or {}
    return said


def _why_not(word: str) -> str:
    return "" if not word or word in _IN_ALREADY else _CANNOT.get(word, "Slack does not let this person be invited")


def put_out(channel_id: str, user: str, settings: Settings) -> Refused | None:
    """Somebody is in it no more."""
    return done(
        "conversations.kick",
        settings,
        lambda client: client.conversations_kick(channel=channel_id, user=user),
        so_already=("not_in_channel", "user_not_found", "cant_kick_self"),
    )
