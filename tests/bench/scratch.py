"""A scratch application on a scratch database, with people, components and incidents in it."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from flask import Flask

from incidents.kernel import settings as settings_module
from incidents.kernel.database import Base, db


@contextmanager
def application(folder: Path, *, database_url: str | None = None, **environ: str) -> Iterator[Flask]:
    """The app with its tables made and its context pushed; SQLite in ``folder`` unless another address is given."""
    import wsgi

    url = database_url or f"sqlite:///{folder / 'sevenbells.db'}"
    chosen = settings_module.load(
        {
            "DATA_DIR": str(folder),
            "DATABASE_URL": url,
            "SECRET_KEY": secrets.token_urlsafe(40),
            "LOG_LEVEL": "WARNING",
            **environ,
        }
    )
    app = wsgi.create_app(chosen)
    with app.app_context():
        Base.metadata.drop_all(db.engine)
        Base.metadata.create_all(db.engine)
        yield app
        db.session.remove()
        db.engine.dispose()
