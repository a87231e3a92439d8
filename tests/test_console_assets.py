"""Static files: named by their content, kept for ever, small, and ours or written down."""

from __future__ import annotations

import gzip
import hashlib
import re
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from incidents.kernel import bundles
from tests.factories_people import make_person, sign_in

STATIC = Path(__file__).resolve().parent.parent / "static"


@pytest.fixture(params=["sqlite"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Files do not depend on the database."""
    path = tmp_path / "sevenbells.db"
    path.write_bytes(request.getfixturevalue("sqlite_schema").read_bytes())
    return f"sqlite:///{path}"


def linked(client: FlaskClient) -> list[str]:
    return re.findall(r'(?:href|src)="(/static/[^"]+)"', client.get("/console/").text)


def test_every_file_a_page_names_is_there_and_kept_for_ever(app: Flask, client: FlaskClient) -> None:
    sign_in(client, make_person())

    for address in linked(client):
        with client.get(address) as answer:
            assert answer.status_code == 200, address
            assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable", address


def test_a_version_that_was_never_published_is_not_kept(app: Flask, client: FlaskClient) -> None:
    for address in ("/static/css/base.css", "/static/css/base.css?v=000000000000"):
        with client.get(address) as answer:
            assert "immutable" not in answer.headers.get("Cache-Control", "")


def test_the_address_changes_with_the_file(app: Flask, tmp_path: Path) -> None:
    from incidents.console.assets import asset

    app.static_folder = str(tmp_path)
    (tmp_path / "one.css").write_text("a{}")
    with app.test_request_context():
        before = asset("one.css")
        (tmp_path / "one.css").write_text("b{}")
        after = asset("one.css")

    assert before != after


def test_the_console_stays_within_its_budget(app: Flask, client: FlaskClient) -> None:
    sign_in(client, make_person())
    sizes = {".css": 0, ".js": 0}
    for address in linked(client):
        path = Path(address.removeprefix("/static/").partition("?")[0])
        if path.suffix in sizes:
            sizes[path.suffix] += len(gzip.compress(bundles.contents(STATIC, str(path)), 9))

    assert sizes[".css"] <= 12_288, sizes
    assert sizes[".js"] <= 25_600, sizes


def test_code_by_others_is_what_its_table_says() -> None:
    said = dict(re.findall(r"\| `([^`]+)` .*\| ([0-9a-f]{64}) \|", (STATIC / "vendor/README.md").read_text()))
    found = {
        file.name: hashlib.sha256(file.read_bytes()).hexdigest()
        for file in (STATIC / "vendor").iterdir()
        if file.suffix == ".js"
    }

    assert found == said
