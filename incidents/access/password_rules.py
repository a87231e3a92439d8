"""Which passwords are too easy to guess. No rule asks for digits or signs: length and surprise are what counts."""

from __future__ import annotations

import re
from collections.abc import Iterable

SHORTEST = 12
LONGEST = 1024

_TOO_COMMON = "Many people use this password. Choose another"
# What must be left once words that anybody could know are taken out.
_LEAST_SURPRISE = 8
_ROWS = (
    "abcdefghijklmnopqrstuvwxyz",
    "01234567890",
    "qwertyuiopasdfghjklzxcvbnm",
    "qwertzuiopasdfghjklyxcvbnm",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm",
)
# Stems of the passwords of twelve letters and more that head every published list of leaked ones.
_STEMS = (
    "password", "passw0rd", "p@ssw0rd", "p@ssword", "passwort", "motdepasse", "contraseña", "letmein", "iloveyou",
    "welcome", "admin", "administrator", "changeme", "default", "secret", "qwerty", "qwertz", "azerty", "asdfgh", "zxcvbn",
    "monkey", "dragon", "football", "baseball", "basketball", "superman", "batman", "sunshine", "princess", "liverpool",
    "chelsea", "arsenal", "manchester", "barcelona", "juventus", "charlie", "michael", "jennifer", "jordan", "shadow",
    "master", "trustno1", "starwars", "pokemon", "whatever", "freedom", "computer", "internet", "samsung", "google",
    "facebook", "linkedin", "minecraft", "fuckyou", "fuckoff", "hello", "myspace", "blink182", "lovely", "ashley", "jesus",
    "christ", "mustang", "mercedes", "ferrari", "summer", "winter", "spring", "autumn", "january", "february", "october",
    "november", "december", "september", "august", "test", "user", "guest", "root", "login", "access", "correcthorsebatterystaple",
)  # fmt: skip


def objection(password: str, *, about: Iterable[str] = ()) -> str | None:
    """Why ``password`` will not do, as a sentence for its owner; None when it will.

    ``about`` are words anybody could know: the person's name and address.
    """
    if len(password) < SHORTEST:
        return f"Use at least {SHORTEST} characters for the password"
    if len(password) > LONGEST:
        return f"Use at most {LONGEST} characters for the password"
    folded = password.casefold()
    if len(set(folded)) < 5 or _is_a_run(folded):
        return _TOO_COMMON
    known = {"sevenbells", "seven bells", *_words(about)}
    if len(_without(folded, known)) < min(_LEAST_SURPRISE, len(folded)):
        return "Leave your name, your address and the name of this program out of the password"
    # what is left of a common stem must surprise: "password12345" leaves nothing, a sentence with "hello" in it does
    rest = _without(folded, known | set(_STEMS))
    if rest != folded and len(_surprise(rest)) < _LEAST_SURPRISE:
        return _TOO_COMMON
    return None


def _words(about: Iterable[str]) -> set[str]:
    pieces = {piece for text in about for piece in re.split(r"[^\w]+", text.casefold())}
    return {piece for piece in pieces | {text.casefold() for text in about} if len(piece) >= 4}


def _without(text: str, words: Iterable[str]) -> str:
    for word in sorted(words, key=len, reverse=True):
        text = text.replace(word, "")
    return text


def _surprise(rest: str) -> str:
    """The letters that no keyboard row, repetition or year explains."""
    rest = re.sub(r"(?:19|20)\d\d", "", rest)
    rest = re.sub(r"(.)\1+", r"\1", rest)
    return "" if not rest or _is_a_run(rest) or rest.isdigit() else rest


def _is_a_run(text: str) -> bool:
    """Whether it is one short piece over and over, or a walk along a row, there or back."""
    for length in range(1, min(6, len(text) // 2) + 1):
        if (text[:length] * (len(text) // length + 1))[: len(text)] == text:
            return True
    rows = [row * (len(text) // len(row) + 2) for row in (*_ROWS, "1234567890")]
    return any(text in row or text in row[::-1] for row in rows)
