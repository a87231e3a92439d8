"""What somebody typed into a search field, as terms that must all be there; nothing that is typed can be an error."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from .words import is_unspaced, words_of, written_words

LONGEST = 200  # characters that are read
MOST_TERMS = 12
_QUOTES = str.maketrans(dict.fromkeys("“”„‟«»＂", '"'))
_PHRASE = re.compile(r'"([^"]*)"|"([^"]*)$|([^\s"]+)')
_REF = re.compile(r"(?:inc[- ]?|#)?([1-9]\d{0,8})", re.IGNORECASE)


@dataclass(frozen=True)
class Term:
    """Words that stand one after another; with ``is_open`` the last of them may go on."""

    words: tuple[str, ...]
    is_open: bool = False

    @property
    def of_one(self) -> tuple[str, ...] | None:
        """The same of one thing, which is meant too: ``cards`` finds a card. None where the word may not go on."""
        last = self.words[-1]
        if not self.is_open or len(last) < 4 or not last.endswith("s") or last.endswith("ss"):
            return None
        return (*self.words[:-1], last[:-1])


@dataclass(frozen=True)
class Asked:
    """``text`` as it was typed, the ``terms`` that must all be found, and the incident that it names by number."""

    text: str
    terms: tuple[Term, ...]
    number: int | None = None


def read(typed: str) -> Asked:
    """Words in quotes stand as they are typed; any other word may go on: ``pay`` finds payments, and ``cards`` a card."""
    text = " ".join(typed[: LONGEST * 5].replace("\x00", " ").split())[:LONGEST]
    named = _REF.fullmatch(text)
    terms = tuple(dict.fromkeys(_terms(text)))[:MOST_TERMS]
    return Asked(text, terms if _is_enough(terms) else (), int(named[1]) if named else None)


def _terms(text: str) -> Iterator[Term]:
    for match in _PHRASE.finditer(text.translate(_QUOTES)):
        quoted, unclosed, plain = match.groups()
        words = tuple(words_of(quoted or unclosed or plain or ""))
        if words:
            # inside a quote that is still being typed the last word may be half of one
            yield Term(words, is_open=quoted is None and _may_go_on(words[-1], typed=unclosed or plain))


def _may_go_on(word: str, *, typed: str) -> bool:
    """A number is meant as it stands, and so is a word with a sign behind it, and a single letter."""
    return len(word) > 1 and not word.isdigit() and typed[-1:].isalnum()


def _is_enough(terms: Sequence[Term]) -> bool:
    """One letter finds everything; one Chinese character is a word."""
    return any(len(word) > 1 or is_unspaced(word) or word.isdigit() for term in terms for word in term.words)


@dataclass(frozen=True)
class Part:
    """A piece of a text; ``is_found`` where it is what was looked for."""

    text: str
    is_found: bool = False


def excerpt(text: str, asked: Asked, *, length: int = 160, before: int = 40) -> list[Part]:
    """The part of a text around the first word found, cut at words; the beginning where none is found in it."""
    marks = list(_marks(text, asked))
    start = max(0, marks[0][0] - before) if marks else 0
    end = min(len(text), start + length)
    start, end = _at_words(text, start, end)
    parts, at = [Part("…")] if start else [], start
    for mark_start, mark_end in marks:
        if mark_start < at or mark_end > end:
            continue
        parts += [Part(text[at:mark_start]), Part(text[mark_start:mark_end], is_found=True)]
        at = mark_end
    parts += [Part(text[at:end]), *([Part("…")] if end < len(text) else [])]
    return [part for part in parts if part.text]


def _at_words(text: str, start: int, end: int) -> tuple[int, int]:
    """Begin and end between two words, where a space is near."""
    if start:
        space = text.find(" ", start, start + 20)
        start = space + 1 if space >= 0 else start
    if end < len(text):
        space = text.rfind(" ", max(start, end - 20), end)
        end = space if space > 0 else end
    return start, end


def _marks(text: str, asked: Asked) -> Iterator[tuple[int, int]]:
    """Where the terms stand, in order; it reads on a little behind the first and not to the end of a long text."""
    longest = max((len(term.words) for term in asked.terms), default=0)
    window: list[tuple[str, int, int]] = []
    first: int | None = None
    reached = 0
    for word in written_words(text):
        window = [*window, word][-longest:] if longest else []
        if first is not None and word[1] > first + 400:
            return
        for term in asked.terms:
            stands = window[-len(term.words) :]
            if _is(term, [each[0] for each in stands]) and stands[0][1] >= reached:
                first = stands[0][1] if first is None else first
                reached = stands[-1][2]
                yield stands[0][1], reached
                break


def _is(term: Term, words: Sequence[str]) -> bool:
    if len(words) != len(term.words) or list(term.words[:-1]) != list(words[:-1]):
        return False
    if term.of_one is not None and words[-1] == term.of_one[-1]:
        return True
    return words[-1].startswith(term.words[-1]) if term.is_open else words[-1] == term.words[-1]
