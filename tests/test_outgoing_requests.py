"""Requests to addresses that somebody typed in: none reaches a private network, and none lasts for ever."""

from __future__ import annotations

import gzip
import ipaddress
import socket
import ssl
import subprocess
import threading
from pathlib import Path
from typing import Any

import pytest

from incidents.kernel import http
from incidents.kernel.http import Blocked, Unreachable, errands, judge, wire
from incidents.kernel.settings import Settings, load
from tests.conftest import SECRET
from tests.receivers import Receiver, answer, half, receiver, receiving, vanish

__all__ = ["receiver"]
PRIVATE = "This address leads into a private network. An operator can admit it with OUTBOUND_ALLOW."


@pytest.fixture
def closed(tmp_path: Path) -> Settings:
    return load({"DATA_DIR": str(tmp_path), "SECRET_KEY": SECRET})


@pytest.fixture
def admitted(tmp_path: Path) -> Settings:
    return load({"DATA_DIR": str(tmp_path), "SECRET_KEY": SECRET, "OUTBOUND_ALLOW": "127.0.0.0/8"})


def resolve_to(monkeypatch: pytest.MonkeyPatch, *answers: str) -> list[str]:
    """Each look-up of a name has the next of these addresses for an answer; literals mean themselves."""
    asked: list[str] = []
    real = socket.getaddrinfo

    def look_up(host: Any, port: Any, *args: Any, **options: Any) -> Any:
        if not str(host).endswith(".example"):
            return real(host, port, *args, **options)
        asked.append(host)
        return real(answers[min(len(asked), len(answers)) - 1], port, *args, **options)

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    return asked


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "localhost",
        "2130706433",
        "0x7f.1",
        "0x7f000001",
        "0177.0.0.1",
        "127.1",
        "0",
        "１２７.0.0.1",
        "[::1]",
        "[::]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
    ],
)
def test_no_spelling_of_this_machine_is_asked(host: str, closed: Settings, receiver: Receiver) -> None:
    # full-width digits are refused as no address at all before anybody is asked
    with pytest.raises((Blocked, Unreachable), match=r"private network|not an address"):
        http.get(f"http://{host}:{receiver.port}/", closed, most_bytes=1000)

    assert receiver.asked == []


CLOSED = """
    0.1.2.3 10.1.2.3 100.64.0.1 127.9.9.9 169.254.169.254 172.16.0.1 172.31.255.255 192.0.0.8 192.88.99.1 192.168.1.1
    198.18.0.1 198.19.255.255 224.0.0.1 239.1.1.1 240.0.0.1 255.255.255.255 :: ::1 ::127.0.0.1 ::ffff:10.0.0.1
    ::ffff:0:10.0.0.1 64:ff9b::a9fe:a9fe 64:ff9b:1::1 100::1 2001:0:7f00:1:0:0:0:0 2001:0:808:808:0:0:80ff:fffe
    2001:db8::1 2002:7f00:1:: 2002:c0a8:101::1 3fff::1 5f00::1 fc00::1 fd12::1 fe80::1 fec0::1 ff02::1
    2606:4700::5efe:a00:1"""


def test_every_private_range_is_closed_however_it_is_wrapped() -> None:
    for address in CLOSED.split():
        with pytest.raises(Blocked, match="private network"):
            judge.admit(ipaddress.ip_address(address), port=443, is_encrypted=True, allow=())


@pytest.mark.parametrize("address", ["1.1.1.1", "172.32.0.1", "2606:4700::1111", "64:ff9b::101:101", "2002:101:101::1"])
def test_public_addresses_are_open_on_the_ports_of_the_web(address: str) -> None:
    for port in (80, 443, 8443):
        judge.admit(ipaddress.ip_address(address), port=port, is_encrypted=True, allow=())
    with pytest.raises(Blocked, match="Port 22"):
        judge.admit(ipaddress.ip_address(address), port=22, is_encrypted=True, allow=())
    with pytest.raises(Blocked, match="https://"):
        judge.admit(ipaddress.ip_address(address), port=80, is_encrypted=False, allow=())


def test_what_the_operator_admits_may_be_plain_and_on_any_port(admitted: Settings, receiver: Receiver) -> None:
    receiver.says(answer(200, b"BEGIN:VCALENDAR"))

    assert http.get(f"{receiver.url}/rota.ics", admitted, most_bytes=1000) == b"BEGIN:VCALENDAR"
    assert http.get(f"http://[::ffff:127.0.0.1]:{receiver.port}/", admitted, most_bytes=1000) == b"BEGIN:VCALENDAR"


def test_a_network_that_is_not_admitted_stays_closed(admitted: Settings, receiver: Receiver) -> None:
    with pytest.raises(Blocked):
        http.get(f"http://[::1]:{receiver.port}/", admitted, most_bytes=1000)


def test_addresses_from_the_environment_are_trusted(closed: Settings, receiver: Receiver) -> None:
    assert http.request("POST", receiver.url, closed, content=b"x", is_trusted=True).status == 200
    with pytest.raises(Blocked):
        http.request("POST", receiver.url, closed, content=b"x")


def test_a_redirect_is_not_followed(admitted: Settings, closed: Settings, receiver: Receiver) -> None:
    with receiving() as inside:
        receiver.says(answer(302, headers={"Location": f"{inside.url}/secrets"}))

        assert http.request("POST", receiver.url, admitted, content=b"{}").status == 302
        assert http.request("GET", receiver.url, closed, is_trusted=True).status == 302
        with pytest.raises(Unreachable, match="status 302"):
            http.get(receiver.url, admitted, most_bytes=1000)
        assert inside.asked == []


def test_of_a_redirect_too_only_the_beginning_is_read(admitted: Settings, receiver: Receiver) -> None:
    bomb = gzip.compress(b"\0" * 10_000_000)
    receiver.says(answer(302, bomb, {"Location": "/on", "Content-Encoding": "gzip"}))

    assert http.request("POST", receiver.url, admitted, content=b"{}").body == bomb


def test_a_name_that_changes_its_mind_is_connected_to_where_it_was_judged(
    closed: Settings, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = resolve_to(monkeypatch, "198.51.99.1", "127.0.0.1")
    places: list[Any] = []

    def connected(family: int, place: Any, mine: Any) -> socket.socket:
        places.append(place[0])
        raise ConnectionRefusedError

    monkeypatch.setattr(wire, "_connected", connected)

    with pytest.raises(Unreachable, match="refuses"):
        http.request("POST", "https://hook.example/", closed, content=b"x")
    assert (asked, places) == (["hook.example"], ["198.51.99.1"])

    with pytest.raises(Blocked):
        http.request("POST", "https://hook.example/", closed, content=b"x")
    assert places == ["198.51.99.1"]
    assert receiver.asked == []


def test_a_name_with_one_private_address_among_others_is_asked_at_the_public_one(
    closed: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    entries = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (place, 443)) for place in ("127.0.0.1", "198.51.99.1")]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **options: entries)
    places: list[Any] = []

    def connected(family: int, place: Any, mine: Any) -> socket.socket:
        places.append(place[0])
        raise ConnectionRefusedError

    monkeypatch.setattr(wire, "_connected", connected)

    with pytest.raises(Unreachable):
        http.request("GET", "https://hook.example/", closed)
    assert places == ["198.51.99.1"]


def test_proxies_and_passwords_of_the_environment_are_left_alone(
    closed: Settings, admitted: Settings, receiver: Receiver, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login operator password secret")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    with receiving() as proxy:
        for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "all_proxy"):
            monkeypatch.setenv(name, proxy.url)

        http.get(receiver.url, admitted, most_bytes=1000)
        with pytest.raises(Blocked):
            http.get("http://10.0.0.1/", closed, most_bytes=1000)

        assert proxy.asked == []
    assert "authorization" not in receiver.asked[0].headers
    assert "cookie" not in receiver.asked[0].headers


@pytest.mark.parametrize("fault", ["drip", "drip_headers", "hang"])
def test_a_server_that_never_ends_is_cut_off(
    fault: str, admitted: Settings, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(errands, "TOTAL", 0.3)
    receiver.says(getattr(receiver, fault))

    with pytest.raises(Unreachable, match=r"^The address did not answer in time\.$"):
        http.request("POST", receiver.url, admitted, content=b"x")


def test_a_server_that_is_silent_is_given_up_before_the_end(
    admitted: Settings, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wire, "READ", 0.1)
    receiver.says(receiver.hang)

    with pytest.raises(Unreachable, match="in time"):
        http.request("POST", receiver.url, admitted, content=b"x")


def test_a_resolver_that_hangs_is_given_up(closed: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    released = threading.Event()
    monkeypatch.setattr(wire, "CONNECT", 0.1)
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **options: released.wait(10) and [])

    with pytest.raises(Unreachable, match="in time"):
        http.request("GET", "https://hook.example/", closed)
    released.set()


def test_of_a_long_answer_only_the_beginning_is_read(admitted: Settings, receiver: Receiver) -> None:
    receiver.says(answer(200, b"x" * 10_000_000))

    answered = http.request("POST", receiver.url, admitted, content=b"{}")

    assert (answered.status, len(answered.body), answered.is_whole) == (200, 64 * 1024, False)
    with pytest.raises(Unreachable, match="more than 97 kB"):
        http.get(receiver.url, admitted, most_bytes=100_000)


def test_a_bomb_is_not_unpacked(admitted: Settings, receiver: Receiver) -> None:
    bomb = gzip.compress(b"\0" * 50_000_000)
    receiver.says(answer(200, bomb, {"Content-Encoding": "gzip"}))

    assert http.request("POST", receiver.url, admitted, content=b"{}").body == bomb[: 64 * 1024]
    with pytest.raises(Unreachable, match="more than 97 kB"):
        http.get(receiver.url, admitted, most_bytes=100_000)


def test_what_was_compressed_without_being_asked_for_is_read(admitted: Settings, receiver: Receiver) -> None:
    receiver.says(answer(200, gzip.compress(b"BEGIN:VCALENDAR"), {"Content-Encoding": "gzip"}))

    assert http.get(receiver.url, admitted, most_bytes=1000) == b"BEGIN:VCALENDAR"
    assert receiver.asked[0].headers["accept-encoding"] == "identity"


@pytest.mark.parametrize("fault", [half, vanish])
def test_an_answer_that_ends_half_way_is_none(fault: Any, admitted: Settings, receiver: Receiver) -> None:
    receiver.says(fault)

    with pytest.raises(Unreachable, match="The connection broke"):
        http.request("POST", receiver.url, admitted, content=b"x")


def test_a_connection_is_kept_for_the_next_request_of_its_thread(admitted: Settings, receiver: Receiver) -> None:
    receiver.says(answer(200, b"ok"))
    for _ in range(3):
        http.request("POST", receiver.url, admitted, content=b"x")

    assert len({asked.peer for asked in receiver.asked}) == 1


def test_what_was_kept_under_other_rules_is_not_used(closed: Settings, admitted: Settings, receiver: Receiver) -> None:
    http.request("POST", receiver.url, admitted, content=b"x")

    with pytest.raises(Blocked):
        http.request("POST", receiver.url, closed, content=b"x")
    assert len(receiver.asked) == 1


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("ftp://example.com/", "This is not an address of the web."),
        ("https://", "This is not an address of the web."),
        ("https://[bad", "This is not an address of the web."),
        ("https://example.com:99999/", "This is not an address of the web."),
        ("https://nothing.invalid/", "The name of the address is not known."),
        ("https://" + "a" * 70 + ".example/", "The name of the address is not known."),
    ],
)
def test_nonsense_is_told_from_what_is_away(url: str, says: str, closed: Settings) -> None:
    with pytest.raises(Unreachable) as told:
        http.request("GET", url, closed)
    assert str(told.value) == says


def test_a_certificate_of_nobodys_is_refused(admitted: Settings, tmp_path: Path) -> None:
    certificate, key = tmp_path / "certificate.pem", tmp_path / "key.pem"
    subject = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    words = ["openssl", "req", "-x509", "-newkey", "ed25519", "-nodes", "-days", "2", *subject]
    subprocess.run([*words, "-keyout", str(key), "-out", str(certificate)], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)

    with receiving() as server:
        server.server.socket = context.wrap_socket(server.server.socket, server_side=True)
        with pytest.raises(Unreachable, match="certificate of the address is not good"):
            http.request("GET", f"https://127.0.0.1:{server.port}/", admitted)
        with pytest.raises(Unreachable, match="certificate of the address is not good"):
            http.request("GET", f"https://127.0.0.1:{server.port}/", admitted, is_trusted=True)

    assert server.asked == []


def test_what_speaks_no_tls_is_told_so(admitted: Settings, receiver: Receiver) -> None:
    with pytest.raises(Unreachable, match="does not speak TLS"):
        http.request("GET", f"https://127.0.0.1:{receiver.port}/", admitted)
