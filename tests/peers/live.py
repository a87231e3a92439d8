"""A live page on this machine: our web workers on a scratch database that holds the hostile page."""

from __future__ import annotations

import json
import sys
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from incidents.kernel import settings as settings_module
from incidents.kernel.database import db
from incidents.published import page_settings
from tests.bench import processes, scratch
from tests.factories_people import make_token
from tests.peers.hostile import Page, make_hostile_page
from tests.ports import free_port


@dataclass(frozen=True)
class Live:
    """Where it answers, what it shows, and a token that may do everything."""

    address: str
    page_id: str
    token: str
    page: Page
    environ: Mapping[str, str]

    def get(self, path: str) -> tuple[str, bytes]:
        """Content type and body of one address."""
        with urllib.request.urlopen(self.address + path, timeout=10) as answer:
            return answer.headers["Content-Type"], answer.read()

    def json(self, path: str) -> Any:
        """The same, read as JSON."""
        return json.loads(self.get(path)[1])

    def run_clock(self) -> None:
        """Tell subscribers what is due, and send it."""
        import wsgi
        from incidents.jobs import deliveries, subscribers

        app = wsgi.create_app(settings_module.load(self.environ))
        with app.app_context():
            subscribers.fan_out_due_notices()
            deliveries.send_due_messages()
            db.session.remove()
            db.engine.dispose()


@contextmanager
def live_page(folder: Path) -> Iterator[Live]:
    """The page, until the block ends; ``folder`` takes its database and its log."""
    address = f"http://127.0.0.1:{free_port()}"
    environ = {
        "DATA_DIR": str(folder / "var"),
        "DATABASE_URL": f"sqlite:///{folder / 'peers.db'}",
        "SECRET_KEY": "only for these peers, and nobody else",
        "BASE_URL": address,
        "PORT": address.rpartition(":")[2],
        "LOG_LEVEL": "WARNING",
        "OUTBOUND_ALLOW": "127.0.0.0/8",
    }
    with scratch.application(folder, database_url=environ["DATABASE_URL"]):
        page = make_hostile_page()
        token = make_token("peers", scope="admin")
        page_id = page_settings.page_settings().public_id
    serve = [sys.executable, "-m", "tests.bench.serve"]
    with processes.running(serve, environ=environ, log=folder / "web.log", within=f"{address}/"):
        yield Live(address, page_id, token, page, environ)
