"""The menu, ``help``, and the answer to a word that is none."""

from __future__ import annotations

from typing import Final

from ...access import Role
from ...messages.letters import COMMAND, Button
from ..replies import Reply
from .asked import LINK, UNKNOWN, Asked

_WORDS: Final = (
    ("declare P1 TITLE", "declare an incident"),
    ("list", "the open incidents"),
    ("show INC-42", "one of them"),
    ("ack INC-42", "say that you have it"),
    ("update INC-42 TEXT", "tell colleagues; publish from its button"),
    ("note INC-42 TEXT", "a line on the timeline"),
    ("step INC-42 mitigation TEXT", "go on to a step, or next; reason: goes on all the same"),
    ("severity INC-42 P2 WHY", "judge the severity"),
    ("role INC-42 commander @ada", "give a role; me and none work too"),
    ("escalate INC-42 customer TEXT", "call in the next level"),
    ("snooze INC-42 10 WHY", "hold a reminder back for 10 or 15 min"),
    ("resolve INC-42 TEXT", "end it; false alarm WHY ends it as one; public: says what the status page says"),
    ("reopen INC-42 WHY", "it is not over"),
    ("postmortem INC-42", "its post-mortem"),
    ("actions", "your action items"),
    ("template INC-42", "the communication template"),
    ("channel INC-42", "its channel: where it is, or one is made"),
    ("oncall", "who is on call"),
    ("maintenance", "announced work"),
    ("drill P3 TITLE", "an exercise"),
)


def help_(asked: Asked) -> Reply:
    """Every word with what it does."""
    words = "\n".join(f"{asked.command} {word}: {meaning}" for word, meaning in _WORDS)
    return Reply(
        "What you can write",
        [words, "In an incident's own channel its name can be left out.", *_stranger(asked)],
        asked.ways_to_be_known(),
    )


def menu(asked: Asked) -> Reply:
    """What ``/incident`` alone opens."""
    person = asked.person
    buttons = asked.ways_to_be_known()
    buttons += [_press("Open incidents", "list"), _press("Maintenance", "maintenance"), _press("Help", "help")]
    if person is not None:
        buttons.insert(1, _press("Who is on call", "oncall"))
    declare = asked.form("Declare an incident", "declare:", "/incidents/new")
    if person.may(Role.RESPONDER) if person is not None else not declare.address:
        buttons.insert(0, declare)
    may_declare = person is None or person.may(Role.RESPONDER)
    how = [f"To declare at once, write {asked.command} declare P1 and a title."] if may_declare else []
    return Reply("What would you like to do?", [*how, *_stranger(asked)], buttons)


def unknown(word: str, close: str | None, asked: Asked) -> Reply:
    """A word that we do not know, with the nearest that we do."""
    meant = f" Did you mean {asked.command} {close}?" if close else ""
    return Reply(f"There is no “{word[:40]}” here.{meant} Nothing was recorded.", buttons=[_press("Help", "help")])


def _press(label: str, word: str) -> Button:
    return Button(label, "", act=f"{COMMAND}{word}")


def _stranger(asked: Asked) -> list[str]:
    return [] if asked.person else [f"{UNKNOWN} {LINK}"]
