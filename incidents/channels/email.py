"""E-mail over SMTP by connections that are kept: who is refused is refused alone, and what is away is not."""

from __future__ import annotations

import ipaddress
import re
import smtplib
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from email.utils import parseaddr
from functools import lru_cache
from urllib.parse import unquote, urlsplit

from ..kernel.settings import Settings
from ..kernel.text import one_line
from . import SENT, Message, Outcome
from .mail_templates import Template, prepare

__all__ = ["Template", "hang_up", "prepare", "send"]

_CONNECT, _TOTAL = 5.0, 30.0  # seconds
_IDLE = 1.0  # a kept connection older than this is asked whether it still lives
_LONGEST_REASON = 300
# one address and nothing else: a comma, a blank or a line break would make more of it
_ADDRESS = re.compile(r"[^@\s,;:<>()\[\]\"\\\x00-\x1f\x7f]{1,64}@[^@\s,;:<>()\[\]\"\\\x00-\x1f\x7f]{1,190}")
_DOT = re.compile(rb"^\.", re.MULTILINE)
_ENHANCED = re.compile(r" \d{3} 5\.(\d{1,3}\.\d{1,3})\b")
_kept = threading.local()


class _Refused(Exception):
    """This mailbox, or this text, will never be taken."""


class _Gone(_Refused):
    """There is no such mailbox: nothing should be sent there any more."""


class _Postponed(Exception):
    """Not now; the connection is good."""


@dataclass
class _Line:
    """A connection that one thread keeps between messages."""

    smtp: smtplib.SMTP
    url: str
    used_at: float


def send(message: Message, settings: Settings) -> Outcome:
    """Hand one message to the mail server.

    Payload: ``to``, ``subject``, ``text``, ``html``, ``thread`` (letters with the same one hang together) or None; words
    of the recipient's own are in ``message.own``. What is sent to many is written once (see ``mail_templates``).
    """
    recipient = _recipient(message)
    if recipient is None:
        return Outcome("refused", "This is not an e-mail address")
    content = prepare(message.payload, settings).fill(recipient, message.key, message.own)
    try:
        with _time_limit(message.patience) as limit:
            line = _open_line(settings, limit)
            limit.watch(line.smtp)
            _hand_over(line.smtp, _sender(settings.mail_from or ""), recipient, content)
            line.used_at = time.monotonic()
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


def _recipient(message: Message) -> str | None:
    address = str(message.payload.get("to", message.destination))
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


def _open_line(settings: Settings, limit: _Limit) -> _Line:
    url = settings.smtp_url or ""
    line: _Line | None = getattr(_kept, "line", None)
    if line is not None and (line.url != url or not _still_lives(line, limit)):
        hang_up()
        line = None
    if line is None:
        line = _kept.line = _Line(_connect(url, limit), url, time.monotonic())
    return line


def _still_lives(line: _Line, limit: _Limit) -> bool:
    if time.monotonic() - line.used_at < _IDLE:
        return True
    limit.watch(line.smtp)
    try:
        return line.smtp.noop()[0] == 250
    except (OSError, smtplib.SMTPException):
        return False


def _connect(url: str, limit: _Limit) -> smtplib.SMTP:
    parts = urlsplit(url)
    host = parts.hostname or "localhost"
    if parts.scheme == "smtps":
        smtp: smtplib.SMTP = _WatchedTls(host, parts.port or 465, limit)
    else:
        smtp = _Watched(host, parts.port or 25, limit)
    try:
        limit.watch(smtp)
        smtp.ehlo()
        if parts.scheme == "smtp" and smtp.has_extn("starttls"):
            smtp.starttls(context=_context_for(smtp))
            smtp.ehlo()
        if parts.username:
            _sign_in(smtp, unquote(parts.username), unquote(parts.password or ""))
    except BaseException:
        smtp.close()
        raise
    return smtp


class _Watched(smtplib.SMTP):
    """Under the time limit from before its first byte."""

    def __init__(self, host: str, port: int, limit: _Limit) -> None:
        limit.watch(self)
        super().__init__(host, port, timeout=_CONNECT)


class _WatchedTls(smtplib.SMTP_SSL):
    """The same with TLS from the first byte."""

    def __init__(self, host: str, port: int, limit: _Limit) -> None:
        limit.watch(self)
        super().__init__(host, port, timeout=_CONNECT, context=ssl.create_default_context())


def _context_for(smtp: smtplib.SMTP) -> ssl.SSLContext:
    context = ssl.create_default_context()
    if _peer(smtp).is_loopback:
        # a mail server on this very machine has a certificate that it made itself
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _sign_in(smtp: smtplib.SMTP, user: str, password: str) -> None:
    if not isinstance(smtp.sock, ssl.SSLSocket) and not _peer(smtp).is_private:
        raise smtplib.SMTPException("the mail server offers no encryption, so the password was not sent")
    smtp.login(user, password)


def _peer(smtp: smtplib.SMTP) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    assert smtp.sock is not None
    return ipaddress.ip_address(smtp.sock.getpeername()[0].partition("%")[0])


def _hand_over(smtp: smtplib.SMTP, sender: str, recipient: str, content: bytes) -> None:
    if smtp.has_extn("pipelining"):
        _announce_at_once(smtp, sender, recipient)
    else:
        _expect(smtp, smtp.mail(sender))  # who refuses the sender refuses a setting, not this message
        _expect(smtp, smtp.rcpt(recipient), final=_no_mailbox)
        _expect(smtp, smtp.docmd("data"), final=_no_text, wanted=354)
    if b"\n." in content or content.startswith(b"."):
        content = _DOT.sub(b"..", content)
    smtp.send(content + (b".\r\n" if content.endswith(b"\r\n") else b"\r\n.\r\n"))
    _expect(smtp, smtp.getreply(), final=_no_text)


def _announce_at_once(smtp: smtplib.SMTP, sender: str, recipient: str) -> None:
    """Three commands in one go and then their three answers: two journeys fewer a letter (RFC 2920)."""
    smtp.send(f"MAIL FROM:<{sender}>\r\nRCPT TO:<{recipient}>\r\nDATA\r\n".encode("ascii"))
    mail, rcpt, data = smtp.getreply(), smtp.getreply(), smtp.getreply()
    if data[0] == 354 and not mail[0] == rcpt[0] // 10 * 10 == 250:
        smtp.send(b".\r\n")  # it waits for a text to nobody: an empty one
        smtp.getreply()
    _expect(smtp, mail)
    _expect(smtp, rcpt, final=_no_mailbox)
    _expect(smtp, data, final=_no_text, wanted=354)


def _expect(
    smtp: smtplib.SMTP,
    reply: tuple[int, bytes],
    *,
    final: Callable[[int, str], _Refused] | None = None,
    wanted: int | None = None,
) -> None:
    """Go on, or raise what the answer means; ``final`` says what a refusal for good is about."""
    code, said = reply
    if code == wanted if wanted else 200 <= code < 300:
        return
    words = f"The mail server said: {code} {one_line(said.decode('utf-8', 'replace'))}"[:_LONGEST_REASON]
    if code in (421, -1):
        raise smtplib.SMTPServerDisconnected(words)
    smtp.rset()
    if final is not None and code >= 500:
        raise final(code, words)
    raise _Postponed(words)


def _no_mailbox(code: int, words: str) -> _Refused:
    """Gone for good, or refused for a reason that may be ours: a policy, a relay, a full box (RFC 3463)."""
    enhanced = _ENHANCED.search(words)
    about = enhanced[1] if enhanced else ""
    is_gone = about in ("1.1", "1.2", "1.3", "1.6", "1.10", "2.1") if about else code in (550, 551, 553)
    return (_Gone if is_gone else _Refused)(words)


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


class _Limit:
    """Cuts a connection off when the time for one message is over, however slowly its other side drips."""

    def __init__(self) -> None:
        self.is_over = False
        self._smtp: smtplib.SMTP | None = None

    def watch(self, smtp: smtplib.SMTP) -> None:
        self._smtp = smtp
        if smtp.sock is not None:
            smtp.sock.settimeout(_TOTAL)
            # the end of a letter must not wait until its beginning was confirmed
            smtp.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def cut(self) -> None:
        self.is_over = True
        if self._smtp is not None and self._smtp.sock is not None:
            with suppress(OSError):  # it was closed already
                self._smtp.sock.shutdown(socket.SHUT_RDWR)


class _Cutter:
    """One thread that keeps all limits: a timer a message costs more than handing the message over."""

    def __init__(self) -> None:
        self._ends: dict[_Limit, float] = {}
        self._news = threading.Condition()
        self._wakes_at = float("inf")
        self._thread: threading.Thread | None = None

    def begin(self, limit: _Limit, seconds: float) -> None:
        with self._news:
            ends = self._ends[limit] = time.monotonic() + seconds
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._keep, name="mail-limits", daemon=True)
                self._thread.start()
            elif ends < self._wakes_at:
                self._news.notify()

    def end(self, limit: _Limit) -> None:
        with self._news:
            self._ends.pop(limit, None)

    def _keep(self) -> None:
        with self._news:
            while True:
                now = time.monotonic()
                for limit in [limit for limit, ends in self._ends.items() if ends <= now]:
                    del self._ends[limit]
                    limit.cut()
                self._wakes_at = min(self._ends.values(), default=now + _TOTAL)
                self._news.wait(self._wakes_at - now)


_cutter = _Cutter()


@contextmanager
def _time_limit(patience: float | None) -> Iterator[_Limit]:
    limit = _Limit()
    _cutter.begin(limit, min(_TOTAL, patience or _TOTAL))
    try:
        yield limit
    except (OSError, smtplib.SMTPException) as broken:
        if limit.is_over:
            raise TimeoutError from broken
        raise
    finally:
        _cutter.end(limit)
