"""Tables as CSV: no cell can become a formula in a spreadsheet."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

# what a spreadsheet takes for the beginning of a formula (OWASP, CSV Injection)
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def written(rows: Iterable[Sequence[str]]) -> str:
    """The rows as text, each cell made safe."""
    text = io.StringIO()
    csv.writer(text).writerows([[cell(value) for value in row] for row in rows])
    return text.getvalue()


def cell(value: str) -> str:
    """The value, after an apostrophe where a spreadsheet would compute it."""
    return f"'{value}" if value.lstrip(" ").startswith(_FORMULA) or value.startswith(_FORMULA) else value
