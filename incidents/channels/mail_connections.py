"""A connection to the mail server, up to where letters can be handed over."""

from __future__ import annotations

import ipaddress
import smtplib
import ssl
from urllib.parse import unquote, urlsplit

from .mail_limits import Limit

_CONNECT = 5.0  # seconds


def connect(url: str, limit: Limit) -> smtplib.SMTP:
    """Greeted, encrypted where the server offers it, and signed in where a name is set."""
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

    def __init__(self, host: str, port: int, limit: Limit) -> None:
        limit.watch(self)
        super().__init__(host, port, timeout=_CONNECT)


class _WatchedTls(smtplib.SMTP_SSL):
    """The same with TLS from the first byte."""

    def __init__(self, host: str, port: int, limit: Limit) -> None:
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
