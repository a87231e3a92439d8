"""One letter to subscribers, as plain text and as HTML: what is so, what is affected, and when the next word comes.

It is written once for everybody who reads its language; where ``{{own.unsubscribe}}`` stands each finds the address of their
own page.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from markupsafe import Markup, escape

from ..kernel.languages import phrase, say, spoken

_LONGEST_SUBJECT = 180
OWN_PAGE = "{{own.unsubscribe}}"


@dataclass(frozen=True, kw_only=True)
class Page:
    """Whose letter it is. ``url`` is BASE_URL, or PAGE_URL where the page has a host of its own."""

    id: str
    name: str
    zone: ZoneInfo
    url: str

    @property
    def list_id(self) -> str:
        """By which mail programs sort it (RFC 2919)."""
        return f"<updates.{urlsplit(self.url).hostname or 'localhost'}>"


@dataclass(frozen=True, kw_only=True)
class PublicLetter:
    """What a subscriber reads. ``text`` and ``text_html`` are what people wrote, the same in both."""

    page: Page
    state: str
    title: str
    text: str = ""
    text_html: str = ""
    before: Sequence[str] = ()  # sentences above what people wrote
    after: Sequence[str] = ()  # and below it
    impacts: Sequence[tuple[str, str]] = ()  # component, what it is now
    links: Sequence[tuple[str, str]] = ()  # words, address
    thread: str = ""

    @property
    def subject(self) -> str:
        """[AI Perception] Investigating: AI provider rate limited"""
        line = " ".join(f"[{self.page.name}] {say(self.state)}: {self.title}".split())
        return line if len(line) <= _LONGEST_SUBJECT else line[: _LONGEST_SUBJECT - 1] + "…"

    def payload(self) -> dict[str, Any]:
        """What ``channels.email`` takes."""
        return {
            "subject": self.subject,
            "text": self.as_text(),
            "html": self.as_html(),
            "thread": self.thread,
            "list_id": self.page.list_id,
            "language": spoken(),
        }

    def as_text(self) -> str:
        """Plain text comes first: the state, what was written, what is affected, times, addresses."""
        parts = [f"{say(self.state)}: {self.title}", *self.before, self.text]
        if self.impacts:
            parts.append("\n".join(f"- {name}: {word}" for name, word in self.impacts))
        parts += [*self.after, "\n".join(f"{words}: {address}" for words, address in self.links)]
        parts.append("-- \n" + "\n".join((self._why, f"{say(_CHANGE)}: {OWN_PAGE}")))
        return "\n\n".join(part for part in parts if part) + "\n"

    def as_html(self) -> str:
        """One column, no image, nothing from elsewhere, nobody counted."""
        parts = [Markup("<p><b>{}</b>: {}</p>").format(say(self.state), self.title)]
        parts += [Markup("<p>{}</p>").format(line) for line in self.before]
        parts.append(Markup(self.text_html))  # noqa: S704 - made by ``kernel.text`` when it was published
        if self.impacts:
            lines = Markup("").join(Markup("<li>{}: {}</li>").format(name, word) for name, word in self.impacts)
            parts.append(Markup("<ul>{}</ul>").format(lines))
        parts += [Markup("<p>{}</p>").format(line) for line in self.after]
        links = Markup("<br>").join(Markup('<a href="{}">{}</a>').format(to, words) for words, to in self.links)
        parts.append(Markup("<p>{}</p>").format(links))
        own = Markup('<a href="{}">{}</a>').format(OWN_PAGE, say(_CHANGE))
        foot = Markup("<hr><p><small>{}<br>{}</small></p>").format(self._why, own)
        body = Markup("").join([*parts, foot])
        return f'<!doctype html><html lang="{spoken()}"><head><title>{escape(self.subject)}</title></head><body>{body}</body></html>'

    @property
    def _why(self) -> str:
        return say("You get this because you subscribed to the status page of {page}.", page=self.page.name)


_CHANGE = phrase("Change what you get, or unsubscribe")
