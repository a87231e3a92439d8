"""Names by which the public knows a thing."""

from __future__ import annotations

import secrets
from string import ascii_lowercase, digits

LENGTH = 12
_ALPHABET = ascii_lowercase + digits


def fresh_public_id() -> str:
    """Twelve of a-z0-9 (62 bits), so that nobody guesses the address of what was withdrawn."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(LENGTH))
