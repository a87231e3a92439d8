"""What was written behind ``/incident``, who wrote it, and which incident is meant."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from functools import cached_property
from typing import Final

from ...access import Role
from ...access.visibility import find_incident, number_of
from ...actions import slack_people
from ...kernel.errors import Forbidden, NotAllowed
from ...messages.letters import OPEN, Button
from ...records.actors import Actor
from ...records.incident_channels import incident_of_channel
from ...records.incidents import Incident
from ...records.people import Person
from .. import door, who
from . import markup

UNKNOWN: Final = "Sevenbells does not know who you are in Slack."
LINK: Final = "Link your account once, or add your member ID in My notifications."
_LIKE_A_NAME = re.compile(r"INC[-_ ]?\d{1,20}", re.ASCII)
_MARK = re.compile(r"(?:^|(?<=\s))(reason|public):\s*", re.IGNORECASE)


@dataclass(frozen=True)
class Asked:
    """One command. ``words`` is what follows its name, as Slack sent it; ``text`` is how its writer read it.

    ``person`` is whose account it is: None for somebody whom we do not know.
    """

    words: str
    person: Person | None
    team: str
    user: str
    user_name: str
    channel: str
    command: str
    base_url: str
    page_url: str

    @cached_property
    def text(self) -> str:
        return markup.as_written(self.words).strip()

    @property
    def by(self) -> Actor:
        """How they stand beside what they do."""
        if self.person is not None:
            return self.person.as_actor()
        return who.unknown(self.user_name, team=self.team, user=self.user)

    def then(self, words: str) -> Asked:
        """The same person with other words."""
        return replace(self, words=words.strip())

    def split(self) -> tuple[str, Asked]:
        """The first word, in lower case, and what follows it, be it on the next line."""
        first, rest = [*self.words.split(maxsplit=1), "", ""][:2]
        return markup.as_written(first).lower(), self.then(rest)

    def known(self, role: Role = Role.VIEWER) -> Person:
        """The person, where their role suffices. Raises Forbidden with the way to an account or a link."""
        if self.person is None:
            raise Forbidden(f"{UNKNOWN} {LINK}")
        if not self.person.may(role):
            raise Forbidden("Only responders can do this. An administrator can change your role.")
        return self.person

    def ways_to_be_known(self) -> list[Button]:
        """What somebody unknown may press, and nobody else: the page that makes this Slack user theirs."""
        if self.person is not None:
            return []
        return [Button("Link my account", slack_people.link_for(self.team, self.user, self.base_url))]

    def incident(self, *, for_writing: bool = True) -> tuple[Incident, Asked]:
        """The incident that is named first, or that this channel is about; and the words without its name.

        One that is hidden from the person is answered like one that is missing.
        """
        person = self.known(Role.RESPONDER if for_writing else Role.VIEWER)
        named, rest = self.named()
        ref = named or self._of_the_channel()
        found = find_incident(ref, person, for_writing=for_writing)
        if found is None:
            raise NotAllowed(f"There is no {ref} that you can see.")
        return found, rest

    def named(self) -> tuple[str, Asked]:
        """``INC-42`` where that is said first, as in ``inc-42: we …``, and the rest; nothing and all of it otherwise.

        Raises NotAllowed for what is like a name and is none: in a channel it must not be taken for words about another.
        """
        first, rest = self.split()
        ref = first.rstrip(":;,.").upper()
        if number_of(ref) is not None:
            return ref, rest
        if _LIKE_A_NAME.fullmatch(ref):
            raise NotAllowed(f"There is no {ref} that you can see.")
        return "", self

    def _of_the_channel(self) -> str:
        number = incident_of_channel(self.channel)
        if number is None:
            raise NotAllowed(
                f"Which incident? Name it first, as in {self.command} ack INC-42. "
                f"{self.command} list shows the open ones."
            )
        return f"INC-{number}"

    def marked(self) -> tuple[str, dict[str, str]]:
        """The text, and what stands in it behind ``reason:`` and ``public:``."""
        parts = _MARK.split(self.text)
        marked = {name.lower(): said.strip() for name, said in zip(parts[1::2], parts[2::2], strict=True)}
        return parts[0].strip(), marked

    def room(self, incident: Incident, label: str = "Open the incident") -> Button:
        """The way to its page."""
        return Button(label, f"{self.base_url}/console/incidents/{incident.ref}")

    def form(self, label: str, form: str, path: str) -> Button:
        """The form in Slack, as ``update:INC-42``; where no token lets us open it, the same one in the console."""
        return Button(label, "", act=f"{OPEN}{form}") if self.can_open_forms else self.page(label, path)

    @property
    def can_open_forms(self) -> bool:
        """Whether there is a token to open them with."""
        return door.settings().slack_bot_token is not None

    def page(self, label: str, path: str) -> Button:
        """The way to a page of the console."""
        return Button(label, f"{self.base_url}/console{path}")


def nearest(word: str, known: Sequence[str]) -> str | None:
    """The known word that this one was perhaps meant to be."""
    found = get_close_matches(word.lower(), known, n=1, cutoff=0.6)
    return found[0] if found else None


def choice(word: str, known: Sequence[str], *, what: str) -> str:
    """The word, where it is a known one. Raises NotAllowed with the nearest, and all of them."""
    if word in known:
        return word
    close = nearest(word, known) if word else None
    meant = f" Did you mean {close}?" if close else ""
    said = f"“{word}” is no {what}." if word else f"Which {what}?"
    raise NotAllowed(f"{said}{meant} Choose one of {', '.join(known)}.")
