"""Tables as CSV files to keep."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from flask import Response

from ..kernel import csv_text


def answer(name: str, rows: Iterable[Sequence[str]]) -> Response:
    """The rows as a file, in UTF-8 with the mark that spreadsheets look for."""
    file = Response("\ufeff" + csv_text.written(rows), mimetype="text/csv")
    file.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return file
