"""Tables as CSV files to keep."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from flask import Flask, Response, current_app

from ..kernel import csv_text
from ..kernel.database import db, reading


def answer(name: str, rows: Iterable[Sequence[str]]) -> Response:
    """The rows as a file, in UTF-8 with the mark that spreadsheets look for."""
    return _file(name, "\ufeff" + csv_text.written(rows))


def stream(name: str, some: Iterator[Iterable[Sequence[str]]]) -> Response:
    """The same of a table that may be long: some rows are read, sent and forgotten, then the next.

    While they travel no transaction is open, however slowly the other side takes them, and nothing of the request is left:
    a server may let another thread send them.
    """
    return _file(name, _some_at_a_time(current_app._get_current_object(), some))  # type: ignore[attr-defined]  # noqa: SLF001


def _some_at_a_time(app: Flask, some: Iterator[Iterable[Sequence[str]]]) -> Iterator[str]:
    yield "\ufeff"
    while True:
        with app.app_context(), reading():
            rows = next(some, None)
            db.session.rollback()
        if rows is None:
            return
        yield csv_text.written(rows)


def _file(name: str, content: str | Iterator[str]) -> Response:
    file = Response(content, mimetype="text/csv")
    file.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return file
