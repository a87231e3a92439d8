"""What a tag may be: one lower-case word, as everybody would write it again."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

LONGEST = 40  # characters
MOST = 20  # on one incident
_SPACES = re.compile(r"[\s_]+")
_A_TAG = re.compile(r"[^\W_](?:[\w.:-]*[^\W_])?")


def clean(tag: str) -> str:
    """The tag as it is kept: lower case, with hyphens for spaces, and without the ``#`` that some write before it."""
    return _SPACES.sub("-", unicodedata.normalize("NFKC", tag).strip().lstrip("#").strip().lower())


def problem_of(tag: str) -> str | None:
    """Why a cleaned word can be no tag; None where it can."""
    if len(tag) > LONGEST:
        return f"A tag has at most {LONGEST} characters: “{tag[:LONGEST]}…” has {len(tag)}."
    if not _A_TAG.fullmatch(tag):
        return f"“{tag}” can be no tag. Use letters and digits, with hyphens, points or colons between them."
    return None


def split(typed: str) -> list[str]:
    """Several tags as they are typed into one field, with commas between them; each once, in their order."""
    return unique(typed.replace("\n", ",").split(","))


def unique(tags: Iterable[str]) -> list[str]:
    """Cleaned, each once, without empty ones."""
    return [tag for tag in dict.fromkeys(clean(tag) for tag in tags) if tag]
