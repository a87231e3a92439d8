"""One letter to a responder: subject, paragraphs, buttons and the template, as plain text and as HTML."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from markupsafe import escape

_LONGEST_SUBJECT = 180
# what a button does in place, where the channel can: Slack
ACKNOWLEDGE = "acknowledge"
POST_UPDATE = "open/update"
ADD_NOTE = "open/note"
NEXT_STEP = "open/step"
NO_CHANGE = "no_change"
NO_CHANGE_FOR_CERTAIN = "no_change/sure"  # by somebody who was asked once more
SNOOZE = "snooze"
UNDO = "undo"
COMMAND = "command:"  # and a word of /incident
OPEN = "open/"  # and a form of Slack's, as "update:INC-42"


@dataclass(frozen=True)
class Button:
    """Something to do, and the address of the page where it is done."""

    label: str
    address: str
    act: str = ""  # one of the above, done in place where the channel can; COMMAND and a word: asked in place, in Slack
    value: str = ""  # what the act is about besides its incident: the promise that it answers, the update it takes back


@dataclass(frozen=True)
class Letter:
    """What a responder reads. ``template`` is the communication template of product.md, verbatim."""

    subject: str
    paragraphs: Sequence[str]
    buttons: Sequence[Button] = ()
    template: str = ""
    thread: str | None = None  # letters about one incident hang together
    language: str = "en"
    short: str = ""  # the whole of it as a text message, with the address that matters most
    footer: Sequence[str] = field(default=("You get this because you respond to incidents in Sevenbells.",))

    @property
    def subject_line(self) -> str:
        """The subject on one line, cut where it is too long for one."""
        return _one_line(self.subject)

    def payload(self, to: str) -> dict[str, Any]:
        """What ``channels.email`` takes."""
        return {
            "to": to,
            "subject": self.subject_line,
            "text": self.as_text(),
            "html": self.as_html(),
            "thread": self.thread,
        }

    def as_text(self) -> str:
        """Plain text: paragraphs, then one line a button, then the template."""
        parts = [*self.paragraphs]
        if self.buttons:
            parts.append("\n".join(f"{button.label}: {button.address}" for button in self.buttons))
        if self.template:
            parts.append(self.template)
        parts.append("-- \n" + "\n".join(self.footer))
        return "\n\n".join(parts) + "\n"

    def as_html(self) -> str:
        """One column, no image, nothing from elsewhere."""
        paragraphs = "".join(f"<p>{_broken(text)}</p>" for text in self.paragraphs)
        buttons = " &nbsp; ".join(
            f'<a href="{escape(button.address)}">{escape(button.label)}</a>' for button in self.buttons
        )
        buttons = f"<p>{buttons}</p>" if buttons else ""
        template = f"<pre>{escape(self.template)}</pre>" if self.template else ""
        footer = "<br>".join(escape(line) for line in self.footer)
        return (
            f'<!doctype html><html lang="{escape(self.language)}"><body>{paragraphs}{buttons}{template}'
            f"<hr><p><small>{footer}</small></p></body></html>"
        )


def _one_line(subject: str) -> str:
    cut = " ".join(subject.split())
    return cut if len(cut) <= _LONGEST_SUBJECT else cut[: _LONGEST_SUBJECT - 1] + "…"


def _broken(text: str) -> str:
    return "<br>".join(escape(line) for line in text.splitlines())
