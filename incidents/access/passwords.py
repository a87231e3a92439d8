"""Hashing and checking passwords: argon2, a few at a time, and never while a transaction holds the database."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import NewType, cast

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from flask import Flask, current_app

from ..kernel.database import db
from ..kernel.errors import Malformed, TooMany
from . import password_rules

PasswordHash = NewType("PasswordHash", str)

# Each hash takes 64 MB and most of a core: more at once would only make all of them slower (docs/reliability).
_AT_ONCE = threading.BoundedSemaphore(4)
_WAIT_SECONDS = 10
_HASHER = "PASSWORD_HASHER"
_STAND_IN = "PASSWORD_STAND_IN"


def init_app(app: Flask) -> None:
    """Take argon2's own defaults; tests put a cheap hasher into ``app.config["PASSWORD_HASHER"]``."""
    app.config.setdefault(_HASHER, PasswordHasher())


def prepare(password: str, *, about: Iterable[str] = ()) -> PasswordHash:
    """The hash to keep of a new password.

    ``about`` are words that must not make up most of it, such as its owner's name and address.
    Raises Malformed (field ``password``) when it is too short, too long or too common.
    """
    problem = password_rules.objection(password, about=about)
    if problem:
        raise Malformed({"password": problem})
    return rehash(password)


def rehash(password: str) -> PasswordHash:
    """The hash by today's parameters of a password that is in use and needs no second judgement."""
    with _a_turn():
        return PasswordHash(_hasher().hash(password.encode("utf-8", "surrogatepass")))


def is_right(password: str, kept: str | None) -> bool:
    """Whether ``password`` belongs to ``kept``.

    Does the same work when there is nothing to compare with, so that the time tells nobody which accounts exist.
    """
    with _a_turn():
        stand_in = _stand_in()
        if kept is None or len(password) > password_rules.LONGEST:
            _verify(password[: password_rules.LONGEST], stand_in)
            return False
        return _verify(password, kept)


def needs_renewal(kept: str) -> bool:
    """Whether it was hashed with weaker parameters than today's."""
    return _hasher().check_needs_rehash(kept)


def _verify(password: str, kept: str) -> bool:
    try:
        return _hasher().verify(kept, password.encode("utf-8", "surrogatepass"))
    except (VerificationError, InvalidHashError):
        return False


def _hasher() -> PasswordHasher:
    return cast(PasswordHasher, current_app.config[_HASHER])


def _stand_in() -> str:
    """A hash that no password has, made once by the hasher in use."""
    kept = current_app.config.get(_STAND_IN)
    if kept is None or kept[0] is not _hasher():
        kept = (_hasher(), _hasher().hash(secrets.token_bytes(32)))
        current_app.config[_STAND_IN] = kept
    return cast(str, kept[1])


@contextmanager
def _a_turn() -> Iterator[None]:
    if db.session().in_transaction():
        raise RuntimeError("end the transaction first: hashing takes long, and SQLite has one writer")
    if not _AT_ONCE.acquire(timeout=_WAIT_SECONDS):
        raise TooMany("Many people are signing in at this moment. Try again in a few seconds.", retry_after=5)
    try:
        yield
    finally:
        _AT_ONCE.release()
