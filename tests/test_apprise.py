"""What Apprise knows: each service that a person may name goes by our connection, which reaches no private address."""

from __future__ import annotations

import ast
import inspect
import socket
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import apprise
import pytest
import requests

from incidents import channels
from incidents.channels import Message, Outcome
from incidents.channels import apprise as channel
from incidents.kernel.apprise_schemes import ALLOWED, TEXT_MESSAGES, is_text_message, why_not
from incidents.kernel.http import errands, foreign
from incidents.kernel.settings import Settings, load
from incidents.messages.payloads import notification
from tests.conftest import SECRET
from tests.receivers import Receiver, answer, half, receiver, receiving

__all__ = ["receiver"]
A, N = "a" * 32, "1" * 32
UUID = "8b799edf-6f98-4d3a-9be7-2862fb4e5752"
PHONE = "15551234567"
# one address a service; {place} is a host and port of one's own
OWN = {
    "ntfy": "ntfy://{place}/topic",
    "gotify": "gotify://{place}/Aaaaaaaaaaaaaaa",
    "mmost": "mmost://{place}/" + "a" * 24,
    "rocket": "rocket://user:secret@{place}/#channel",
    "signal": f"signal://{{place}}/{PHONE}/{PHONE}",
    "hassio": "hassio://{place}/" + A,
    "nctalk": "nctalk://user:secret@{place}/room",
    "smseagle": f"smseagle://token@{{place}}/{PHONE}",
}
PUBLIC = {
    "dingtalk": f"dingtalk://{A}",
    "discord": f"discord://{'1' * 24}/{'a' * 64}",
    "feishu": f"feishu://{A}",
    "flock": f"flock://{'a' * 24}",
    "gchat": f"gchat://workspace/{A}/{A}",
    "ilert": f"ilert://{A}",
    "join": f"join://{A}",
    "lark": f"lark://{A}",
    "line": f"line://{A}/user",
    "onesignal": f"onesignal://{A}@{A}/user",
    "opsgenie": f"opsgenie://{UUID}",
    "pagertree": "pagertree://int_aaaaaaaaaa",
    "pbul": f"pbul://{A}",
    "pover": f"pover://{'u' * 30}@{'a' * 30}",
    "prowl": f"prowl://{'a' * 40}",
    "push": f"push://{UUID}",
    "pushy": f"pushy://{A}/device",
    "revolt": f"revolt://{A}/{'1' * 26}",
    "signl4": f"signl4://{A}",
    "spike": f"spike://{A}",
    "spush": f"spush://{A}",
    "squadcast": f"squadcast://{A}",
    "tgram": f"tgram://123456789:{'a' * 35}/12345",
    "threema": f"threema://*THEGWID@{A}/{PHONE}",
    "twist": "twist://secret:ada@example.com/#general",
    "wecombot": f"wecombot://{A}",
    "whatsapp": f"whatsapp://{A}@{'1' * 15}/{PHONE}",
    "wxteams": f"wxteams://{'a' * 80}",
    "zulip": f"zulip://bot@org/{A}",
    "46elks": f"46elks://user:secret@{PHONE}/{PHONE}",
    "bulksms": f"bulksms://id:secret@{PHONE}",
    "clickatell": f"clickatell://{A}/{PHONE}",
    "clicksend": f"clicksend://user:secret@{PHONE}",
    "d7sms": f"d7sms://{A}@{PHONE}",
    "freemobile": "freemobile://user@secret",
    "httpsms": f"httpsms://{A}@{PHONE}/{PHONE}",
    "msgbird": f"msgbird://{'a' * 25}/{PHONE}",
    "plivo": f"plivo://{'a' * 25}@{'b' * 40}/{PHONE}/{PHONE}",
    "seven": f"seven://{'a' * 25}/{PHONE}",
    "sinch": f"sinch://{A}:{A}@{PHONE}",
    "telnyx": f"telnyx://{A}@{PHONE}/{PHONE}",
    "twilio": f"twilio://AC{A}:{A}@{PHONE}",
    "voipms": f"voipms://secret:ada@example.com/{PHONE}/{PHONE}",
    "vonage": f"vonage://AC{'a' * 8}:{'b' * 16}@{PHONE}",
}


@pytest.fixture
def closed(tmp_path: Path) -> Settings:
    return load({"DATA_DIR": str(tmp_path), "SECRET_KEY": SECRET})


@pytest.fixture
def admitted(tmp_path: Path) -> Settings:
    return load({"DATA_DIR": str(tmp_path), "SECRET_KEY": SECRET, "OUTBOUND_ALLOW": "127.0.0.1"})


def send(url: str, settings: Settings, *, is_trusted: bool = False) -> Outcome:
    payload = notification(
        "INC-42: you are paged", "P1 Checkout is down.", mood="failure", link="https://in.example.com/a"
    )
    facts = {"url": url, "is_trusted": is_trusted}
    return channels.send(Message("0" * 32, "apprise", "address:1", payload, facts=facts), settings)


@pytest.fixture
def connections(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Every name means this machine, and every connection that anything tries is remembered."""
    tried: list[Any] = []
    real = socket.getaddrinfo

    def look_up(host: Any, port: Any, *args: Any, **options: Any) -> Any:
        return real("127.0.0.1", port, *args, **options)

    def connect(sock: socket.socket, place: Any) -> None:
        tried.append(place)
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    monkeypatch.setattr(socket.socket, "connect", connect)
    return tried


def test_there_is_an_example_of_every_service() -> None:
    assert {*OWN, *(f"{scheme}s" for scheme in OWN), *PUBLIC} == set(ALLOWED)
    assert set(ALLOWED) >= TEXT_MESSAGES


def test_no_service_connects_to_this_machine_whatever_its_name_means(closed: Settings, connections: list[Any]) -> None:
    for url in (*PUBLIC.values(), *(url.format(place="chat.example") for url in OWN.values())):
        secure = url.replace("://", "s://", 1) if url.partition("://")[0] in OWN else url
        assert why_not(secure) is None, secure
        outcome = send(secure, closed)
        assert outcome.kind == "refused", (secure, outcome)
        assert outcome.reason.startswith("This address leads into a private network"), (secure, outcome)
    assert connections == []


def test_no_service_is_led_to_this_machine_by_its_address(closed: Settings, receiver: Receiver) -> None:
    for url in OWN.values():
        for host in ("127.0.0.1", "localhost", "2130706433"):
            outcome = send(url.format(place=f"{host}:{receiver.port}"), closed)
            assert outcome.kind in ("refused", "failed"), (url, outcome)
    assert receiver.asked == []


def test_no_service_is_led_elsewhere_by_a_redirect(admitted: Settings, receiver: Receiver) -> None:
    with receiving() as inside:
        for status in (301, 302, 307, 308):
            receiver.says(answer(status, headers={"Location": f"{inside.url}/secrets"}))
            for url in OWN.values():
                outcome = send(url.format(place=f"127.0.0.1:{receiver.port}"), admitted)
                assert outcome.kind == "failed", (url, outcome)
        assert inside.asked == []
    assert len(receiver.asked) >= 4 * len(OWN)


def test_no_service_brings_a_connection_or_a_thread_of_its_own() -> None:
    forbidden = {"socket", "smtplib", "threading", "asyncio", "subprocess", "http.client", "urllib.request", "ftplib"}
    forbidden |= {"concurrent.futures", "multiprocessing", "ctypes", "httpx", "aiohttp", "urllib3", "paho", "telnetlib"}
    channel._asset()
    manager = apprise.NotificationManager()  # type: ignore[no-untyped-call]
    for scheme in ALLOWED:
        tree = ast.parse(Path(inspect.getfile(manager[scheme])).read_text(encoding="utf-8"))
        imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
        imported |= {str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and not node.level}
        assert not {name for name in imported if {name, name.split(".")[0]} & forbidden}, scheme


def test_what_the_operator_admits_gets_its_message(admitted: Settings, receiver: Receiver) -> None:
    receiver.says(answer(200, b"{}"))

    assert send(OWN["ntfy"].format(place=f"127.0.0.1:{receiver.port}"), admitted) == channels.SENT
    assert b"Checkout is down" in receiver.asked[0].body


@pytest.mark.parametrize(
    "url",
    [
        "",
        "ntfys://",
        "file://localhost/etc/passwd",
        "mailto://user:secret@example.com",
        "json://127.0.0.1",
        "syslog://",
        "dbus://",
        "windows://",
        "mqtt://127.0.0.1",
        "irc://127.0.0.1",
        "slack://a/b/c",
        "apprise://127.0.0.1/token",
        f"discord://{N}/{A}?template=/etc/passwd",
        f"tgram://123456789:{A}/1?template=/etc/passwd",
        "ntfys://ntfy.example.com/a?verify=no",
        "ntfys://ntfy.example.com/a?to=b;verify=no",
        "ntfys://ntfy.example.com/a?+to=b",
        "ntfys://ntfy.example.com/a?attach=/etc/passwd",
        "ntfys://ntfy.example.com/a?rto=99999",
        "ntfys://ntfy.example.com/a\r\nmailto://x",
        "ntfys://ntfy.example.com/a mailto://x",
        "NTFYS://ntfy.example.com/a",
        "ntfys://" + "a" * 1000,
    ],
)
def test_what_is_not_on_the_list_is_refused_with_a_sentence(url: str, closed: Settings, connections: list[Any]) -> None:
    why = why_not(url)

    assert why is not None
    assert why.endswith(".")
    assert send(url, closed) == Outcome("refused", why.rstrip("."))
    assert connections == []


def test_the_teams_addresses_may_be_anywhere_and_of_any_service(closed: Settings, receiver: Receiver) -> None:
    assert send(f"json://127.0.0.1:{receiver.port}/hook", closed, is_trusted=True) == channels.SENT

    assert receiver.asked[0].json["title"] == "INC-42: you are paged"
    assert receiver.asked[0].json["type"] == "failure"
    assert send("nothing://x", closed, is_trusted=True) == Outcome("refused", "Apprise cannot read this address")


def test_a_text_message_is_short_and_has_no_title(
    closed: Settings, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[Any] = []

    class Service:
        def notify(self, **words: Any) -> bool:
            sent.append(words)
            return True

    monkeypatch.setattr(apprise.Apprise, "instantiate", lambda *args, **options: Service())

    send(PUBLIC["twilio"], closed)
    send(OWN["ntfy"].format(place="ntfy.example"), closed)

    assert is_text_message(PUBLIC["twilio"])
    assert [(words["title"], words["body"]) for words in sent] == [
        ("", "INC-42: you are paged https://in.example.com/a"),
        ("INC-42: you are paged", "P1 Checkout is down."),
    ]


def test_what_a_service_answers_decides_what_becomes_of_it(
    admitted: Settings, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(errands, "TOTAL", 0.3)
    url = OWN["gotify"].format(place=f"127.0.0.1:{receiver.port}")
    for script, expected in (
        (answer(401, b"secret words"), Outcome("failed", "The service answered with status 401")),
        (
            answer(429, b"", {"Retry-After": "9"}),
            Outcome("failed", "The service answered with status 429", timedelta(seconds=9)),
        ),
        (receiver.hang, Outcome("failed", "The address did not answer in time")),
        (receiver.drip, Outcome("failed", "The address did not answer in time")),
        (half, Outcome("failed", "The connection broke half-way through the answer")),
        (answer(200, b"x" * 10_000_000), channels.SENT),
    ):
        receiver.says(script)
        assert send(url, admitted) == expected


def test_neither_passwords_nor_proxies_of_the_environment_reach_a_service(
    admitted: Settings, receiver: Receiver, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login operator password secret")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    with receiving() as proxy:
        monkeypatch.setenv("http_proxy", proxy.url)
        monkeypatch.setenv("all_proxy", proxy.url)
        send(OWN["gotify"].format(place=f"127.0.0.1:{receiver.port}"), admitted)
        assert proxy.asked == []
    assert "authorization" not in receiver.asked[0].headers


def test_requests_outside_an_errand_are_left_as_they_are(receiver: Receiver) -> None:
    foreign.stand_before_requests()
    foreign.stand_before_requests()

    assert requests.get(receiver.url, timeout=5).status_code == 200


def test_apprise_is_loaded_by_nobody_who_does_not_send(tmp_path: Path) -> None:
    code = (
        "import sys, wsgi; from incidents.kernel.settings import load; from incidents.cli import main\n"
        f"wsgi.create_app(load({{'DATA_DIR': {str(tmp_path)!r}}}))\n"
        "try: main(['--help'])\nexcept SystemExit: pass\n"
        "from incidents import channels; channels.lanes()\n"
        "print('loaded', 'apprise' in sys.modules)"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert told.stdout.splitlines()[-1] == "loaded False"
