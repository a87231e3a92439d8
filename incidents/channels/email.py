"""E-mail over SMTP by connections that are kept: who is refused is refused alone, and what is away is not."""

from __future__ import annotations

import re
import smtplib
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from email.utils import parseaddr
from functools import lru_cache
from typing import NamedTuple

from ..kernel.settings import Settings
from ..kernel.text import one_line
from . import SENT, Message, Outcome
from .mail_connections import connect
from .mail_limits import Limit
from .mail_replies import is_gone
from .mail_templates import Template, prepare

__all__ = ["Template", "hang_up", "prepare", "send"]

_IDLE = 1.0  # a kept connection older than this is asked whether it still lives
_LONGEST_REASON = 300
# one address and nothing else: a comma, a blank or a line break would make more of it
_ADDRESS = re.compile(r"[^@\s,;:<>()\[\]\"\\\x00-\x1f\x7f]{1,64}@[^@\s,;:<>()\[\]\"\\\x00-\x1f\x7f]{1,190}")
_DOT = re.compile(rb"^\.", re.MULTILINE)
_kept = threading.local()


class _Refused(Exception):
    """This mailbox, or this text, will never be taken."""


class _Gone(_Refused):
    """There is no such mailbox: nothing should be sent there any more."""


class _Postponed(Exception):
    """Not now; the connection is good."""


class _Envelope(NamedTuple):
    """What a server is told of a letter before its text."""

    key: str
    sender: str
    recipient: str

    def commands(self) -> bytes:
        return f"MAIL FROM:<{self.sender}>\r\nRCPT TO:<{self.recipient}>\r\nDATA\r\n".encode("ascii")


@dataclass
class _Line:
    """A connection that one thread keeps between messages."""

    smtp: smtplib.SMTP
    url: str
    used_at: float
    letters: int = 0  # that went over it
    announced: _Envelope | None = None  # behind the last letter's end: the server waits for the text of this one


def send(message: Message, settings: Settings) -> Outcome:
    """Hand one message to the mail server.

    Payload: ``to``, ``subject``, ``text``, ``html``, ``thread`` (letters with the same one hang together) or None; words
    of the recipient's own are in ``message.own``. What is sent to many is written once (see ``mail_templates``).
    """
    envelope = _envelope(message, settings)
    if envelope is None:
        return Outcome("refused", "This is not an e-mail address")
    content = prepare(message.payload, settings).fill(envelope.recipient, message.key, message.own)
    following = _envelope(message.then, settings) if message.then is not None else None
    try:
        with Limit(message.patience) as limit:
            line = _announce_on_a_line(settings, limit, envelope)
            _hand_over(line, content, following)
    except _Gone as gone:
        return Outcome("gone", str(gone))
    except _Refused as refused:
        return Outcome("refused", str(refused))
    except _Postponed as postponed:
        return Outcome("failed", str(postponed))
    except (OSError, smtplib.SMTPException, UnicodeError) as broken:
        hang_up()
        return Outcome("unreachable", _reason(broken))
    return SENT


def hang_up() -> None:
    """Close this thread's connection, if it keeps one."""
    line: _Line | None = getattr(_kept, "line", None)
    _kept.line = None
    if line is not None:
        line.smtp.close()


def _envelope(message: Message, settings: Settings) -> _Envelope | None:
    recipient = _in_ascii(str(message.payload.get("to", message.destination)))
    return None if recipient is None else _Envelope(message.key, _sender(settings.mail_from or ""), recipient)


@lru_cache(maxsize=64)  # each is asked for twice: behind the letter before, and with its own
def _in_ascii(address: str) -> str | None:
    if not _ADDRESS.fullmatch(address) or len(address) > 254:
        return None
    local, _, domain = address.rpartition("@")
    try:
        return f"{local.encode('ascii').decode()}@{domain.encode('idna').decode()}"
    except UnicodeError:
        return None


@lru_cache(maxsize=4)  # it is the same for every letter, and costs a quarter of handing one over
def _sender(mail_from: str) -> str:
    return parseaddr(mail_from)[1]


# ---- the connection ----


def _announce_on_a_line(settings: Settings, limit: Limit, envelope: _Envelope) -> _Line:
    """A connection whose server waits for the text of this letter."""
    line = _open_line(settings, limit, envelope)
    try:
        _announce(line, envelope)
    except (ConnectionError, smtplib.SMTPServerDisconnected):
        if not line.letters or limit.is_over:
            raise
        # a server may end a connection after so many letters; nothing of this one has left
        hang_up()
        line = _open_line(settings, limit, envelope)
        _announce(line, envelope)
    return line


def _open_line(settings: Settings, limit: Limit, envelope: _Envelope) -> _Line:
    url = settings.smtp_url or ""
    line: _Line | None = getattr(_kept, "line", None)
    if line is not None and (line.url != url or not _still_lives(line, limit, envelope)):
        hang_up()
        line = None
    if line is None:
        line = _kept.line = _Line(connect(url, limit), url, time.monotonic())
    limit.watch(line.smtp)
    return line


def _still_lives(line: _Line, limit: Limit, envelope: _Envelope) -> bool:
    if line.announced not in (None, envelope):
        return False  # it waits for the text of another letter, and forgets that when we hang up
    if time.monotonic() - line.used_at < _IDLE:
        return True
    if line.announced is not None:
        return False
    limit.watch(line.smtp)
    try:
        return line.smtp.noop()[0] == 250
    except (OSError, smtplib.SMTPException):
        return False


# ---- a letter ----


def _announce(line: _Line, envelope: _Envelope) -> None:
    if _takes_many_at_once(line):
        _announce_at_once(line, envelope)
        return
    smtp = line.smtp
    _expect(smtp, smtp.mail(envelope.sender))  # who refuses the sender refuses a setting, not this message
    _expect(smtp, smtp.rcpt(envelope.recipient), final=_no_mailbox)
    _expect(smtp, smtp.docmd("data"), final=_no_text, wanted=354)


def _takes_many_at_once(line: _Line) -> bool:
    return line.smtp.has_extn("pipelining")


def _announce_at_once(line: _Line, envelope: _Envelope) -> None:
    """Three commands in one go and then their three answers; all of them were sent behind the letter before, if it knew."""
    smtp = line.smtp
    if line.announced is None:
        smtp.send(envelope.commands())
    line.announced = None
    mail, rcpt, data = smtp.getreply(), smtp.getreply(), smtp.getreply()
    if data[0] == 354 and not mail[0] == rcpt[0] // 10 * 10 == 250:
        smtp.send(b".\r\n")  # it waits for a text to nobody: an empty one
        smtp.getreply()
    _expect(smtp, mail)
    _expect(smtp, rcpt, final=_no_mailbox)
    _expect(smtp, data, final=_no_text, wanted=354)


def _hand_over(line: _Line, content: bytes, following: _Envelope | None) -> None:
    """The text, and behind its end what the server must know of the next letter: one journey a letter.

    RFC 2920 lets commands follow the end of a text, and wants DATA to be the last of a group.
    """
    if b"\n." in content or content.startswith(b"."):
        content = _DOT.sub(b"..", content)
    end = b".\r\n" if content.endswith(b"\r\n") else b"\r\n.\r\n"
    line.announced = following if _takes_many_at_once(line) else None
    line.smtp.send(b"".join((content, end, line.announced.commands() if line.announced else b"")))
    reply = line.smtp.getreply()
    line.letters += 1
    line.used_at = time.monotonic()
    _expect(line.smtp, reply, final=_no_text, is_over=True)


def _expect(
    smtp: smtplib.SMTP,
    reply: tuple[int, bytes],
    *,
    final: Callable[[int, str], _Refused] | None = None,
    wanted: int | None = None,
    is_over: bool = False,
) -> None:
    """Go on, or raise what the answer means; ``final`` says what a refusal for good is about.

    ``is_over``: the text was handed over, so there is nothing to take back, and the next letter may have begun.
    """
    code, said = reply
    if code == wanted if wanted else 200 <= code < 300:
        return
    words = f"The mail server said: {code} {one_line(said.decode('utf-8', 'replace'))}"[:_LONGEST_REASON]
    if code in (421, -1):
        raise smtplib.SMTPServerDisconnected(words)
    if not is_over:
        smtp.rset()
    if final is not None and code >= 500:
        raise final(code, words)
    raise _Postponed(words)


def _no_mailbox(code: int, words: str) -> _Refused:
    return (_Gone if is_gone(code, words) else _Refused)(words)


def _no_text(code: int, words: str) -> _Refused:
    return _Refused(words)


def _reason(broken: Exception) -> str:
    if isinstance(broken, TimeoutError):
        return "The mail server did not answer in time"
    if isinstance(broken, smtplib.SMTPAuthenticationError):
        return "The mail server refused the user name or password"
    if isinstance(broken, smtplib.SMTPResponseException):
        said = broken.smtp_error
        words = said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
        return f"The mail server said: {broken.smtp_code} {one_line(words)}"[:_LONGEST_REASON]
    return f"The mail server cannot be reached: {one_line(str(broken))}"[:_LONGEST_REASON]
