"""A front door in front of nothing, and a database that falls silent when it is told to."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import create_engine

from incidents.kernel.database import db
from statuspage.renewer import Renewer


def no_flask(_environ: Any, start_response: Any) -> list[bytes]:
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"from Flask"]


class Silence:
    """An engine whose database is gone, until it is back."""

    def __init__(self, engine: Any) -> None:
        self.engine = engine
        self.gone = create_engine(
            "postgresql+psycopg://nobody@127.0.0.1:9/nowhere", connect_args={"connect_timeout": 1}
        )
        self.is_gone = False

    def connect(self) -> Any:
        return (self.gone if self.is_gone else self.engine).connect()


@pytest.fixture
def silence(app: Flask) -> Iterator[Silence]:
    """The page's database, to be silenced: ``is_gone = True``."""
    wrapped = Silence(db.engine)
    renewer: Renewer = app.extensions["sevenbells.page"]
    renewer._engine = wrapped  # type: ignore[assignment]
    renewer._older._connect = wrapped.connect
    yield wrapped
    wrapped.gone.dispose()
