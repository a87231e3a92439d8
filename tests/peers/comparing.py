"""Says where two things differ, so that a peer's run can be read without a debugger."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def must_be(found: Any, wanted: Any, what: str) -> None:
    """Raise AssertionError naming what was found and what should have been; of mappings, only what differs."""
    if found == wanted:
        return
    if isinstance(found, Mapping) and isinstance(wanted, Mapping):
        names = {name for name in {*found, *wanted} if found.get(name) != wanted.get(name)}
        found, wanted = {name: found.get(name) for name in names}, {name: wanted.get(name) for name in names}
    raise AssertionError(f"{what}: found {found!r}, wanted {wanted!r}")
