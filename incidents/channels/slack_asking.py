"""How Slack is asked about channels: once, within the tier of each method, with what went wrong in a plain sentence."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from types import MappingProxyType
from typing import Any, Final, TypeVar

from slack_sdk.errors import SlackApiError

from ..kernel import http
from ..kernel.settings import Settings
from ..kernel.text import one_line
from .answers import of_trouble, retry_after
from .slack import Client, meaning
from .slack_paces import MethodPaces
from .slack_questions import MOST_BYTES

PATIENCE = 10.0  # seconds for one call
_IF_UNSAID = timedelta(seconds=30)

Found = TypeVar("Found")


@dataclass(frozen=True, kw_only=True)
class Refused:
    """What went wrong.

    ``word`` is Slack's for it, empty where Slack said none. ``wait`` is how long Slack asked to be left alone with this.
    ``needs_somebody``: it will not pass by itself. ``is_away``: nothing else can be done in Slack now either.
    """

    word: str
    reason: str
    wait: timedelta | None = None
    needs_somebody: bool = False
    is_away: bool = False

    @property
    def is_pause(self) -> bool:
        return self.wait is not None


paces = MethodPaces()


def done(
    method: str, settings: Settings, ask: Callable[[Client], Any], *, so_already: Sequence[str] = ()
) -> Refused | None:
    """Ask for something whose answer says nothing; what is ``so_already`` counts as done."""
    found = asked(method, settings, ask)
    return found if isinstance(found, Refused) and found.word not in so_already else None


def asked(method: str, settings: Settings, ask: Callable[[Client], Found]) -> Found | Refused:
    """What Slack answers, or what went wrong."""
    wait = paces.wait_for(method)
    if wait is not None:
        return Refused(word="ratelimited", reason=_PAUSE, wait=wait)
    try:
        return ask(Client(settings, PATIENCE, most_bytes=MOST_BYTES))
    except SlackApiError as refused:
        return _refused(method, refused)
    except (http.Blocked, http.Unreachable) as trouble:
        said = of_trouble(trouble, is_shared=True)
        return Refused(word="", reason=said.reason, needs_somebody=said.kind == "refused", is_away=True)


_PAUSE: Final = "Slack asked for a pause"
_PAUSES = frozenset({"ratelimited", "rate_limited"})
_PASSING = frozenset({"internal_error", "fatal_error", "service_unavailable", "request_timeout", "team_added_to_org"})
_SAYS: Mapping[str, str] = MappingProxyType(
    {
        "name_taken": "Slack has a channel of this name already",
        "restricted_action": "The rules of this workspace of Slack forbid the app to do this with channels",
        "user_is_restricted": "The rules of this workspace of Slack forbid the app to do this with channels",
        "no_permission": "The rules of this workspace of Slack forbid the app to do this with channels",
        "not_authorized": "The rules of this workspace of Slack forbid the app to do this with channels",
        "not_in_channel": "The app is not in the channel any more: write /invite @sevenbells there",
        "channel_not_found": "Slack knows this channel no more, or hides it from the app",
        "is_archived": "The channel is archived in Slack",
        "too_long": "Slack finds this too long",
        "invalid_name_maxlength": "Slack does not take this name for a channel",
        "invalid_name_specials": "Slack does not take this name for a channel",
        "invalid_name_punctuation": "Slack does not take this name for a channel",
        "invalid_name_required": "Slack does not take this name for a channel",
        "invalid_name": "Slack does not take this name for a channel",
        "invalid_link": "Slack takes bookmarks only to public addresses: set BASE_URL to one",
        "too_many_bookmarks": "The channel has as many bookmarks as Slack allows",
        "maxed_out_channels": "The workspace has as many channels as Slack allows",
        "too_many_convos_for_team": "The workspace has as many channels as Slack allows",
        "message_not_found": "The message is no more",
        "no_item_specified": "The message is no more",
    }
)


def _refused(method: str, refused: SlackApiError) -> Refused:
    response: Any = refused.response
    word = word_of(refused)
    if response.status_code == 429 or word in _PAUSES:
        wait = retry_after({name.lower(): value for name, value in response.headers.items()}) or _IF_UNSAID
        paces.pause(method, wait)
        return Refused(word="ratelimited", reason=_PAUSE, wait=wait)
    said = meaning(refused, "")
    return Refused(
        word=word,
        reason=_SAYS.get(word, said.reason),
        needs_somebody=bool(word) and word not in _PASSING,
        is_away=said.kind == "unreachable",
    )


def word_of(refused: SlackApiError) -> str:
    """Slack's word for what went wrong; empty where it is none."""
    word = str(refused.response.get("error", ""))
    return word if re.fullmatch(r"[a-z_]{1,60}", word) else ""


# ---- what it answers ----


def an_object(said: Any, name: str) -> Mapping[str, Any]:
    """What stands under that name where it is an object; an empty one otherwise."""
    found = said.get(name) if isinstance(said, Mapping) else None
    return found if isinstance(found, Mapping) else {}


def a_list(said: Any, name: str) -> list[Mapping[str, Any]]:
    """The objects in the list of that name."""
    found = said.get(name) if isinstance(said, Mapping) else None
    return [each for each in found if isinstance(each, Mapping)] if isinstance(found, list) else []


def a_text(said: Any, name: str) -> str:
    """The text of that name, on one line."""
    found = said.get(name) if isinstance(said, Mapping) else None
    return one_line(found) if isinstance(found, str) else ""
