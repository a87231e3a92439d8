"""Random secrets and the digests we keep in their place."""

from __future__ import annotations

import hashlib
import hmac
import secrets

# 256 random bits: nobody guesses one, so a plain SHA-256 is enough to keep (a password needs argon2)
_RANDOM_BYTES = 32
_LONGEST = 200


def new_secret(prefix: str = "") -> str:
    """A fresh secret that may stand in an address, a cookie or a header."""
    return prefix + secrets.token_urlsafe(_RANDOM_BYTES)


def digest(secret: str) -> str:
    """What we keep of ``secret``: 64 hexadecimal letters. Anything longer than a secret of ours counts as wrong."""
    return hashlib.sha256(secret[:_LONGEST].encode("utf-8", "surrogatepass")).hexdigest()


def matches(secret: str, kept: str) -> bool:
    """Whether ``kept`` is the digest of ``secret``, in a time that tells nothing."""
    return hmac.compare_digest(digest(secret), kept)
