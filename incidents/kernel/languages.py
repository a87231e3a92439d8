"""The words for the public in other languages. It knows no sentence itself: the catalogues lie in templates/languages.

English stands in the code and is the key; a catalogue has the sentence in its language under it. Letters and pages ask in
the same way, each in the language of the reader::

    with speaking(subscriber.language):          # "de"; without it everything is in English
        subject = say("Confirm your subscription to {page}", page=name)
        many = say_many(count, "{count} component", "{count} components")   # ``count`` is filled in
        line = say_html("Or {link}.", link=Markup('<a href="…">{}</a>').format(say("leave")))

Sentences that stand in a table are marked with ``phrase("Investigating")``, and looked up where they are used:
``say(WORD[status])``. A sentence is a whole one, with named places: no gluing, other languages order words otherwise.
``tests/test_languages.py`` finds every sentence so marked and asks each catalogue for it.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from markupsafe import Markup, escape

ENGLISH = "en"
# What each calls itself, in the order in which they are offered.
LANGUAGES: Mapping[str, str] = {
    ENGLISH: "English",
    "de": "Deutsch",
    "es": "Español",
    "fr": "Français",
    "pt": "Português",
    "ja": "日本語",
}
FOLDER = Path(__file__).resolve().parents[2] / "templates" / "languages"
_MOST_WANTED = 10  # languages of an Accept-Language that are looked at

Wording = str | Mapping[str, str]  # one sentence, or one for each plural form


def _one_is_one(count: int) -> str:
    return "one" if count == 1 else "other"


def _one_is_less_than_two(count: int) -> str:
    return "one" if count in (0, 1) else "other"


def _all_alike(count: int) -> str:
    return "other"


# CLDR's plural rules for whole numbers; a language that is not named counts as English.
_FORM_OF: Mapping[str, Callable[[int], str]] = {
    "fr": _one_is_less_than_two,
    "pt": _one_is_less_than_two,
    "ja": _all_alike,
}


@dataclass(frozen=True, slots=True)
class Forms:
    """How a language writes dates, lists and numbers; places as in its catalogue, Monday and January first."""

    weekdays: Sequence[str]
    long_weekdays: Sequence[str]
    months: Sequence[str]
    long_months: Sequence[str]
    day: str
    day_and_year: str
    short_day: str
    long_day: str
    long_day_and_year: str
    month: str
    decimal: str
    percent: str
    comma: str
    and_: str
    keeps_capitals: bool  # nouns are written large, so no sentence may be made small
    zones: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Catalogue:
    """One language: its forms, and its sentences by the English ones."""

    code: str
    forms: Forms
    words: Mapping[str, Wording]


@dataclass(frozen=True, slots=True)
class _Tongue:
    """Which language is spoken, and in which what people wrote stands between."""

    code: str
    written_in: str
    words: Mapping[str, Wording]


_MOTHER_TONGUE = _Tongue(ENGLISH, ENGLISH, {})
_tongue: ContextVar[_Tongue] = ContextVar("tongue", default=_MOTHER_TONGUE)


@contextmanager
def speaking(code: str, *, written_in: str | None = None) -> Iterator[None]:
    """Say everything in this language until the end of the block; one that we have not is English.

    ``written_in`` is the language of the texts that are shown as they were written.
    """
    known = code if code in LANGUAGES else ENGLISH
    before = _tongue.set(_Tongue(known, written_in or known, catalogue(known).words))
    try:
        yield
    finally:
        _tongue.reset(before)


def spoken() -> str:
    """The language that is spoken now, as in ``<html lang>``."""
    return _tongue.get().code


def written_in() -> str:
    """The language in which people's own texts stand in this page."""
    return _tongue.get().written_in


def say(text: str, /, **values: object) -> str:
    """The sentence in the language that is spoken, its places filled in; English where the catalogue is silent."""
    told = _wording(text)
    return _with_one_stop(told.format_map(values)) if values else told


def say_many(count: int, one: str, many: str, /, **values: object) -> str:
    """The sentence for so many things; ``{count}`` is the number. Catalogues have it under ``many``."""
    tongue = _tongue.get()
    found = tongue.words.get(many)
    if isinstance(found, str) or found is None:
        told = found or (one if count == 1 else many)
    else:
        told = found[form_of(tongue.code, count)]
    return _with_one_stop(told.format_map({"count": count, **values}))


def say_html(text: str, /, **values: object) -> Markup:
    """The same as markup: the values are escaped, but for those that are markup themselves."""
    return Markup(escape(_wording(text))).format(**values)  # noqa: S704 - escaped in this very line


def _with_one_stop(told: str) -> str:
    """A sentence that ends in an abbreviation (13. Dez.) has its stop already."""
    return told[:-1] if told.endswith("..") and not told.endswith("...") else told


def phrase(text: str, /) -> str:
    """Mark a sentence that a table holds, for the catalogues; it is looked up where it is used."""
    return text


def phrases(one: str, many: str, /) -> tuple[str, str]:
    """Mark both forms of a counted sentence that a table holds."""
    return one, many


def _wording(text: str) -> str:
    told = _tongue.get().words.get(text, text)
    return told if isinstance(told, str) else told["other"]


# -- forms -------------------------------------------------------------------------------------------------------------


def forms() -> Forms:
    """How the language that is spoken writes dates, lists and numbers."""
    return catalogue(spoken()).forms


def form_of(code: str, count: int) -> str:
    """Which plural form a number takes: one, other; more in languages that have more."""
    return _FORM_OF.get(code, _one_is_one)(count)


def listed(names: Sequence[str]) -> str:
    """A, B and C."""
    how = forms()
    return f"{how.comma.join(names[:-1])}{how.and_}{names[-1]}" if len(names) > 1 else "".join(names)


def number(text: object) -> str:
    """A number with the language's decimal sign: 99,96."""
    return str(text).replace(".", forms().decimal)


def percent(text: object) -> str:
    """99.96%, 99,96 %."""
    return forms().percent.format(number=number(text))


def mid_sentence(text: str) -> str:
    """A sentence as it reads behind a colon, without its stop."""
    small = text if forms().keeps_capitals else text[:1].lower() + text[1:]
    return small.rstrip(".。")


# -- choosing ----------------------------------------------------------------------------------------------------------

_ASKED = re.compile(r"(?:^|&)lang=([A-Za-z]{2,3})(?:[-_][A-Za-z0-9]*)*(?:&|$)")
_WANTED = re.compile(r"\s*([A-Za-z]{2,3}|\*)(?:-[A-Za-z0-9-]*)?\s*(?:;\s*q\s*=\s*([01](?:\.[0-9]{0,3})?)\s*)?")


def asked_for(query: str) -> str | None:
    """The language that a query string names (``lang=pt-BR`` is ``pt``); None where it names none of ours."""
    found = _ASKED.search(query)
    code = found[1].lower() if found else ""
    return code if code in LANGUAGES else None


def best_for(accept_language: str | None, among: Iterable[str], *, otherwise: str = ENGLISH) -> str:
    """The reader's best of these by ``Accept-Language`` (RFC 9110, 12.5.4); ``otherwise`` where it names none."""
    offered = set(among)
    wanted: list[tuple[float, int, str]] = []
    for place, part in enumerate((accept_language or "").split(",")[:_MOST_WANTED]):
        found = _WANTED.fullmatch(part)
        if found and float(found[2] or 1) > 0:
            wanted.append((-float(found[2] or 1), place, otherwise if found[1] == "*" else found[1].lower()))
    return next((code for _quality, _place, code in sorted(wanted) if code in offered), otherwise)


# -- catalogues --------------------------------------------------------------------------------------------------------


@lru_cache(maxsize=len(LANGUAGES))
def catalogue(code: str) -> Catalogue:
    """One language's catalogue, read when it is first needed. Raises KeyError for one that we have not."""
    if code not in LANGUAGES:
        raise KeyError(code)
    found = tomllib.loads((FOLDER / f"{code}.toml").read_text(encoding="utf-8"))
    return Catalogue(code, Forms(**found["forms"]), found.get("words", {}))
