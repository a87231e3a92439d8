"""What we ask Slack without changing anything there: who we are, who somebody is, whether a channel can be written to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, TypeVar

from slack_sdk.errors import SlackApiError

from ..kernel import http
from ..kernel.settings import Settings
from ..kernel.text import one_line
from . import Outcome
from .answers import of_trouble
from .slack import Client, meaning

_LONGEST_NAME = 80
_MOST_PAGES = 20  # of a thousand channels each
_PATIENCE = 10.0  # seconds
MOST_BYTES = 4 * 1024 * 1024  # a thousand channels are one or two of it

Found = TypeVar("Found")


@dataclass(frozen=True, kw_only=True)
class Installation:
    """The app as ``auth.test`` describes it."""

    team_id: str
    team: str
    user: str
    user_id: str  # by which the app writes
    scopes: frozenset[str] | None  # None where Slack does not say
    answered_at: datetime | None  # by Slack's clock


@dataclass(frozen=True, kw_only=True)
class Profile:
    """Somebody as ``users.info`` describes them; ``why_not`` says why they are nobody to be matched."""

    teams: frozenset[str]
    name: str
    email: str = field(repr=False)
    why_not: str


@dataclass(frozen=True, kw_only=True)
class Channel:
    """A channel as the app sees it."""

    id: str
    name: str
    is_archived: bool
    is_private: bool
    is_member: bool


def installation(settings: Settings) -> Installation | Outcome:
    """Whose token this is and what it may do (``auth.test``); what went wrong otherwise."""

    def asking(client: Client) -> Installation:
        response: Any = client.auth_test()
        headers = {name.lower(): value for name, value in response.headers.items()}
        scopes = headers.get("x-oauth-scopes")
        return Installation(
            team_id=_id(response.data, "team_id"),
            team=_name(response.data, "team"),
            user=_name(response.data, "user"),
            user_id=_id(response.data, "user_id"),
            scopes=frozenset(scopes.replace(",", " ").split()) if scopes is not None else None,
            answered_at=_moment(headers.get("date", "")),
        )

    return ask(settings, asking)


def who_is(user_id: str, settings: Settings) -> Profile | Outcome:
    """Somebody's workspace, name and e-mail (``users.info``); what went wrong otherwise."""

    def asking(client: Client) -> Profile:
        user = _object(client.users_info(user=user_id).data, "user")
        profile = _object(user, "profile")
        grid = _object(user, "enterprise_user").get("teams")
        teams = {
            _id(user, "team_id"),
            *(each for each in (grid if isinstance(grid, list) else []) if isinstance(each, str)),
        }
        name = _name(profile, "display_name") or _name(profile, "real_name") or _name(user, "name")
        return Profile(
            teams=frozenset(teams - {""}),
            name=name,
            email=_name(profile, "email", longest=254),
            why_not=_why_nobody(user),
        )

    return ask(settings, asking)


def _why_nobody(user: Mapping[str, Any]) -> str:
    if user.get("is_bot"):
        return "This is a bot."
    if user.get("deleted"):
        return "This Slack user is deactivated."
    if user.get("is_stranger"):
        return "This Slack user is of another workspace."
    if user.get("is_email_confirmed") is False:
        return "This Slack user has not confirmed the e-mail."
    return ""


def find_channel(named: str, settings: Settings) -> Channel | Outcome | None:
    """The channel of that name or ID as far as the app sees it, None where it sees none; what went wrong otherwise."""

    def asking(client: Client) -> Channel | None:
        name = named.removeprefix("#")
        if _looks_like_an_id(name):
            return _channel(_object(client.conversations_info(channel=name).data, "channel"))
        cursor = ""
        for _ in range(_MOST_PAGES):
            page: Any = client.conversations_list(
                limit=1000, cursor=cursor, exclude_archived=False, types="public_channel,private_channel"
            ).data
            listed = page.get("channels")
            for each in listed if isinstance(listed, list) else []:
                if isinstance(each, dict) and each.get("name") == name:
                    return _channel(each)
            cursor = _name(_object(page, "response_metadata"), "next_cursor", longest=500)
            if not cursor:
                break
        return None

    return ask(settings, asking)


def socket_opens(settings: Settings) -> Outcome:
    """Whether SLACK_APP_TOKEN opens a socket (``apps.connections.open``); none is used."""

    def asking(client: Client) -> Outcome:
        client.apps_connections_open(app_token=settings.slack_app_token or "")
        return Outcome("sent")

    return ask(settings, asking)


def socket_address(settings: Settings) -> str | Outcome:
    """Where a socket can be opened now (``apps.connections.open``): once, and soon; what went wrong otherwise."""

    def asking(client: Client) -> str | Outcome:
        said: Any = client.apps_connections_open(app_token=settings.slack_app_token or "").data
        found = said.get("url")
        schemes = ("wss://",) if settings.slack_api_base_url.startswith("https://") else ("wss://", "ws://")
        if isinstance(found, str) and found.startswith(schemes):
            return found
        return Outcome("failed", "Slack named no address for a socket")

    found = ask(settings, asking)
    if isinstance(found, Outcome):
        return replace(found, reason=found.reason.replace("SLACK_BOT_TOKEN", "SLACK_APP_TOKEN"))
    return found


# ---- how it is asked, and read ----


def ask(settings: Settings, asking: Callable[[Client], Found]) -> Found | Outcome:
    """What ``asking`` finds by our token; what went wrong otherwise, and never an exception."""
    if not settings.slack_bot_token:
        return Outcome("unreachable", "No token for Slack is set")
    try:
        return asking(Client(settings, _PATIENCE, most_bytes=MOST_BYTES))
    except SlackApiError as refused:
        return meaning(refused, "")
    except (http.Blocked, http.Unreachable) as trouble:
        return of_trouble(trouble, is_shared=True)


def _channel(said: Mapping[str, Any]) -> Channel:
    return Channel(
        id=_id(said, "id"),
        name=_name(said, "name"),
        is_archived=bool(said.get("is_archived")),
        is_private=bool(said.get("is_private")),
        is_member=bool(said.get("is_member")),
    )


def _looks_like_an_id(name: str) -> bool:
    """Names of channels are in small letters."""
    return name[:1] in ("C", "G") and name.isascii() and name.isalnum() and name == name.upper()


def _object(said: Any, name: str) -> Mapping[str, Any]:
    found = said.get(name)
    return found if isinstance(found, dict) else {}


def _id(said: Any, name: str) -> str:
    found = said.get(name)
    return found if isinstance(found, str) and found.isascii() and found.isalnum() and len(found) <= 30 else ""


def _name(said: Any, name: str, *, longest: int = _LONGEST_NAME) -> str:
    found = said.get(name)
    return one_line(found)[:longest].strip() if isinstance(found, str) else ""


def _moment(date: str) -> datetime | None:
    try:
        found = parsedate_to_datetime(date)
    except (ValueError, TypeError):
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
