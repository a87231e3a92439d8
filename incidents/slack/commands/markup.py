"""Slack's way to write names and signs, read back into what people typed (``should_escape``)."""

from __future__ import annotations

import re

# <@U42|ada>, <#C42|ops>, <!here>, <!subteam^S42|@team>, <https://example.com|example.com>, <mailto:a@example.com|a@example.com>
_SIGN = re.compile(r"<([^<>]*)>")
_PERSON = re.compile(r"<@([A-Z0-9]{2,30})(?:\|[^<>]*)?>", re.ASCII)


def as_written(words: str) -> str:
    """The text as its writer saw it."""
    plain = _SIGN.sub(_sign, words)
    return plain.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def people_in(words: str) -> list[str]:
    """The Slack users who are named in it."""
    return _PERSON.findall(words)


def without_people(words: str) -> str:
    """The same words without them."""
    return " ".join(_PERSON.sub(" ", words).split())


def _sign(found: re.Match[str]) -> str:
    inner, _, label = found[1].partition("|")
    if inner.startswith(("@", "#", "!")):
        name = label or inner[1:]
        return name if name.startswith(("@", "#")) else f"{'#' if inner[0] == '#' else '@'}{name}"
    return inner.removeprefix("mailto:")
