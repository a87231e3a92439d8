"""The links at the foot of the page: a few words and a checked address each."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlsplit

from .wording import one_line

MOST = 8
WORDS_LENGTH = 40
ADDRESS_LENGTH = 300


def is_address(address: str) -> bool:
    """Whether a stranger's browser may be sent there: http, https with a host, or mailto."""
    try:
        parts = urlsplit(address)
        parts.port  # noqa: B018 - asking for it is what checks it
    except ValueError:
        return False
    if len(address) > ADDRESS_LENGTH or any(each.isspace() or each in '<>"\\^`{|}' for each in address):
        return False
    if parts.scheme in {"http", "https"}:
        return bool(parts.hostname) and "@" not in parts.netloc
    return parts.scheme == "mailto" and "@" in parts.path


def parsed(typed: str) -> list[list[str]]:
    """``Privacy https://example.com/privacy``, one a line, as pairs. Raises ValueError with a sentence."""
    lines = [line for each in typed.splitlines() if (line := one_line(each))]
    if len(lines) > MOST:
        raise ValueError(f"Keep to {MOST} links. There are {len(lines)} now.")
    return [_pair(line) for line in lines]


def as_text(links: Sequence[Sequence[str]]) -> str:
    """The same the other way round, for the form."""
    return "\n".join(" ".join(each) for each in links)


def _pair(line: str) -> list[str]:
    words, _, address = line.rpartition(" ")
    if not words:
        raise ValueError(f"Write words before the address in “{line}”, such as Privacy https://example.com/privacy")
    if not is_address(address):
        raise ValueError(f"End “{words}” with an address that begins with https:// or mailto:")
    if len(words) > WORDS_LENGTH:
        raise ValueError(f"Keep “{words}” under {WORDS_LENGTH + 1} characters.")
    return [words, address]
