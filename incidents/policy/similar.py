"""Whether two incidents look like one trouble: by the words of their titles, and the components they touch."""

from __future__ import annotations

import re
from collections.abc import Collection

# from here on two titles are worth a question; a shared component counts as much as most of the words
ALIKE = 0.5
_SHARED_COMPONENT = 0.3
_WORD = re.compile(r"\w+")
_SAY_NOTHING = frozenset(
    [
        "a",
        "an",
        "and",
        "are",
        "at",
        "by",
        "down",
        "error",
        "errors",
        "fail",
        "failed",
        "failing",
        "fails",
        "for",
        "from",
        "has",
        "have",
        "in",
        "is",
        "issue",
        "it",
        "not",
        "of",
        "on",
        "or",
        "our",
        "problem",
        "slow",
        "the",
        "to",
        "us",
        "was",
        "we",
        "with",
    ]
)


def likeness(
    title: str, other: str, *, components: Collection[str] = (), other_components: Collection[str] = ()
) -> float:
    """0 to 1 and a little more: the share of the shorter title's telling words, more with a component in common."""
    mine, theirs = _telling_words(title), _telling_words(other)
    shared = len(mine & theirs) / min(len(mine), len(theirs)) if mine and theirs else 0.0
    return shared + (_SHARED_COMPONENT if set(components) & set(other_components) else 0.0)


def _telling_words(title: str) -> set[str]:
    words = {_stem(word) for word in _WORD.findall(title.casefold())}
    return {word for word in words if len(word) > 1 and word not in _SAY_NOTHING}


def _stem(word: str) -> str:
    """Payments and payment are one word; this is no grammar, only enough for a question."""
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word
