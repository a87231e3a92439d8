"""What judges pages: html-validate, and Lighthouse in a real Chromium, each on every kind of page."""

from __future__ import annotations

import json
import os
import shutil
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.peers import fetching
from tests.peers.live import Live

_RULES = {
    "root": True,
    "extends": ["html-validate:recommended", "html-validate:document"],
    "rules": {
        "long-title": "off",  # an incident's title stands there as it was written, shortened, yet not to 70 with the rest
        "valid-id": ["error", {"relaxed": True}],  # as HTML has it: a day's id may begin with its year
        "form-dup-name": "off",  # boxes of one name are how a list is sent, and a hidden one how "none" is
    },
}
_CATEGORIES = ("performance", "accessibility", "best-practices", "seo")
_ATTEMPTS = 3  # its seconds are this machine's, which may be at work on something else
_FLAGS = "--headless=new --no-sandbox --disable-quic --disable-background-networking --disable-component-update"


def html_validate(live: Live, folder: Path) -> Iterator[str]:
    """npm ``html-validate``: every kind of page, in English and in German, by its recommended rules."""
    home = fetching.node_modules(folder, "html-validate@10")
    (home / ".htmlvalidate.json").write_text(json.dumps(_RULES))
    pages = {**_kinds(live), "missing": "/incidents/zzzzzzzzzzzz"}
    for name, path in pages.items():
        for language in ("", "?lang=de"):
            (home / f"{name}{language[-2:]}.html").write_bytes(_body(live.address + path + language))
    files = sorted(each.name for each in home.glob("*.html"))
    fetching.answer_of(["npx", "html-validate", "--formatter", "text", *files], cwd=home, environ={"HOME": str(home)})
    yield f"{len(files)} pages, no complaint"


def lighthouse(live: Live, folder: Path) -> Iterator[str]:
    """npm ``lighthouse``: 100 in all four categories on each kind of page, as a phone sees it."""
    home = fetching.node_modules(folder, "lighthouse@12")
    chromium = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    if not chromium:
        raise fetching.CannotBeHad("there is no Chromium; set CHROMIUM")
    for name, path in _kinds(live).items():
        if name == "embed":
            continue  # for frames alone, and so hidden from search engines
        for _attempt in range(_ATTEMPTS):
            report = _judged(live.address + path, home, chromium)
            scores = {each: round(100 * report["categories"][each]["score"]) for each in _CATEGORIES}
            if set(scores.values()) == {100}:
                break
        else:
            raise AssertionError(f"{path}: {scores}: {_lost(report)}")
        yield f"{name}: 100 in {', '.join(_CATEGORIES)}"


def _judged(address: str, home: Path, chromium: str) -> Any:
    words = ["--quiet", "--output=json", "--output-path=report.json", f"--chrome-flags={_FLAGS}"]
    environ = {"CHROME_PATH": chromium, "HOME": str(home)}
    fetching.answer_of(["npx", "lighthouse", address, *words], cwd=home, environ=environ)
    return json.loads((home / "report.json").read_text())


def _kinds(live: Live) -> dict[str, str]:
    """One address of each kind."""
    page = live.page
    return {
        "home": "/",
        "history": "/history",
        "month": live.json("/history.json")["items"][0]["date_published"][:7].join(("/history/", "")),
        "incident": f"/incidents/{next(iter(page.open_incidents))}",
        "over": f"/incidents/{next(iter(page.past_incidents))}",
        "component": f"/components/{next(iter(page.components))}",
        "maintenance": f"/maintenances/{next(iter(page.works))}",
        "subscribe": "/subscribe",
        "embed": "/embed",
    }


def _body(address: str) -> bytes:
    try:
        with urllib.request.urlopen(address, timeout=10) as answer:
            return bytes(answer.read())
    except urllib.error.HTTPError as missing:
        return missing.read()


def _lost(report: Any) -> list[str]:
    """The audits that cost points."""
    weighed = [each["id"] for one in report["categories"].values() for each in one["auditRefs"] if each["weight"]]
    return [each for each in weighed if (report["audits"][each]["score"] or 0) < 1]
