"""The page's languages: which are offered, at which addresses, and that a reader's choice stays from page to page."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from incidents.kernel.languages import LANGUAGES, asked_for, spoken

from .records import SettingsRow

# links and forms within our own HTML pages: what has a full stop in its last part (feeds, calendars) is in English
_OWN = re.compile(r"""(<(?:a|form)\s(?:[^<>]*\s)?(?:href|action)=")(/(?!/|api/|static/|console)[^"?#]*)(\?[^"#]*)?""")


@dataclass(frozen=True, slots=True)
class Choice:
    """One entry of the chooser, and one ``hreflang`` in the head; ``name`` is empty for what is for everybody else."""

    code: str
    name: str
    address: str
    asks: str
    is_spoken: bool


@lru_cache(maxsize=16)
def offered(settings: SettingsRow) -> tuple[str, ...]:
    """The page's languages, in the order in which they are offered; its own is always among them."""
    wanted = {settings.language, *settings.languages.split(",")}
    return tuple(code for code in LANGUAGES if code in wanted)


def of_query(query: str, settings: SettingsRow) -> str:
    """The language that a query string asks for; the page's own where it asks for none that is offered."""
    asked = asked_for(query)
    return asked if asked in offered(settings) else settings.language


def asks(code: str, settings: SettingsRow) -> str:
    """What follows a path to have it in this language: nothing for the page's own."""
    return f"?lang={code}" if code != settings.language else ""


def choices(path: str, settings: SettingsRow) -> list[Choice]:
    """The languages in which this page can be had; none where there is no choice."""
    codes = offered(settings)
    if len(codes) < 2:
        return []
    now = spoken()
    found = [
        Choice(code, LANGUAGES[code], path + asks(code, settings), asks(code, settings), code == now) for code in codes
    ]
    return [*found, Choice("x-default", "", path, "", is_spoken=False)]


def with_language(html: str, code: str) -> str:
    """The page with its own links and forms leading on in the same language."""
    return _OWN.sub(lambda found: _led_on(found, code), html)


def _led_on(found: re.Match[str], code: str) -> str:
    before, path, query = found[1], found[2], found[3] or ""
    if "hreflang=" in found[0] or "." in path.rpartition("/")[2] or "lang=" in query:
        return found[0]
    return f"{before}{path}{query}{'&amp;' if query else '?'}lang={code}"
