"""Tables as CSV files: no cell can become a formula in a spreadsheet."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

from flask import Response

# what a spreadsheet takes for the beginning of a formula (OWASP, CSV Injection)
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def answer(name: str, rows: Iterable[Sequence[str]]) -> Response:
    """The rows as a file to keep, in UTF-8 with the mark that spreadsheets look for."""
    text = io.StringIO()
    csv.writer(text).writerows([[cell(value) for value in row] for row in rows])
    file = Response("\ufeff" + text.getvalue(), mimetype="text/csv")
    file.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return file


def cell(value: str) -> str:
    """The value, after an apostrophe where a spreadsheet would compute it."""
    return f"'{value}" if value.lstrip(" ").startswith(_FORMULA) or value.startswith(_FORMULA) else value
