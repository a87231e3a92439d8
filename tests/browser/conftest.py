"""The application served on a loopback port, a real Chromium, and a real SMTP server to receive its letters."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from flask import Flask
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright
from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

import statuspage
from incidents.kernel import beats, clock
from incidents.kernel.database import db
from incidents.kernel.settings import Settings
from tests.ports import free_port

# Chromium talks to nobody but us.
_FLAGS = [
    "--no-sandbox",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]


@dataclass
class Postbox:
    """Every letter that arrived, newest last, as (recipient, subject)."""

    letters: list[tuple[str, str]] = field(default_factory=list)
    messages: list[EmailMessage] = field(default_factory=list)  # the same, whole

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        message = message_from_bytes(envelope.content, policy=policy.default)
        self.messages.append(message)
        self.letters.extend((recipient, str(message["Subject"])) for recipient in envelope.rcpt_tos)
        return "250 OK"


@pytest.fixture
def postbox() -> Iterator[tuple[Postbox, int]]:
    box, port = Postbox(), free_port()
    controller = Controller(box, hostname="127.0.0.1", port=port)
    controller.start()
    yield box, port
    controller.stop()


@pytest.fixture
def environ(database_url: str, tmp_path: Path, postbox: tuple[Postbox, int]) -> dict[str, str]:
    return {
        "DATA_DIR": str(tmp_path / "var"),
        "DATABASE_URL": database_url,
        "SECRET_KEY": "a key that only the browser tests know",
        "BASE_URL": f"http://127.0.0.1:{free_port()}",
        "SMTP_URL": f"smtp://127.0.0.1:{postbox[1]}",
        "MAIL_FROM": "Status <status@example.com>",
    }


class _Silent(WSGIRequestHandler):
    def log(self, type: str, message: str, *args: Any) -> None:
        """The test's own output is enough."""


@dataclass
class Served:
    """The running application: where it answers, and its postbox."""

    app: Flask
    address: str
    postbox: Postbox

    def page_now(self) -> None:
        """Let the public page catch up at once with what was committed and with the wound clock."""
        self.app.extensions["sevenbells.page"].renew_now()

    def strike(self) -> None:
        """What the clock process would do now."""
        from tests.outgoing import run_due_jobs

        run_due_jobs()
        beats.beat(worker="here-1-aa", pid=1, started_at=clock.now())
        db.session.remove()


@pytest.fixture
def served(app: Flask, settings: Settings, postbox: tuple[Postbox, int]) -> Iterator[Served]:
    app.testing = False
    port = int(settings.base_url.rsplit(":", 1)[1])
    door = statuspage.front(app, settings)
    server: BaseWSGIServer = make_server("127.0.0.1", port, door, threaded=True, request_handler=_Silent)
    server.daemon_threads = True  # type: ignore[attr-defined]  # of socketserver's mixin
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield Served(app, settings.base_url, postbox[0])
    server.shutdown()
    server.server_close()
    thread.join()
    app.extensions["sevenbells.page"].stop()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    found = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=found, args=_FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """A laptop's window in UTC whose pages may not break a script or ask anybody else for anything."""
    opened = browser.new_context(viewport={"width": 1440, "height": 900}, timezone_id="UTC", locale="en-GB")
    opened.set_default_timeout(10_000)
    yield opened
    opened.close()


@pytest.fixture
def page(context: BrowserContext, served: Served) -> Iterator[Page]:
    opened = context.new_page()
    complaints: list[str] = []
    opened.on("pageerror", lambda broken: complaints.append(str(broken)))
    opened.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    opened.on(
        "request",
        lambda asked: (
            None
            if asked.url.startswith((served.address, "data:"))
            else complaints.append(f"asked elsewhere: {asked.url}")
        ),
    )
    yield opened
    assert "\n".join(complaints) == ""
