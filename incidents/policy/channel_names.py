"""What an incident's channel in Slack is called: its number and the words of its title, as Slack takes them."""

from __future__ import annotations

import re
import unicodedata

LONGEST = 80  # https://docs.slack.dev/reference/methods/conversations.create
_WORD = re.compile(r"[a-z0-9]+")
_APOSTROPHES = str.maketrans("", "", "'’")


def channel_name(number: int, title: str, *, is_drill: bool = False) -> str:
    """``inc-42-checkout-is-down``; of a drill ``drill-inc-42-…``. Cut between words where it is too long."""
    name = f"{'drill-' if is_drill else ''}inc-{number}"
    for word in _WORD.findall(_plain(title)):
        if len(name) + 1 + len(word) > LONGEST:
            break
        name = f"{name}-{word}"
    return name


def another_name(name: str, times: int) -> str:
    """Where the name is taken already: the same with ``-2``, ``-3`` … at its end."""
    end = f"-{times + 1}"
    return f"{name[: LONGEST - len(end)].rstrip('-')}{end}"


def _plain(title: str) -> str:
    """In small letters, without accents: ``Zahlung für Ärzte`` becomes ``zahlung fur arzte``."""
    apart = unicodedata.normalize("NFKD", title.casefold().translate(_APOSTROPHES))
    return "".join(letter for letter in apart if not unicodedata.combining(letter))
