"""What is meant to be printed prints as it should."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser

from tests.browser.conftest import Served
from tests.factories_published import make_page
from tests.test_docs import BUILDER


def test_the_page_for_responders_prints_on_one_sheet(browser: Browser, tmp_path: Path) -> None:
    BUILDER.build(tmp_path)
    page = browser.new_page()
    page.goto((tmp_path / "docs" / "responders.html").as_uri())

    sheets = re.findall(rb"/Type\s*/Page\b(?!s)", page.pdf(format="A4"))
    page.close()

    assert len(sheets) == 1


def test_the_public_page_prints_dark_on_white_whatever_the_theme(browser: Browser, served: Served, clock: Any) -> None:
    make_page()
    served.page_now()
    page = browser.new_page(color_scheme="dark")
    page.emulate_media(media="print")
    page.goto(f"{served.address}/")
    ground, ink = page.evaluate("(e => [e.backgroundColor, e.color])(getComputedStyle(document.querySelector('.inc')))")
    seen = [page.locator(each).first.is_visible() for each in (".inc", ".row", "#zone", ".strip", ".sub", ".foot a")]
    sheets = re.findall(rb"/Type\s*/Page\b(?!s)", page.pdf(format="A4"))
    page.close()

    assert (ground, ink) == ("rgb(255, 255, 255)", "rgb(19, 32, 31)")
    assert seen == [True, True, True, False, False, False]
    assert len(sheets) <= 3
