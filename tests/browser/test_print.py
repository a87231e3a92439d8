"""What is meant to be printed prints as it should."""

from __future__ import annotations

import re
from pathlib import Path

from playwright.sync_api import Browser

from tests.test_docs import BUILDER


def test_the_page_for_responders_prints_on_one_sheet(browser: Browser, tmp_path: Path) -> None:
    BUILDER.build(tmp_path)
    page = browser.new_page()
    page.goto((tmp_path / "docs" / "responders.html").as_uri())

    sheets = re.findall(rb"/Type\s*/Page\b(?!s)", page.pdf(format="A4"))
    page.close()

    assert len(sheets) == 1
