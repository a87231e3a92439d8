"""What counts as the same word: case, accents and width do not matter, and scripts without spaces count by the letter."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache

LONGEST_WORD = 64  # letters; what is longer (a key, a base64 text) is known by its beginning
# Scripts written without spaces, and Korean, whose particles hang on their words: each letter is a word of its own there,
# and a run of them is looked for as a phrase, so that any part of it is found.
_UNSPACED = (
    "\u0e00-\u0eff"  # Thai, Lao
    "\u1000-\u109f"  # Burmese
    "\u1100-\u11ff\u3130-\u318f\uac00-\ud7af"  # Korean
    "\u1780-\u17ff"  # Khmer
    "\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff"  # Japanese
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"  # Chinese characters
)
_ONE_WORD = re.compile(rf"[{_UNSPACED}]|[^\W_{_UNSPACED}]+")
_ASCII_WORD = re.compile(r"[a-z0-9]+")
# letters that have no decomposition, as people type them who do not have them
_LIKE = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ı": "i", "ħ": "h"})
# what belongs to one word as it was written: letters and digits with the marks that hang on them
_MARKS = (
    "\u0300-\u036f\u0483-\u0487\u0591-\u05bd\u0610-\u061a\u064b-\u065f\u0670\u0900-\u0903\u093a-\u094f\u20d0-\u20f0"
)
_WRITTEN = re.compile(rf"[{_UNSPACED}][{_MARKS}\u3099\u309a]*|(?:[^\W_{_UNSPACED}][{_MARKS}]*)+")


def words_of(text: str) -> list[str]:
    """The words of a text, folded, in their order."""
    if text.isascii():
        return [word[:LONGEST_WORD] for word in _ASCII_WORD.findall(text.lower())]
    return [word[:LONGEST_WORD] for word in _ONE_WORD.findall(_fold(text))]


def is_unspaced(word: str) -> bool:
    """Whether it is one letter of a script that has no spaces between words."""
    return len(word) == 1 and _ONE_WORD.fullmatch(word) is not None and word.isalpha() and not word.isascii()


def written_words(text: str) -> Iterator[tuple[str, int, int]]:
    """Each folded word with where it stands in the text as it was written: from, to."""
    for match in _WRITTEN.finditer(text):
        for word in _folded(match[0]):
            yield word, match.start(), match.end()


@lru_cache(maxsize=20_000)
def _folded(written: str) -> tuple[str, ...]:
    return tuple(words_of(written))


def _fold(text: str) -> str:
    """Lower case without accents: ``Zürich`` and ``ZURICH`` are one word, ``straße`` and ``strasse`` too."""
    apart = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    bare = "".join(sign for sign in apart if unicodedata.category(sign)[0] != "M")
    return unicodedata.normalize("NFC", bare).translate(_LIKE)
