"""Lists in numbered pages, as Statuspage has them: the first is 1, and a hundred rows are the most."""

from __future__ import annotations

from .routes import Given
from .values import whole

_MOST = 100
PAGES = {"page": whole(), "per_page": whole(), "limit": whole()}


def ends(given: Given) -> tuple[int, int]:
    """Where the wanted page begins, and where the next one does."""
    rows = given.get("limit") or given.get("per_page") or _MOST
    rows = min(rows, _MOST)
    start = (max(given.get("page", 1), 1) - 1) * rows
    return start, start + rows
