"""`make pictures`: the README's pictures, taken from the demo's week in both themes.

Run by hand when a screen has changed; what it writes into docs/pictures is looked at, then committed.
"""

from __future__ import annotations

import io
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from PIL import Image
from playwright.sync_api import Page, sync_playwright

from incidents.demo import people
from tests.ports import free_port

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "pictures"
COLOURS = 96  # enough for a flat page, and a quarter of the bytes


class Shot(NamedTuple):
    """One picture: its name, the screen, and the size of the window."""

    name: str
    path: str
    width: int = 1280
    height: int = 800


SHOTS = (
    Shot("status", "/", height=860),
    Shot("now", "/console/"),
    Shot("room", "/console/incidents/{late}"),
    Shot("postmortem", "/console/incidents/{over}/postmortem"),
    Shot("phone", "/console/incidents/{late}/updates", width=390, height=844),
)


def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    with demo() as address, sync_playwright() as playwright:
        found = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
        browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        page = browser.new_page()
        sign_in(page, address)
        places = {
            "late": ref_of(page, address, "Analyses fail or take"),
            "over": ref_of(page, address, "because OpenAI"),
        }
        for shot in SHOTS:
            for scheme in ("light", "dark"):
                take(page, address, shot, places, dark=scheme == "dark")
        browser.close()


@contextmanager
def demo() -> Iterator[str]:
    """The demo on a port of its own, until the pictures are taken."""
    port = str(free_port())
    with tempfile.TemporaryDirectory() as folder:
        started = subprocess.Popen(
            [sys.executable, "-m", "incidents.cli", "demo"],
            env={**os.environ, "PORT": port, "DATA_DIR": folder},
            stdout=subprocess.PIPE,
            text=True,
        )
        assert started.stdout is not None
        for line in started.stdout:
            if line.startswith("Sevenbells answers"):
                break
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            started.terminate()
            started.communicate()


def sign_in(page: Page, address: str) -> None:
    page.goto(address + "/login")
    page.locator("#email").fill(people.MAYA.email)
    page.locator("#password").fill(people.PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/console/**")


def ref_of(page: Page, address: str, title: str) -> str:
    page.goto(f"{address}/console/incidents")
    rows = re.findall(r'href="/console/incidents/(INC-\d+)"[^>]*>(.*?)</a>', page.content(), re.DOTALL)
    return str(next(ref for ref, words in rows if title in words))


def take(page: Page, address: str, shot: Shot, places: dict[str, str], *, dark: bool) -> None:
    page.set_viewport_size({"width": shot.width, "height": shot.height})
    page.emulate_media(color_scheme="dark" if dark else "light", reduced_motion="reduce")
    page.goto(address + shot.path.format(**places))
    # the demo has no mail server and says so on every screen; once is enough
    page.evaluate("document.querySelector('#banners')?.replaceChildren()")
    path = FOLDER / f"{shot.name}-{'dark' if dark else 'light'}.png"
    picture = Image.open(io.BytesIO(page.screenshot(animations="disabled")))
    picture.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE).save(path, optimize=True)
    sys.stdout.write(f"{path.name}: {path.stat().st_size // 1000} kB\n")


if __name__ == "__main__":
    main()
