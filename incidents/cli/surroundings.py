"""What a web worker keeps of its environment: the few variables that a library may still ask for."""

from __future__ import annotations

import os

# libpq, OpenSSL and the C library read these when a connection is made, which may be at any time.
_KEPT = ("PG", "SSL_", "KRB5", "LC_", "HOME", "PATH", "LANG", "TZ", "TMPDIR")


def forget_environment() -> None:
    """Drop variables that nobody reads any more.

    The server copies the whole environment into every request: that costs time, and secrets have no business there.
    """
    for name in [name for name in os.environ if not name.startswith(_KEPT)]:
        del os.environ[name]
