"""Whom a text names: ``@maya``, ``@"Maya Lindqvist"`` or ``@Maya Lindqvist``."""

from __future__ import annotations

import re
from collections.abc import Mapping

# an address such as maya@example.com calls nobody, and neither does what stands between backticks
_CODE = re.compile(r"```.*?```|`[^`\n]*`", re.DOTALL)
_AT = re.compile(r"(?<![\w.@/])@(?:\"([^\"\n]{1,100})\"|([\w.+-]+(?: [\w.'-]+){0,4}))")


def mentioned(text: str, handles: Mapping[int, tuple[str, str]]) -> set[int]:
    """The numbers of those named; ``handles`` gives each person's name and the part of the address before its @.

    A name that several bear names none of them. A first name counts where it is nobody's whole name or address.
    """
    by_word: dict[str, set[int]] = {}
    for number, (name, handle) in handles.items():
        for word in {name.casefold(), handle.casefold()}:
            by_word.setdefault(word, set()).add(number)
    firsts: dict[str, set[int]] = {}
    for number, (name, _handle) in handles.items():
        firsts.setdefault(name.casefold().partition(" ")[0], set()).add(number)
    by_word = {**firsts, **by_word}
    return {number for said in _said(text) for number in _meant(said, by_word)}


def _said(text: str) -> list[str]:
    return [(quoted or bare).casefold() for quoted, bare in _AT.findall(_CODE.sub(" ", text))]


def _meant(said: str, by_word: Mapping[str, set[int]]) -> set[int]:
    """The longest beginning of the words after the @ that is somebody's name."""
    words = said.split(" ")
    for length in range(len(words), 0, -1):
        tried = " ".join(words[:length])
        found = by_word.get(tried) or by_word.get(tried.rstrip(".'-+"))
        if found:
            return found if len(found) == 1 else set()
    return set()
