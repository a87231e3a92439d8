"""What the frame around every console page needs to know: who looks, what is open, what is most urgent."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from flask import Flask, current_app, g, request

from .. import access
from ..kernel.settings import Settings
from ..records.people import Person
from . import assets, formats, icons

_THEMES = ("light", "dark")


@dataclass(frozen=True, kw_only=True)
class Banner:
    """A line above every page: what happened, what it means, where to mend it. ``kind``: warn, bad, info, good."""

    title: str
    text: str = ""
    kind: str = "warn"
    url: str | None = None
    link: str | None = None


@dataclass(frozen=True, kw_only=True)
class Live:
    """The most urgent open P1 or P2, on one line above every page."""

    ref: str
    severity: str
    title: str
    reason: str
    due_at: datetime | None
    early: str
    late: str


@dataclass(frozen=True, kw_only=True)
class Shell:
    """Everything the frame prints."""

    page_name: str
    page_address: str
    page_state: str = "operational"
    person: Person | None = None
    open_count: int = 0
    needs_count: int = 0
    live: Live | None = None
    banners: list[Banner] = field(default_factory=list)


def init_app(app: Flask, settings: Settings) -> None:
    """Give every template ``shell()``, and the filters and drawings that console pages use."""
    assets.init_app(app)
    formats.init_app(app)
    icons.init_app(app)
    app.add_template_global(shell)
    app.add_template_global(theme)


def shell() -> Shell:
    """The frame's facts, asked once per request and only by pages that have the frame."""
    known: Shell | None = g.get("shell")
    if known is None:
        known = g.shell = _ask()
    return known


def theme() -> str | None:
    """``light`` or ``dark`` where this browser chose one; else the system decides."""
    chosen = request.cookies.get("theme")
    return chosen if chosen in _THEMES else None


def page_address() -> str:
    """Where the public page is."""
    settings: Settings = current_app.extensions["sevenbells.settings"]
    return f"{settings.page_url or settings.base_url}/"


def _ask() -> Shell:
    found = access.signed_in()
    return Shell(page_name="Sevenbells", page_address=page_address(), person=found.person if found else None)
