"""Whether two incidents look like one trouble, and why: by what they are called, what is said of them, and what they touch."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import lru_cache

from .words import is_unspaced, words_of

# from here on two incidents are worth a question
ALIKE = 0.5
_SHARED_COMPONENT = 0.3  # as much as one telling word of three
_SHARED_TAG = 0.15  # each, and not more than a component's
_SAID = 0.5  # a word that stands only in what was said of the other counts half of one in its title
_MOST_SAID = 8  # words of the other's texts that a reason names
_SAY_NOTHING = frozenset(
    [
        "a",
        "an",
        "and",
        "are",
        "at",
        "be",
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
        "no",
        "not",
        "of",
        "on",
        "or",
        "our",
        "out",
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


@dataclass(frozen=True)
class Looks:
    """What an incident looks like: its title, the other texts about it, its components by id, and its tags."""

    title: str
    said: str = ""
    components: frozenset[str] = frozenset()
    tags: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Likeness:
    """``score`` is 0 to 1 and a little more; the rest says what they have in common."""

    score: float
    words: tuple[str, ...] = ()
    components: frozenset[str] = frozenset()
    tags: tuple[str, ...] = ()

    def why(self, names: Collection[str]) -> str:
        """The reason in one line; ``names`` are those of the shared components."""
        reasons = []
        if names:
            reasons.append(f"same component{'' if len(names) == 1 else 's'} {', '.join(sorted(names))}")
        if self.words:
            reasons.append(f"word{'' if len(self.words) == 1 else 's'}: {', '.join(self.words[:_MOST_SAID])}")
        if self.tags:
            reasons.append(f"tag{'' if len(self.tags) == 1 else 's'}: {', '.join(self.tags)}")
        return "; ".join(reasons)


def compare(mine: Looks, other: Looks) -> Likeness:
    """The share of the shorter title's telling words, more with a component or a tag in common."""
    wanted, titled = telling_words(mine.title), telling_words(other.title)
    in_title = [word for word in wanted if word in titled]
    said = set(telling_words(other.said)) if other.said else set()
    in_texts = [word for word in wanted if word not in titled and word in said]
    components, tags = mine.components & other.components, mine.tags & other.tags
    score = 0.0
    if wanted and titled:
        by_title = len(in_title) / min(len(wanted), len(titled))
        by_texts = (len(in_title) + _SAID * len(in_texts)) / len(wanted)
        score = max(by_title, by_texts)
    score += (_SHARED_COMPONENT if components else 0.0) + min(_SHARED_COMPONENT, _SHARED_TAG * len(tags))
    return Likeness(score, (*in_title, *in_texts), components, tuple(sorted(tags)))


def likeness(
    title: str, other: str, *, components: Collection[str] = (), other_components: Collection[str] = ()
) -> float:
    """The score of two titles and the components they touch."""
    return compare(Looks(title, "", frozenset(components)), Looks(other, "", frozenset(other_components))).score


@lru_cache(maxsize=2_000)
def telling_words(text: str) -> tuple[str, ...]:
    """The words that say what a trouble is about, each once, in their order; of scripts without spaces pairs of letters."""
    return tuple(dict.fromkeys(word for word in _stems(text) if len(word) > 1 and word not in _SAY_NOTHING))


def _stems(text: str) -> Iterator[str]:
    before = ""
    for word in words_of(text):
        if not word.isascii() and is_unspaced(word):
            yield before + word
            before = word
        else:
            before = ""
            yield _stem(word)


def _stem(word: str) -> str:
    """Payments and payment are one word; this is no grammar, only enough for a question."""
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word
