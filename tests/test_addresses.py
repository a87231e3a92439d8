"""Where a request came from: only what trusted proxies say is believed."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask import Request
from werkzeug.test import EnvironBuilder

from incidents.kernel.addresses import client_address, is_https
from incidents.kernel.settings import Settings, load
from tests.conftest import SECRET


def settings(tmp_path: Path, proxies: str = "10.0.0.0/8, 2001:db8::/32") -> Settings:
    return load({"DATA_DIR": str(tmp_path), "SECRET_KEY": SECRET, "TRUSTED_PROXIES": proxies})


def asked(remote: str, forwarded: str | None = None, proto: str | None = None) -> Request:
    headers = {"X-Forwarded-For": forwarded, "X-Forwarded-Proto": proto}
    given = [(name, value) for name, value in headers.items() if value is not None]
    return Request(EnvironBuilder(headers=given, environ_base={"REMOTE_ADDR": remote}).get_environ())


@pytest.mark.parametrize(
    ("remote", "forwarded", "address"),
    [
        ("203.0.113.7", None, "203.0.113.7"),
        ("203.0.113.7", "198.51.100.1", "203.0.113.7"),
        ("10.0.0.1", "198.51.100.1", "198.51.100.1"),
        ("10.0.0.1", "1.1.1.1, 198.51.100.1", "198.51.100.1"),
        ("10.0.0.1", "198.51.100.1, 10.0.0.2", "198.51.100.1"),
        ("10.0.0.1", "1.1.1.1, 203.0.113.9, 10.0.0.2", "203.0.113.9"),
        ("10.0.0.1", "nonsense", "10.0.0.1"),
        ("10.0.0.1", "198.51.100.1, nonsense", "10.0.0.1"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("10.0.0.1", "198.51.100.1:4711", "198.51.100.1"),
        ("2001:db8::1", "[2001:4860::8]:443", "2001:4860::8"),
        ("::ffff:10.0.0.1", "198.51.100.1", "198.51.100.1"),
        ("", None, ""),
        ("no address", None, ""),
    ],
)
def test_the_nearest_stranger_is_the_client(tmp_path: Path, remote: str, forwarded: str | None, address: str) -> None:
    assert client_address(asked(remote, forwarded), settings(tmp_path)) == address


def test_without_trusted_proxies_nobody_is_believed(tmp_path: Path) -> None:
    assert client_address(asked("127.0.0.1", "198.51.100.1"), settings(tmp_path, "")) == "127.0.0.1"


@pytest.mark.parametrize(
    ("remote", "proto", "answer"),
    [
        ("10.0.0.1", "https", True),
        ("203.0.113.7", "https", False),
        ("10.0.0.1", "http", False),
        ("10.0.0.1", None, False),
    ],
)
def test_a_trusted_proxy_says_whether_it_is_https(tmp_path: Path, remote: str, proto: str | None, answer: bool) -> None:
    assert is_https(asked(remote, proto=proto), settings(tmp_path)) is answer
