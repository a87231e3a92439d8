"""Reads single values out of what strangers wrote: anything unexpected is nothing, and never an error."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime
from html.parser import HTMLParser
from typing import Any
from zoneinfo import ZoneInfo

from ..kernel.text import LONGEST_SOURCE
from ..published.wording import many_lines, one_line

_TAG = re.compile(r"</?(?:p|br|a|ul|ol|li|b|i|strong|em|code|div|span|h[1-6]|blockquote|pre|small)\b", re.IGNORECASE)
_BLOCKS = {"p", "div", "ul", "ol", "blockquote", "pre", "h1", "h2", "h3", "h4", "h5", "h6"}
_SILENT = {"script", "style", "template", "head", "title"}
_MARKS = {"b": "**", "strong": "**", "i": "*", "em": "*", "code": "`"}


def objects(value: Any) -> Iterator[dict[str, Any]]:
    """The objects of a list, or of the values of an object of objects."""
    found = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return (each for each in found if isinstance(each, dict))


def part(value: Any, *names: str) -> Any:
    """What stands at this path of objects; None where it breaks off."""
    for name in names:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def identity(value: Any) -> str:
    """A number or a word that identifies something; empty where it does not."""
    if isinstance(value, bool) or not isinstance(value, int | str):
        return ""
    return one_line(str(value))[:100]


def line(value: Any, *, longest: int) -> str:
    """One line of text, cut to its length."""
    return one_line(value)[:longest].strip() if isinstance(value, str) else ""


def number(value: Any) -> int | None:
    """A whole number, also when it is written as text."""
    try:
        return None if isinstance(value, bool | float) else int(value)
    except (TypeError, ValueError):
        return None


def moment(value: Any, zone: ZoneInfo) -> datetime | None:
    """A time; one that names no zone is meant in ``zone``. Before 2000 and after 2200 there is none."""
    if not isinstance(value, str):
        return None
    try:
        found = datetime.fromisoformat(value.strip().replace(" UTC", "+00:00"))
        found = (found if found.tzinfo else found.replace(tzinfo=zone)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return found if 2000 <= found.year < 2200 else None


def day(value: Any) -> date | None:
    """A calendar day."""
    try:
        return date.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None


def link(value: Any) -> str | None:
    """A web address."""
    found = line(value, longest=500)
    return found if found.startswith(("https://", "http://")) and " " not in found else None


def told(value: Any) -> str:
    """A text as Markdown: tags become their marks, or nothing; what is Markdown already stays."""
    if not isinstance(value, str):
        return ""
    text = many_lines(value)
    if _TAG.search(text):
        reader = _Reader()
        reader.feed(text)
        reader.close()
        text = "".join(reader.parts)
    text = re.sub(r"[ \t]+\n", "\n", text)
    return re.sub(r"\n{3,}", "\n\n", text).strip()[:LONGEST_SOURCE]


class _Reader(HTMLParser):
    """HTML of a status page as Markdown; only what a reader sees."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._links: list[str] = []
        self._silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _SILENT:
            self._silent += 1
        elif tag in _BLOCKS:
            self.parts.append("\n\n")
        elif tag == "br":
            self.parts.append("\n")
        elif tag == "li":
            self.parts.append("\n- ")
        elif tag == "a":
            self._links.append(dict(attrs).get("href") or "")
            self.parts.append("[" if self._leads_somewhere() else "")
        else:
            self.parts.append(_MARKS.get(tag, ""))

    def handle_endtag(self, tag: str) -> None:
        if tag in _SILENT:
            self._silent = max(0, self._silent - 1)
        elif tag in _BLOCKS:
            self.parts.append("\n\n")
        elif tag == "a" and self._links:
            self.parts.append(f"]({self._links[-1]})" if self._leads_somewhere() else "")
            self._links.pop()
        else:
            self.parts.append(_MARKS.get(tag, ""))

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.parts.append(data)

    def _leads_somewhere(self) -> bool:
        address = self._links[-1]
        return address.startswith(("https://", "http://")) and not set(address) & set(" ()<>\n")
