"""What somebody did in Slack besides writing a command: pressed a button, sent a form off, chose a shortcut."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from ..actions import slack_people
from ..kernel import outbox
from ..records.people import Person
from . import door
from .replies import Reply

if TYPE_CHECKING:
    from .commands.asked import Asked


@dataclass(frozen=True)
class Acted:
    """One interaction. ``told`` is all that Slack says about it, and ``once`` a name that no other one has.

    ``name`` says what it was: of a button what follows its prefix (``INC-4`` of ``acknowledge:INC-4``), else the
    ``callback_id``.
    """

    told: Mapping[str, Any]
    once: str
    name: str = ""

    def named(self, name: str) -> Acted:
        """The same, by that name."""
        return replace(self, name=name)

    @property
    def kind(self) -> str:
        """``block_actions``, ``view_submission``, …; nothing where it is none."""
        found = self.told.get("type")
        return found if isinstance(found, str) else ""

    @cached_property
    def action(self) -> Mapping[str, Any]:
        """What was pressed or chosen; of several the first, which is the only one that Slack sends."""
        pushed = self.told.get("actions")
        return pushed[0] if isinstance(pushed, list) and pushed and isinstance(pushed[0], dict) else {}

    @cached_property
    def view(self) -> Mapping[str, Any]:
        """The form in which it happened; empty where it was none."""
        found = self.told.get("view")
        return found if isinstance(found, dict) else {}

    @property
    def team(self) -> str:
        return self._id("team", "id") or self._id("user", "team_id")

    @property
    def user(self) -> str:
        return self._id("user", "id")

    @property
    def user_name(self) -> str:
        user = self.told.get("user")
        name = user.get("username") or user.get("name") if isinstance(user, dict) else None
        return name if isinstance(name, str) and name.isprintable() else ""

    @property
    def channel(self) -> str:
        """Where it happened; nothing where that was no channel, as with a form."""
        return self._id("channel", "id")

    @property
    def trigger(self) -> str:
        """What a form is opened with, within three seconds; it names what was pressed, too."""
        found = self.told.get("trigger_id")
        return found if isinstance(found, str) and 0 < len(found) <= 100 and found.isprintable() else ""

    @cached_property
    def person(self) -> Person | None:
        """Whose account it is; None for somebody whom we do not know."""
        return slack_people.person_of(self.team, self.user)

    def say(self, reply: Reply) -> None:
        """A message that only they see: where they are, or to themselves where that is no channel."""
        if not self.user:
            return
        alone = {"only_for": self.user} if self.channel else {}
        outbox.enqueue(
            event=f"slack/{self.once}",
            channel="slack",
            destination=self.channel or self.user,
            payload={**reply.as_message(), **alone},
            purpose=outbox.NOTICE,
        )

    def asked(self, words: str) -> Asked:
        """The same person, as if they had written this behind ``/incident``."""
        from .commands.asked import Asked  # commands open forms, and forms are told of by this module

        settings = door.settings()
        return Asked(
            words=words,
            person=self.person,
            team=self.team,
            user=self.user,
            user_name=self.user_name,
            channel=self.channel,
            command="/incident",
            base_url=settings.base_url,
            page_url=settings.page_url or settings.base_url,
        )

    def _id(self, place: str, name: str) -> str:
        holder = self.told.get(place)
        found = holder.get(name) if isinstance(holder, dict) else None
        return found if isinstance(found, str) and found.isalnum() and len(found) <= 30 else ""
