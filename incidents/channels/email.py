"""E-mail over SMTP: text and HTML, threads per incident, and the delivery's key as Message-ID."""

from __future__ import annotations

import ipaddress
import re
import smtplib
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr
from urllib.parse import unquote, urlsplit

from ..kernel import clock
from ..kernel.settings import Settings
from ..kernel.text import header_safe, one_line
from . import SENT, Message, Outcome

_CONNECT, _TOTAL = 5.0, 30.0  # seconds
_IDLE = 1.0  # a kept connection older than this is asked whether it still lives
_LONGEST_REASON = 300
# one address and nothing else: a comma, a blank or a line break would make more of it
_ADDRESS = re.compile(r"[^@\s,;:<>()\[\]\"\\\x00-\x1f\x7f]{1,64}@[^@\s,;:<>()\[\]\"\\\x00-\x1f\x7f]{1,190}")
_kept = threading.local()


class _Refused(Exception):
    """This mailbox, or this text, will never be taken."""


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

    Payload: ``to``, ``subject``, ``text``, ``html``, ``thread`` (letters with the same one hang together) or None.
    """
    recipient = _recipient(message)
    if recipient is None:
        return Outcome("refused", "This is not an e-mail address")
    content = build(message, settings).as_bytes()
    try:
        with _time_limit() as limit:
            line = _open_line(settings, limit)
            limit.watch(line.smtp)
            _hand_over(line.smtp, _sender(settings), recipient, content)
            line.used_at = time.monotonic()
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


def build(message: Message, settings: Settings) -> EmailMessage:
    """The letter as it goes over the wire. No header can be smuggled in, whatever stands in the payload."""
    payload, host = message.payload, urlsplit(settings.base_url).hostname or "localhost"
    letter = EmailMessage(policy=SMTP)
    letter["From"] = header_safe(settings.mail_from or "")
    letter["To"] = header_safe(str(payload["to"]))
    letter["Subject"] = header_safe(str(payload["subject"]))
    letter["Date"] = format_datetime(clock.now())
    letter["Message-ID"] = f"<{message.key}@{host}>"
    letter["Auto-Submitted"] = "auto-generated"
    if payload.get("thread"):
        root = f"<{re.sub(r'[^A-Za-z0-9.-]+', '-', str(payload['thread']))}.thread@{host}>"
        letter["In-Reply-To"] = root
        letter["References"] = root
    letter.set_content(str(payload["text"]))
    if payload.get("html"):
        letter.add_alternative(str(payload["html"]), subtype="html")
    return letter


def _recipient(message: Message) -> str | None:
    address = str(message.payload.get("to", ""))
    if not _ADDRESS.fullmatch(address) or len(address) > 254:
        return None
    local, _, domain = address.rpartition("@")
    try:
        return f"{local.encode('ascii').decode()}@{domain.encode('idna').decode()}"
    except UnicodeError:
        return None


def _sender(settings: Settings) -> str:
    return parseaddr(settings.mail_from or "")[1]


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
    _expect(smtp, smtp.mail(sender), final=False)  # who refuses the sender refuses a setting, not this message
    _expect(smtp, smtp.rcpt(recipient), final=True)
    try:
        _expect(smtp, smtp.data(content), final=True)
    except smtplib.SMTPDataError as refused:
        _expect(smtp, (refused.smtp_code, _as_bytes(refused.smtp_error)), final=True)


def _as_bytes(said: bytes | str) -> bytes:
    return said if isinstance(said, bytes) else said.encode()


def _expect(smtp: smtplib.SMTP, reply: tuple[int, bytes], *, final: bool) -> None:
    code, said = reply
    if 200 <= code < 300:
        return
    words = f"The mail server said: {code} {one_line(said.decode('utf-8', 'replace'))}"[:_LONGEST_REASON]
    if code in (421, -1):
        raise smtplib.SMTPServerDisconnected(words)
    smtp.rset()
    if final and code >= 500:
        raise _Refused(words)
    raise _Postponed(words)


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

    def cut(self) -> None:
        self.is_over = True
        if self._smtp is not None and self._smtp.sock is not None:
            with suppress(OSError):  # it was closed already
                self._smtp.sock.shutdown(socket.SHUT_RDWR)


@contextmanager
def _time_limit() -> Iterator[_Limit]:
    limit = _Limit()
    timer = threading.Timer(_TOTAL, limit.cut)
    timer.daemon = True
    timer.start()
    try:
        yield limit
    except (OSError, smtplib.SMTPException) as broken:
        if limit.is_over:
            raise TimeoutError from broken
        raise
    finally:
        timer.cancel()
