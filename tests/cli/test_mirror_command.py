"""`sevenbells mirror`: the page as files, once, and what it says about it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import Run

SQLITE = pytest.mark.parametrize("fresh_url", ["sqlite"], indirect=True)


@SQLITE
def test_it_writes_the_page_and_says_how_much_and_then_only_what_changed(run: Run, tmp_path: Path) -> None:
    run("db", "upgrade")
    first = run("mirror", str(tmp_path / "www"))
    assert first.code == 0
    assert first.out.startswith(f"{tmp_path / 'www'} holds the page in ")
    assert "All systems operational" in (tmp_path / "www" / "index.html").read_text()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "file").write_text("mine")
    for words, why in (("ftp://x", "name a folder, or a bucket"), (str(tmp_path / "elsewhere"), "is not empty")):
        told = run("mirror", words)
        assert (told.code, len(told.err.splitlines())) == (2 if "ftp" in words else 1, 1)
        assert why in told.err
