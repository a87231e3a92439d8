"""The console's files come from prepared bytes, also while every place in Flask is taken."""

from __future__ import annotations

from pathlib import Path

from flask import Flask
from werkzeug.test import Client

import statuspage
from incidents.console.assets import asset
from incidents.kernel.settings import Settings


def browser(app: Flask, settings: Settings) -> Client:
    def full_house(_environ: object, _start_response: object) -> list[bytes]:
        raise AssertionError("a file was asked of Flask")

    door = statuspage.front(app, settings, full_house)
    app.extensions["sevenbells.page"].stop()
    return Client(door)


def test_a_file_named_by_its_content_is_kept_for_ever_and_compressed(app: Flask, settings: Settings) -> None:
    with app.test_request_context():
        address = asset("css/tokens.css")

    answer = browser(app, settings).get(address, headers={"Accept-Encoding": "gzip"})

    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "text/css; charset=utf-8"
    assert answer.headers["Content-Encoding"] == "gzip"
    assert "immutable" in answer.headers["Cache-Control"]


def test_a_file_asked_for_by_another_version_is_not_kept(app: Flask, settings: Settings) -> None:
    client = browser(app, settings)
    for query in ("", "?v=000000000000", "?x=1"):
        answer = client.get("/static/css/tokens.css" + query)
        assert answer.status_code == 200
        assert "immutable" not in answer.headers["Cache-Control"]
        assert answer.data == Path("static/css/tokens.css").read_bytes()
