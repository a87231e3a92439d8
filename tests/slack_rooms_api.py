"""The part of the stand-in that keeps channels as Slack does: names are taken, archiving puts the app out, calls are forms."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from itertools import count
from typing import Any

from slack_sdk.models.blocks import Block

BOT = "U0BOT"
_ALSO = ("conversations.info", "conversations.history", "chat.postMessage", "chat.update")
_NAME = re.compile(r"[a-z0-9_-]{1,80}")


class No(Exception):
    """``ok: false`` with that word."""


class SlackRooms:
    """Channels by ID as ``conversations.info`` describes them, with what stands in each besides."""

    def __init__(self, users: Mapping[str, Any]) -> None:
        self.users = users
        self.rooms: dict[str, dict[str, Any]] = {}
        self.lets_bots_unarchive = False
        self.died_after: set[str] = set()  # methods that act, and whose answer is never heard
        self._made: set[str] = set()
        self._ids, self._times = count(1), count(1)
        self._methods: dict[str, Callable[[Mapping[str, Any]], dict[str, Any]]] = {
            "conversations.create": self._create,
            "conversations.info": lambda words: {"channel": self._shown(self._room(words["channel"]))},
            "conversations.rename": self._rename,
            "conversations.setTopic": lambda words: self._set(words, "topic"),
            "conversations.setPurpose": lambda words: self._set(words, "purpose"),
            "conversations.invite": self._invite,
            "conversations.kick": self._kick,
            "conversations.archive": self._archive,
            "conversations.unarchive": self._unarchive,
            "conversations.history": self._history,
            "users.conversations": self._mine,
            "pins.add": self._pin,
            "bookmarks.list": lambda words: {"bookmarks": [*self._writable(words["channel_id"])["bookmarks"].values()]},
            "bookmarks.add": self._bookmark,
            "bookmarks.edit": self._change_bookmark,
            "bookmarks.remove": self._remove_bookmark,
            "chat.postMessage": self._post,
            "chat.update": self._update,
        }

    def knows(self, method: str, words: Mapping[str, Any]) -> bool:
        """Whether this part answers it; of what the other part does too, for the channels that were made here alone."""
        return method in self._methods and (method not in _ALSO or words.get("channel") in self._made)

    def answer(self, method: str, words: Mapping[str, Any], content_type: str) -> dict[str, Any]:
        """What Slack says to it."""
        is_form = not method.startswith("chat.")
        assert not is_form or "json" not in content_type, f"{method} is a form"
        try:
            return {"ok": True, **self._methods[method](words)}
        except No as said:
            return {"ok": False, "error": str(said)}

    # ---- what a test looks at and does ----

    @property
    def only(self) -> dict[str, Any]:
        [room] = self.rooms.values()
        return room

    def named(self, name: str) -> dict[str, Any]:
        [room] = [each for each in self.rooms.values() if each["name"] == name]
        return room

    def made_by(self, creator: str, name: str, **more: Any) -> dict[str, Any]:
        """A channel that somebody made."""
        found = f"C{next(self._ids):03}"
        room = {
            "id": found,
            "name": name,
            "creator": creator,
            "is_private": False,
            "is_archived": False,
            "topic": "",
            "purpose": "",
            "members": {creator},
            "messages": {},
            "pins": [],
            "bookmarks": {},
            **more,
        }
        self.rooms[found] = room
        self._made.add(found)
        return room

    # ---- methods ----

    def _create(self, words: Mapping[str, Any]) -> dict[str, Any]:
        name = words["name"]
        if len(name) > 80:
            raise No("invalid_name_maxlength")
        if not _NAME.fullmatch(name):
            raise No("invalid_name_specials")
        if any(each["name"] == name for each in self.rooms.values()):
            raise No("name_taken")
        return {"channel": self._shown(self.made_by(BOT, name, is_private=words.get("is_private") in ("1", "true")))}

    def _rename(self, words: Mapping[str, Any]) -> dict[str, Any]:
        room = self._writable(words["channel"])
        if any(each["name"] == words["name"] for each in self.rooms.values()):
            raise No("name_taken")
        room["name"] = words["name"]
        return {"channel": self._shown(room)}

    def _set(self, words: Mapping[str, Any], what: str) -> dict[str, Any]:
        if len(words[what]) > 250:
            raise No("too_long")
        self._writable(words["channel"])[what] = words[what]
        return {what: words[what]}

    def _invite(self, words: Mapping[str, Any]) -> dict[str, Any]:
        room = self._writable(words["channel"])
        users = words["users"].split(",")
        wrong = []
        for user in users:
            word = self._why_not_invited(room, user)
            if word:
                wrong.append({"user": user, "ok": False, "error": word})
            else:
                room["members"].add(user)
        if len(wrong) == len(users):
            return {"ok": False, "error": wrong[0]["error"], "errors": wrong}
        return {"channel": self._shown(room), **({"errors": wrong} if wrong else {})}

    def _why_not_invited(self, room: Mapping[str, Any], user: str) -> str:
        if user == BOT:
            return "cant_invite_self"
        if user not in self.users:
            return "user_not_found"
        return "already_in_channel" if user in room["members"] else ""

    def _kick(self, words: Mapping[str, Any]) -> dict[str, Any]:
        room = self._writable(words["channel"])
        if words["user"] not in room["members"]:
            raise No("not_in_channel")
        room["members"].discard(words["user"])
        return {}

    def _archive(self, words: Mapping[str, Any]) -> dict[str, Any]:
        room = self._room(words["channel"])
        if room["is_archived"]:
            raise No("already_archived")
        room["is_archived"], room["members"] = True, set()
        return {}

    def _unarchive(self, words: Mapping[str, Any]) -> dict[str, Any]:
        room = self._room(words["channel"])
        if not room["is_archived"]:
            raise No("not_archived")
        if not self.lets_bots_unarchive:
            raise No("not_in_channel")
        room["is_archived"], room["members"] = False, {BOT}
        return {}

    def _history(self, words: Mapping[str, Any]) -> dict[str, Any]:
        room = self._writable(words["channel"])
        return {"messages": [*reversed(room["messages"].values())]}

    def _mine(self, words: Mapping[str, Any]) -> dict[str, Any]:
        mine = [each for each in self.rooms.values() if BOT in each["members"] and not each["is_archived"]]
        return {"channels": [self._shown(each) for each in mine], "response_metadata": {"next_cursor": ""}}

    def _pin(self, words: Mapping[str, Any]) -> dict[str, Any]:
        room = self._writable(words["channel"])
        if words["timestamp"] not in room["messages"]:
            raise No("message_not_found")
        if words["timestamp"] in room["pins"]:
            raise No("already_pinned")
        room["pins"].append(words["timestamp"])
        return {}

    def _bookmark(self, words: Mapping[str, Any]) -> dict[str, Any]:
        room = self._writable(words["channel_id"])
        found = f"Bk{next(self._ids):03}"
        room["bookmarks"][found] = {"id": found, "title": words["title"], "link": words["link"], "type": words["type"]}
        return {"bookmark": room["bookmarks"][found]}

    def _change_bookmark(self, words: Mapping[str, Any]) -> dict[str, Any]:
        known = self._writable(words["channel_id"])["bookmarks"].get(words["bookmark_id"])
        if known is None:
            raise No("not_found")
        known["link"] = words["link"]
        return {"bookmark": known}

    def _remove_bookmark(self, words: Mapping[str, Any]) -> dict[str, Any]:
        if self._writable(words["channel_id"])["bookmarks"].pop(words["bookmark_id"], None) is None:
            raise No("not_found")
        return {}

    def _post(self, words: Mapping[str, Any]) -> dict[str, Any]:
        room = self._writable(words["channel"])
        ts = f"17000000{next(self._times):02}.000100"
        room["messages"][ts] = {**_checked(words), "ts": ts, "user": BOT}
        return {"ts": ts, "channel": room["id"]}

    def _update(self, words: Mapping[str, Any]) -> dict[str, Any]:
        room = self._writable(words["channel"])
        if words["ts"] not in room["messages"]:
            raise No("message_not_found")
        room["messages"][words["ts"]] |= _checked(words)
        return {"ts": words["ts"], "channel": room["id"]}

    # ---- as it is ----

    def _room(self, channel_id: str) -> dict[str, Any]:
        room = self.rooms.get(channel_id)
        if room is None or (room["is_private"] and BOT not in room["members"]):
            raise No("channel_not_found")
        return room

    def _writable(self, channel_id: str) -> dict[str, Any]:
        room = self._room(channel_id)
        if room["is_archived"]:
            raise No("is_archived")
        if BOT not in room["members"]:
            raise No("not_in_channel")
        return room

    def _shown(self, room: Mapping[str, Any]) -> dict[str, Any]:
        words = {name: room[name] for name in ("id", "name", "creator", "is_private", "is_archived")}
        spoken = {name: {"value": room[name], "creator": "", "last_set": 0} for name in ("topic", "purpose")}
        return {**words, **spoken, "is_channel": True, "is_member": BOT in room["members"]}


def _checked(words: Mapping[str, Any]) -> dict[str, Any]:
    """A message whose blocks slack-sdk itself finds in order."""
    for block in Block.parse_all(words.get("blocks") or []):
        block.validate_json()
    return {name: words[name] for name in ("text", "blocks", "metadata") if name in words}
