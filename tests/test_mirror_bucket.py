"""A mirror in a bucket: signed as AWS asks for it, in a stand-in that takes nothing that is not."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from flask import Flask

import statuspage
from incidents.kernel import settings as settings_module
from incidents.kernel.database import db
from incidents.published import publishing
from incidents.published.mirrors import MirrorTrouble
from statuspage.mirror import Mirror, open_place
from statuspage.mirror.signature import Key, sign
from statuspage.prepared import CACHE_CONTROL
from tests.factories_published import make_update

KEY = Key("AKIDEXAMPLE", "a secret that / needs + care", "eu-central-1")


class Store(ThreadingHTTPServer):
    """A bucket called ``page``: what is in it, and which requests came."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Desk)
        self.objects: dict[str, tuple[dict[str, str], bytes]] = {}
        self.asked: list[str] = []
        self.refuses = False

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class Desk(BaseHTTPRequestHandler):
    """Takes PUT, GET, DELETE and a listing, each only when its signature is good."""

    server: Store
    protocol_version = "HTTP/1.1"

    def do_any(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.asked.append(f"{self.command} {self.path}")
        if self.server.refuses:
            return self._answer(403, b"<Error><Code>AccessDenied</Code></Error>")
        if not self._is_signed(body):
            return self._answer(403, b"<Error><Code>SignatureDoesNotMatch</Code></Error>")
        parts = urlsplit(self.path)
        _, bucket, name = unquote(parts.path).split("/", 2)
        if bucket != "page":
            return self._answer(404, b"<Error><Code>NoSuchBucket</Code></Error>")
        if "list-type" in parts.query:
            prefix = parse_qs(parts.query, keep_blank_values=True)["prefix"][0]
            keys = [f"<Key>{each}</Key>" for each in self.server.objects if each.startswith(prefix)][:1]
            return self._answer(200, "".join(keys).encode())
        if self.command == "PUT":
            self.server.objects[name] = (dict(self.headers.items()), body)
            return self._answer(200)
        if self.command == "DELETE":
            self.server.objects.pop(name, None)
            return self._answer(204)
        found = self.server.objects.get(name)
        return self._answer(200, found[1]) if found else self._answer(404, b"<Error><Code>NoSuchKey</Code></Error>")

    do_GET = do_PUT = do_DELETE = do_any  # noqa: N815 - the names of http.server

    def _is_signed(self, body: bytes) -> bool:
        """Sign what arrived with the headers that were said to be signed, and compare."""
        said = self.headers["Authorization"]
        names = said.partition("SignedHeaders=")[2].partition(",")[0].split(";")
        given = {
            name: self.headers[name] for name in names if name not in ("host", "x-amz-date", "x-amz-content-sha256")
        }
        now = datetime.strptime(self.headers["x-amz-date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        return sign(self.command, self.server.address + self.path, body, given, KEY, now=now)["Authorization"] == said

    def _answer(self, status: int, body: bytes = b"") -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_words: Any) -> None:
        """Nothing on stderr."""


@pytest.fixture
def store() -> Iterator[Store]:
    found = Store()
    thread = threading.Thread(target=found.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield found
    found.shutdown()
    thread.join()
    found.server_close()


@pytest.fixture
def environ(environ: dict[str, str], store: Store) -> dict[str, str]:
    keys = {"AWS_ACCESS_KEY_ID": KEY.id, "AWS_SECRET_ACCESS_KEY": KEY.secret, "AWS_REGION": KEY.region}
    return {**environ, **keys, "S3_ENDPOINT_URL": store.address}


def at(app: Flask, target: str) -> Mirror:
    return statuspage.mirror(app, app.extensions["sevenbells.settings"], target)


def test_the_whole_page_lies_there_under_its_own_addresses_and_what_is_withdrawn_does_not(
    app: Flask, store: Store
) -> None:
    make_update(1, title="Gone soon")
    db.session.commit()
    incident = publishing.find(1)
    assert incident is not None
    key = f"my pages/incidents/{incident.public_id}"
    db.session.commit()
    mirror = at(app, "s3://page/my pages")
    while not (did := mirror.bring_up_to_date()) or not did.is_whole:
        pass
    headers, body = store.objects["my pages/history"]
    assert b"<!DOCTYPE html>" in body
    assert headers["Content-Type"] == "text/html; charset=utf-8"
    assert headers["Cache-Control"] == CACHE_CONTROL
    assert {"my pages/index.html", "my pages/de", "my pages/de/history", "my pages/history.atom", key} <= set(
        store.objects
    )
    assert store.objects["my pages/badge.svg"][0]["Content-Type"] == "image/svg+xml; charset=utf-8"
    written = [each for each in store.asked if each.startswith("PUT")]
    assert written[0].endswith("sevenbells-mirror.json")

    publishing.withdraw_incident(1)
    db.session.commit()
    store.asked.clear()
    mirror.bring_up_to_date()
    assert store.asked[0].startswith("DELETE /page/my%20pages/")
    assert not [name for name, (_headers, body) in store.objects.items() if name == key or b"Gone soon" in body]


def test_what_the_service_says_is_told_in_a_sentence(app: Flask, store: Store) -> None:
    for target, why in (("s3://other", r"cannot list s3://other \(NoSuchBucket\)|cannot read .*NoSuchBucket"),):
        with pytest.raises(MirrorTrouble, match=why):
            at(app, target).bring_up_to_date()
    store.refuses = True
    with pytest.raises(MirrorTrouble, match=r"cannot read sevenbells-mirror.json in s3://page \(AccessDenied\)"):
        at(app, "s3://page").bring_up_to_date()


def test_a_bucket_that_nobody_answers_for_and_one_without_keys_are_named(environ: dict[str, str], store: Store) -> None:
    for more, why in (
        ({"S3_ENDPOINT_URL": "http://127.0.0.1:9"}, r"cannot reach s3://page \(The address refuses connections\)"),
        ({"AWS_ACCESS_KEY_ID": ""}, "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"),
        ({"AWS_SECRET_ACCESS_KEY": "another"}, "SignatureDoesNotMatch"),
    ):
        place = open_place("s3://page", settings_module.load({**environ, **more}))
        with pytest.raises(MirrorTrouble, match=why):
            place.check()
    open_place("s3://page", settings_module.load(environ)).check()
    assert store.objects == {}


@pytest.mark.parametrize(
    ("asked", "signature"),
    [
        (
            ("GET", "https://examplebucket.s3.amazonaws.com/test.txt", b"", {"range": "bytes=0-9"}),
            "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
        ),
        (
            (
                "PUT",
                "https://examplebucket.s3.amazonaws.com/test%24file.text",
                b"Welcome to Amazon S3.",
                {"date": "Fri, 24 May 2013 00:00:00 GMT", "x-amz-storage-class": "REDUCED_REDUNDANCY"},
            ),
            "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd",
        ),
        (
            ("GET", "https://examplebucket.s3.amazonaws.com/?max-keys=2&prefix=J", b"", {}),
            "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7",
        ),
    ],
)
def test_the_examples_of_amazon_come_out_as_amazon_prints_them(
    asked: tuple[str, str, bytes, dict[str, str]], signature: str
) -> None:
    key = Key("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "us-east-1")
    signed = sign(*asked, key, now=datetime(2013, 5, 24, tzinfo=UTC))
    assert signed["Authorization"].endswith(f"Signature={signature}")
