"""Channels of Slack as we make and keep them: their names, topics, pins and bookmarks. What is so already counts as done."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..kernel.settings import Settings
from .slack import Client
from .slack_asking import Refused, a_list, a_text, an_object, asked, done

_MOST_PAGES, _PAGE = 10, 200


@dataclass(frozen=True, kw_only=True)
class Room:
    """A channel as Slack describes it to the app."""

    id: str
    name: str
    creator: str
    purpose: str
    is_archived: bool
    is_private: bool
    is_member: bool


def make(name: str, settings: Settings, *, is_private: bool) -> Room | Refused:
    """A new channel of that name; ``name_taken`` where there is one."""
    return asked(
        "conversations.create",
        settings,
        lambda client: _room(client.conversations_create(name=name, is_private=is_private).data),
    )


def look(channel_id: str, settings: Settings) -> Room | Refused:
    """How a channel is now."""
    return asked(
        "conversations.info", settings, lambda client: _room(client.conversations_info(channel=channel_id).data)
    )


def find_ours(name: str, settings: Settings) -> Room | Refused | None:
    """The channel of that name that this app made and is in, and that is not archived."""
    me = asked("auth.test", settings, lambda client: a_text(client.auth_test().data, "user_id"))
    if isinstance(me, Refused):
        return me
    cursor = ""
    for _ in range(_MOST_PAGES):
        page = asked("users.conversations", settings, lambda client, at=cursor: _page(client, at))  # type: ignore[misc]
        if isinstance(page, Refused):
            return page
        rooms, cursor = page
        for room in rooms:
            if room.name == name and me and room.creator == me:
                return room
        if not cursor:
            break
    return None


def rename(channel_id: str, name: str, settings: Settings) -> Room | Refused:
    """Another name for a channel."""
    return asked(
        "conversations.rename",
        settings,
        lambda client: _room(client.conversations_rename(channel=channel_id, name=name).data),
    )


def set_topic(channel_id: str, topic: str, settings: Settings) -> Refused | None:
    """What stands beside its name."""
    return done(
        "conversations.setTopic",
        settings,
        lambda client: client.conversations_setTopic(channel=channel_id, topic=topic),
    )


def set_purpose(channel_id: str, purpose: str, settings: Settings) -> Refused | None:
    """What it says it is for."""
    return done(
        "conversations.setPurpose",
        settings,
        lambda client: client.conversations_setPurpose(channel=channel_id, purpose=purpose),
    )


def archive(channel_id: str, settings: Settings) -> Refused | None:
    """Nobody can write there any more."""
    return done(
        "conversations.archive",
        settings,
        lambda client: client.conversations_archive(channel=channel_id),
        so_already=("already_archived", "is_archived"),
    )


def unarchive(channel_id: str, settings: Settings) -> Refused | None:
    """Open it again. Slack refuses this to most bots, which archiving has put out (``not_in_channel``)."""
    return done(
        "conversations.unarchive",
        settings,
        lambda client: client.conversations_unarchive(channel=channel_id),
        so_already=("not_archived",),
    )


# ---- what stands in it ----


def pin(channel_id: str, ts: str, settings: Settings) -> Refused | None:
    """Keep a message where everybody finds it."""
    return done(
        "pins.add",
        settings,
        lambda client: client.pins_add(channel=channel_id, timestamp=ts),
        so_already=("already_pinned",),
    )


def find_message(channel_id: str, key: str, settings: Settings) -> str | Refused | None:
    """The ``ts`` of the message whose metadata bears our key, among the newest; it was sent by whoever died before saying so."""

    def ask(client: Client) -> str | None:
        said: Any = client.conversations_history(channel=channel_id, include_all_metadata=True, limit=100).data
        for message in a_list(said, "messages"):
            if an_object(an_object(message, "metadata"), "event_payload").get("key") == key:
                return a_text(message, "ts") or None
        return None

    return asked("conversations.history", settings, ask)


def bookmarks(channel_id: str, settings: Settings) -> dict[str, tuple[str, str]] | Refused:
    """By title the ID and the address of those that are links."""

    def ask(client: Client) -> dict[str, tuple[str, str]]:
        listed = a_list(client.bookmarks_list(channel_id=channel_id).data, "bookmarks")
        return {a_text(each, "title"): (a_text(each, "id"), a_text(each, "link")) for each in listed}

    return asked("bookmarks.list", settings, ask)


def add_bookmark(channel_id: str, title: str, link: str, settings: Settings) -> str | Refused:
    """Its ID."""

    def ask(client: Client) -> str:
        said: Any = client.bookmarks_add(channel_id=channel_id, title=title, type="link", link=link).data
        return a_text(an_object(said, "bookmark"), "id")

    return asked("bookmarks.add", settings, ask)


def change_bookmark(channel_id: str, bookmark_id: str, link: str, settings: Settings) -> Refused | None:
    """Let it lead elsewhere."""
    return done(
        "bookmarks.edit",
        settings,
        lambda client: client.bookmarks_edit(channel_id=channel_id, bookmark_id=bookmark_id, link=link),
    )


def remove_bookmark(channel_id: str, bookmark_id: str, settings: Settings) -> Refused | None:
    """Take it away."""
    return done(
        "bookmarks.remove",
        settings,
        lambda client: client.bookmarks_remove(channel_id=channel_id, bookmark_id=bookmark_id),
        so_already=("not_found", "bookmark_not_found"),
    )


# ---- what it answers ----


def _page(client: Client, cursor: str) -> tuple[list[Room], str]:
    said: Any = client.users_conversations(
        types="public_channel,private_channel", exclude_archived=True, limit=_PAGE, cursor=cursor
    ).data
    rooms = [_as_room(each) for each in a_list(said, "channels")]
    return rooms, a_text(an_object(said, "response_metadata"), "next_cursor")


def _room(said: Any) -> Room:
    return _as_room(an_object(said, "channel"))


def _as_room(said: Mapping[str, Any]) -> Room:
    found = a_text(said, "id")
    return Room(
        id=found if found.isascii() and found.isalnum() and len(found) <= 40 else "",
        name=a_text(said, "name")[:80],
        creator=a_text(said, "creator"),
        purpose=a_text(an_object(said, "purpose"), "value"),
        is_archived=bool(said.get("is_archived")),
        is_private=bool(said.get("is_private")),
        is_member=bool(said.get("is_member", True)),
    )
