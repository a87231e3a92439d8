"""What Sevenbells answers in Slack: a sentence, some lines, and buttons; built and cut by the rules of Block Kit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..messages import slack_blocks
from ..messages.letters import Button


@dataclass(frozen=True)
class Reply:
    """What one person reads. ``ref`` names the incident that a button Acknowledge is about.

    A ``form`` opens in its place; then this is read only where Slack does not open it.
    """

    sentence: str
    lines: Sequence[str] = ()
    buttons: Sequence[Button] = ()
    ref: str | None = None
    form: Mapping[str, Any] | None = None

    def as_message(self) -> dict[str, Any]:
        """``text`` and ``blocks``; everything in them is escaped and cut."""
        return slack_blocks.post(headline=self.sentence, paragraphs=self.lines, buttons=self.buttons, incident=self.ref)

    def as_answer(self) -> dict[str, Any]:
        """The same as the answer to a command, for the eyes of its writer alone."""
        return {"response_type": "ephemeral", **self.as_message()}
