"""E-mail over a real SMTP connection: what arrives, what is refused, and what a hostile text cannot do."""

from __future__ import annotations

import email
import email.policy
import socket
import threading
from collections.abc import Iterator
from email.message import EmailMessage
from typing import Any, cast

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session

from incidents import channels
from incidents.channels import Message, Outcome, mail_connections, mail_limits
from incidents.channels import email as channel
from incidents.kernel.settings import Settings
from incidents.kernel.settings import load as load_settings
from tests.conftest import SECRET, WoundClock
from tests.ports import free_port


class Postbox:
    """What a real mail server on loopback got, and what it says to whom."""

    def __init__(self) -> None:
        self.got: list[EmailMessage] = []
        self.envelopes: list[Envelope] = []
        self.peers: set[object] = set()
        self.says: dict[str, str] = {}
        self.says_to_data = "250 OK"
        self.extensions: list[str] = []

    async def handle_EHLO(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        session.host_name = hostname
        return [*responses[:-1], *self.extensions, responses[-1]]

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, rcpt_options: list[str]
    ) -> str:
        self.peers.add(session.peer)
        answer = self.says.get(address, "250 OK")
        if answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        if self.says_to_data.startswith("250"):
            self.envelopes.append(envelope)
            content = cast(bytes, envelope.content)
            self.got.append(email.message_from_bytes(content, policy=email.policy.default))
        return self.says_to_data


@pytest.fixture
def postbox() -> Postbox:
    return Postbox()


@pytest.fixture
def server(postbox: Postbox) -> Iterator[Controller]:
    controller = Controller(postbox, hostname="127.0.0.1", port=free_port())
    controller.start()
    yield controller
    channel.hang_up()
    controller.stop()


@pytest.fixture
def mail(server: Controller, environ_of_mail: dict[str, str]) -> Settings:
    return load_settings({**environ_of_mail, "SMTP_URL": f"smtp://127.0.0.1:{server.port}"})


@pytest.fixture
def environ_of_mail(tmp_path: Any) -> dict[str, str]:
    return {
        "DATA_DIR": str(tmp_path),
        "SECRET_KEY": SECRET,
        "BASE_URL": "https://in.example.com",
        "MAIL_FROM": "Sevenbells <bells@example.com>",
    }


def message(to: str = "ada@example.com", **payload: object) -> Message:
    whole = {"to": to, "subject": "INC-42: due", "text": "The update is due.\n", "html": "<p>due</p>", **payload}
    return Message("00112233445566778899aabbccddeeff", "email", to, whole)


def test_a_letter_arrives_with_both_bodies_and_its_key(mail: Settings, postbox: Postbox, clock: WoundClock) -> None:
    assert channels.send(message(thread="INC-42"), mail) == channels.SENT

    [letter] = postbox.got
    assert letter["Subject"] == "INC-42: due"
    assert letter["From"] == "Sevenbells <bells@example.com>"
    assert letter["To"] == "ada@example.com"
    assert letter["Message-ID"] == "<00112233445566778899aabbccddeeff@in.example.com>"
    assert letter["Auto-Submitted"] == "auto-generated"
    assert letter["References"] == letter["In-Reply-To"] == "<INC-42.thread@in.example.com>"
    assert letter["Date"].datetime == clock()
    text, html = letter.get_body(("plain",)), letter.get_body(("html",))
    assert text is not None
    assert html is not None
    assert text.get_content().splitlines() == ["The update is due."]
    assert "<p>due</p>" in html.get_content()
    assert (postbox.envelopes[0].mail_from, postbox.envelopes[0].rcpt_tos) == ("bells@example.com", ["ada@example.com"])


def test_a_letter_may_be_plain_and_on_its_own(mail: Settings, postbox: Postbox) -> None:
    channels.send(message(html=None, thread=None), mail)

    [letter] = postbox.got
    assert letter.get_content_type() == "text/plain"
    assert letter["References"] is None


def test_letters_of_every_script_arrive(mail: Settings, postbox: Postbox) -> None:
    channels.send(message(subject="INC-1: Ausfälle 東京 🔔", text="Größe 東京\n.\n..dots\n"), mail)

    [letter] = postbox.got
    body = letter.get_body(("plain",))
    assert letter["Subject"] == "INC-1: Ausfälle 東京 🔔"
    assert body is not None
    assert body.get_content().splitlines() == ["Größe 東京", ".", "..dots"]


def test_several_letters_go_over_one_connection(mail: Settings, postbox: Postbox) -> None:
    for _ in range(5):
        channels.send(message(), mail)

    assert len(postbox.got) == 5
    assert len(postbox.peers) == 1


def test_a_connection_that_was_closed_meanwhile_is_opened_again(
    mail: Settings, postbox: Postbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    channels.send(message(), mail)
    channel._kept.line.smtp.sock.shutdown(socket.SHUT_RDWR)
    monkeypatch.setattr(channel, "_IDLE", 0.0)

    assert channels.send(message(), mail) == channels.SENT
    assert len(postbox.peers) == 2


HEADERS = {
    "From",
    "To",
    "Subject",
    "Date",
    "Message-ID",
    "Auto-Submitted",
    "In-Reply-To",
    "References",
    "MIME-Version",
    "Content-Type",
}


@pytest.mark.parametrize(
    "hostile",
    [
        "x\r\nBcc: evil@example.com",
        "x\nBcc: evil@example.com",
        "x\r\n\r\nbody",
        "=?utf-8?q?a=0ABcc=3A_evil=40example.com?=",
        "=?utf-8?b?YQpCY2M6IGV2aWxAZXhhbXBsZS5jb20=?=",
        "x\x00y",
        "x\u2028Bcc: evil@example.com",
        "x\x85Bcc: evil@example.com",
        "a" * 3000,
    ],
)
def test_no_subject_or_thread_becomes_another_header(mail: Settings, postbox: Postbox, hostile: str) -> None:
    assert channels.send(message(subject=hostile, thread=hostile), mail) == channels.SENT

    [letter] = postbox.got
    assert letter["Bcc"] is None
    assert set(letter.keys()) == HEADERS
    assert postbox.envelopes[0].rcpt_tos == ["ada@example.com"]


@pytest.mark.parametrize(
    "address",
    [
        "",
        "nobody",
        "a@example.com,b@example.com",
        "a@example.com b@example.com",
        "a@example.com\r\nRCPT TO:<evil@example.com>",
        "<a@example.com>",
        "Ada <a@example.com>",
        "a@example.com>",
        "ä@example.com",
        "a" * 255 + "@example.com",
    ],
)
def test_what_is_not_one_address_is_refused_before_anything_is_sent(
    mail: Settings, postbox: Postbox, address: str
) -> None:
    outcome = channels.send(message(to=address), mail)

    assert outcome == Outcome("refused", "This is not an e-mail address")
    assert postbox.peers == set()


def test_a_mailbox_that_does_not_exist_is_refused_for_good(mail: Settings, postbox: Postbox) -> None:
    postbox.says["gone@example.com"] = "550 5.1.1 no such user"

    assert channels.send(message(to="gone@example.com"), mail) == Outcome(
        "gone", "The mail server said: 550 5.1.1 no such user"
    )
    assert channels.send(message(), mail) == channels.SENT


def test_a_full_mailbox_is_tried_again(mail: Settings, postbox: Postbox) -> None:
    postbox.says["full@example.com"] = "452 4.2.2 mailbox full"

    assert channels.send(message(to="full@example.com"), mail).kind == "failed"
    assert channels.send(message(), mail) == channels.SENT


@pytest.mark.parametrize(
    ("answer", "kind"), [("451 later", "failed"), ("554 spam", "refused"), ("421 bye", "unreachable")]
)
def test_what_is_said_after_the_text_counts_too(mail: Settings, postbox: Postbox, answer: str, kind: str) -> None:
    postbox.says_to_data = answer

    outcome = channels.send(message(), mail)

    assert outcome.kind == kind
    assert outcome.reason == f"The mail server said: {answer}" or kind == "unreachable"


def test_a_server_that_is_not_there_is_unreachable(environ_of_mail: dict[str, str]) -> None:
    settings = load_settings({**environ_of_mail, "SMTP_URL": f"smtp://127.0.0.1:{free_port()}"})
    outcome = channels.send(message(), settings)

    assert outcome.kind == "unreachable"
    assert outcome.reason.startswith("The mail server cannot be reached:")


def test_a_server_that_never_speaks_is_given_up(
    environ_of_mail: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mail_limits, "TOTAL", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        settings = load_settings({**environ_of_mail, "SMTP_URL": f"smtp://127.0.0.1:{silent.getsockname()[1]}"})

        assert channels.send(message(), settings) == Outcome("unreachable", "The mail server did not answer in time")


def test_a_server_that_drips_is_cut_off(environ_of_mail: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mail_limits, "TOTAL", 0.3)
    done = threading.Event()

    def drip(listener: socket.socket) -> None:
        connection, _ = listener.accept()
        with connection:
            while not done.wait(0.05):
                try:
                    connection.sendall(b"2")
                except OSError:
                    return

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=drip, args=(listener,))
        thread.start()
        settings = load_settings({**environ_of_mail, "SMTP_URL": f"smtp://127.0.0.1:{listener.getsockname()[1]}"})
        outcome = channels.send(message(), settings)
        done.set()
        thread.join()

    assert outcome == Outcome("unreachable", "The mail server did not answer in time")


class Guarded(Controller):
    """A server that asks for a name and a password, without TLS as there is none on loopback."""

    def factory(self) -> SMTP:
        def check(_server: Any, _session: Any, _envelope: Any, _mechanism: str, given: Any) -> AuthResult:
            return AuthResult(success=(given.login, given.password) == (b"bells", b"p@ss:word"), handled=False)

        return SMTP(self.handler, authenticator=check, auth_require_tls=False, auth_required=True)


@pytest.fixture
def guarded(postbox: Postbox) -> Iterator[Guarded]:
    controller = Guarded(postbox, hostname="127.0.0.1", port=free_port())
    controller.start()
    yield controller
    channel.hang_up()
    controller.stop()


@pytest.mark.parametrize(
    ("credentials", "outcome"),
    [
        ("bells:p%40ss%3Aword", channels.SENT),
        ("bells:wrong", Outcome("unreachable", "The mail server refused the user name or password")),
    ],
)
@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")
def test_a_name_and_a_password_are_given_where_they_are_set(
    guarded: Guarded, environ_of_mail: dict[str, str], credentials: str, outcome: Outcome
) -> None:
    settings = load_settings({**environ_of_mail, "SMTP_URL": f"smtp://{credentials}@127.0.0.1:{guarded.port}"})

    assert channels.send(message(), settings) == outcome


@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")
def test_no_password_goes_over_an_open_line_to_another_machine(
    guarded: Guarded, environ_of_mail: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    import ipaddress

    monkeypatch.setattr(mail_connections, "_peer", lambda smtp: ipaddress.ip_address("8.8.8.8"))
    settings = load_settings({**environ_of_mail, "SMTP_URL": f"smtp://bells:p@127.0.0.1:{guarded.port}"})

    outcome = channels.send(message(), settings)

    assert outcome.kind == "unreachable"
    assert "no encryption" in outcome.reason


def test_no_mailbox_is_gone_and_a_policy_is_not(mail: Settings, postbox: Postbox) -> None:
    answers = {
        "550 no such user": "gone",
        "550 5.1.1 <gone@example.com>: unknown": "gone",
        "553 5.1.3 no such domain": "gone",
        "550 5.2.1 mailbox disabled": "gone",
        "554 5.7.1 relay access denied": "refused",
        "550 5.7.26 not authenticated": "refused",
        "552 5.2.2 over quota": "refused",
        "450 4.2.1 come back": "failed",
    }
    for said, kind in answers.items():
        postbox.says["gone@example.com"] = said
        assert channels.send(message(to="gone@example.com"), mail).kind == kind, said
    assert channels.send(message(), mail) == channels.SENT
    assert len(postbox.peers) == 1


def test_who_is_refused_takes_no_other_along_where_commands_go_in_one_go(mail: Settings, postbox: Postbox) -> None:
    postbox.extensions = ["250-PIPELINING"]
    postbox.says["gone@example.com"] = "550 5.1.1 no such user"

    kinds = [channels.send(message(to=to), mail).kind for to in ("a@example.com", "gone@example.com", "b@example.com")]

    assert kinds == ["sent", "gone", "sent"]
    assert [envelope.rcpt_tos for envelope in postbox.envelopes] == [["a@example.com"], ["b@example.com"]]
    assert len(postbox.peers) == 1


def in_a_row(*to: str) -> list[Message]:
    """As one thread sends them: each knows the next."""
    row: list[Message] = []
    for number, address in reversed([*enumerate(to)]):
        row.insert(0, message(to=address)._replace(key=f"key-{number}", then=row[0] if row else None))
    return row


def test_the_next_letter_is_announced_behind_the_last_and_who_is_refused_there_takes_no_other_along(
    mail: Settings, postbox: Postbox
) -> None:
    postbox.extensions = ["250-PIPELINING"]
    postbox.says["gone@example.com"] = "550 5.1.1 no such user"
    row = in_a_row("a@example.com", "gone@example.com", "b@example.com", "no address", "c@example.com")

    kinds = [channels.send(each, mail).kind for each in row]

    assert kinds == ["sent", "gone", "sent", "refused", "sent"]
    assert [each["To"] for each in postbox.got] == ["a@example.com", "b@example.com", "c@example.com"]
    assert [each["Message-ID"][1:6] for each in postbox.got] == ["key-0", "key-2", "key-4"]
    assert [each.rcpt_tos for each in postbox.envelopes] == [[each["To"]] for each in postbox.got]
    assert len(postbox.peers) == 1


def test_a_text_that_is_refused_leaves_the_letter_announced_behind_it_alone(mail: Settings, postbox: Postbox) -> None:
    postbox.extensions = ["250-PIPELINING"]
    first, second = in_a_row("a@example.com", "b@example.com")
    postbox.says_to_data = "554 no"

    assert channels.send(first, mail).kind == "refused"
    postbox.says_to_data = "250 OK"
    assert channels.send(second, mail).kind == "sent"
    assert ([each["To"] for each in postbox.got], len(postbox.peers)) == (["b@example.com"], 1)


def test_a_letter_that_was_announced_and_does_not_come_is_forgotten(mail: Settings, postbox: Postbox) -> None:
    postbox.extensions = ["250-PIPELINING"]
    first, _second = in_a_row("a@example.com", "b@example.com")

    assert channels.send(first, mail).kind == "sent"
    assert channels.send(message(to="c@example.com"), mail).kind == "sent"

    assert [(each["To"], envelope.rcpt_tos) for each, envelope in zip(postbox.got, postbox.envelopes, strict=True)] == [
        ("a@example.com", ["a@example.com"]),
        ("c@example.com", ["c@example.com"]),
    ]
    assert len(postbox.peers) == 2


@pytest.mark.parametrize("then", [True, False])
def test_a_server_that_takes_one_letter_a_connection_gets_each_on_one_of_its_own(
    environ_of_mail: dict[str, str], *, then: bool
) -> None:
    texts: list[bytes] = []

    def speak(listener: socket.socket) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection, connection.makefile("rwb") as lines:
                lines.write(b"220 hello\r\n")
                lines.flush()
                in_text = done = False
                for line in lines:
                    if in_text:
                        texts.append(line)
                        in_text, done = line != b".\r\n", line == b".\r\n"
                        said = b"" if in_text else b"250 taken\r\n"
                    elif done:
                        said = b"421 enough\r\n"
                    else:
                        in_text = line == b"DATA\r\n"
                        said = {b"E": b"250-here\r\n250 PIPELINING\r\n", b"D": b"354 go\r\n"}.get(
                            line[:1].upper(), b"250 ok\r\n"
                        )
                    lines.write(said)
                    lines.flush()
                    if said.startswith(b"421"):
                        break

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=speak, args=(listener,), daemon=True).start()
        settings = load_settings({**environ_of_mail, "SMTP_URL": f"smtp://127.0.0.1:{listener.getsockname()[1]}"})
        row = in_a_row("a@example.com", "b@example.com", "c@example.com")

        kinds = [channels.send(each if then else each._replace(then=None), settings).kind for each in row]
        channel.hang_up()
        listener.shutdown(socket.SHUT_RDWR)
    assert kinds == ["sent"] * 3
    assert [line for line in texts if line.startswith(b"To:")] == [
        f"To: {each}@example.com\r\n".encode() for each in "abc"
    ]


def test_a_server_that_takes_a_text_for_nobody_gets_an_empty_one(environ_of_mail: dict[str, str]) -> None:
    """Some say 354 though they refused the only recipient."""
    heard: list[bytes] = []

    def speak(listener: socket.socket) -> None:
        connection, _ = listener.accept()
        with connection, connection.makefile("rwb") as lines:
            lines.write(b"220 hello\r\n")
            lines.flush()
            answers = {
                b"EHLO": b"250-here\r\n250 PIPELINING\r\n",
                b"RCPT": b"550 5.1.1 nobody\r\n",
                b"DATA": b"354 go\r\n",
            }
            for line in lines:
                heard.append(line.strip())
                lines.write(answers.get(line[:4].upper(), b"250 fine\r\n"))
                lines.flush()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=speak, args=(listener,), daemon=True)
        thread.start()
        settings = load_settings({**environ_of_mail, "SMTP_URL": f"smtp://127.0.0.1:{listener.getsockname()[1]}"})

        assert channels.send(message(), settings).kind == "gone"
        channel.hang_up()
        thread.join(5)
    assert heard[-2:] == [b".", b"rset"]


WORDS = "Ausfälle. Unsubscribe: {{own.unsubscribe}} or not, {{own.name}}!\n"


def test_one_letter_for_many_differs_only_where_it_says_so(mail: Settings, postbox: Postbox, clock: WoundClock) -> None:
    payload = {
        "subject": "[Acme] Investigating: Ausfälle",
        "text": WORDS,
        "html": f"<p>{WORDS}</p>",
        "thread": "INC-1",
    }
    for to in ("ada@example.com", "bob@bücher.example"):
        own = {"unsubscribe": f"https://status.example.com/unsubscribe/{to[:3]}?a=1&b=2", "name": f"<{to[:3]}>"}
        sent = Message("0" * 31 + to[0], "email", to, {**payload, **own}, body_id=1, own=own)
        assert channels.send(sent, mail) == channels.SENT

    assert [letter["To"] for letter in postbox.got] == ["ada@example.com", "bob@xn--bcher-kva.example"]
    for letter, name in zip(postbox.got, ("ada", "bob"), strict=True):
        link = f"https://status.example.com/unsubscribe/{name}?a=1&b=2"
        text, html = letter.get_body(("plain",)), letter.get_body(("html",))
        assert text is not None
        assert html is not None
        assert text.get_content().splitlines() == [f"Ausfälle. Unsubscribe: {link} or not, <{name}>!"]
        assert f"{link.replace('&', '&amp;')} or not, &lt;{name}&gt;!" in html.get_content()
        assert letter["List-Unsubscribe"] == f"<{link}>"
        assert letter["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
        assert letter["Date"].datetime == clock()
    assert len({letter["Message-ID"] for letter in postbox.got}) == 2


@pytest.mark.parametrize(
    "word",
    [
        "x\r\nBcc: evil@example.com",
        "https://x.example/>\r\nBcc: evil@example.com",
        "https://x.example/ y",
        "=?utf-8?q?a=0ABcc=3A_evil=40example.com?=",
        "https://x.example/\u2028Bcc:",
        "\x00",
        "=" * 3000,
        ".\r\n.\r\nMAIL FROM:<evil@example.com>",
    ],
)
def test_no_word_of_a_recipients_own_becomes_a_header(mail: Settings, postbox: Postbox, word: str) -> None:
    own = {"unsubscribe": word, "name": word}

    assert (
        channels.send(
            Message("0" * 32, "email", "ada@example.com", message(text=WORDS, html=WORDS).payload, own=own), mail
        ).kind
        == "sent"
    )

    [letter] = postbox.got
    assert letter["Bcc"] is None
    assert set(letter.keys()) == HEADERS - {"In-Reply-To", "References"}
    assert [envelope.rcpt_tos for envelope in postbox.envelopes] == [["ada@example.com"]]


def test_a_template_takes_neither_an_address_nor_a_key_that_is_more_than_that(mail: Settings) -> None:
    template = channel.prepare(message().payload, mail)

    for recipient, key in (
        ("a@example.com\r\nBcc: x@example.com", "0"),
        ("a@example.com", "0\r\nBcc: x"),
        ("ä@x", "0"),
    ):
        with pytest.raises(ValueError, match="neither a key nor an address"):
            template.fill(recipient, key)


def test_lines_are_never_longer_than_mail_servers_take(mail: Settings, postbox: Postbox) -> None:
    own = {"unsubscribe": "https://status.example.com/" + "u" * 3000, "name": "é" * 500}
    long = message(text="word " * 5000 + WORDS + "x" * 5000, html=WORDS)

    assert channels.send(Message("0" * 32, "email", "ada@example.com", long.payload, own=own), mail).kind == "sent"
    content = cast(bytes, postbox.envelopes[0].content)
    assert max(len(line) for line in content.split(b"\r\n")) <= 998
