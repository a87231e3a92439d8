"""Facts under a seal that only our key makes: an address can carry them, and needs no row."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Iterator

from flask import current_app

from ..kernel.settings import Settings

_SEAL = 16  # bytes


def seal(facts: bytes, *, purpose: bytes) -> str:
    """``facts`` as they may stand in an address; readable by everybody, made by nobody else."""
    return base64.urlsafe_b64encode(facts + _seal(facts, next(_keys(purpose)))).rstrip(b"=").decode()


def unseal(token: str, *, purpose: bytes) -> bytes | None:
    """The facts, where we sealed them for this very purpose; else None."""
    try:
        raw = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None
    facts, mark = raw[:-_SEAL], raw[-_SEAL:]
    return facts if any(hmac.compare_digest(mark, _seal(facts, key)) for key in _keys(purpose)) else None


def _keys(purpose: bytes) -> Iterator[bytes]:
    settings: Settings = current_app.extensions["sevenbells.settings"]
    for key in (settings.secret_key, settings.secret_key_old):
        if key:
            yield hmac.digest(key.encode(), purpose, hashlib.sha256)


def _seal(facts: bytes, key: bytes) -> bytes:
    return hmac.digest(key, facts, hashlib.sha256)[:_SEAL]
