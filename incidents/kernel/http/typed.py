"""A webhook's address as somebody types it in: refused at once where it is plain to see that it cannot be asked."""

from __future__ import annotations

import ipaddress
import re
import socket
from collections.abc import Sequence
from urllib.parse import SplitResult, urlsplit

from ..settings import Network
from . import Blocked, judge

_HOST_NAME = re.compile(r"[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*\.?", re.ASCII)
_THIS_MACHINE = ("localhost", ".localhost")
# control characters, line and paragraph separators, and what turns the direction of writing
_UNSEEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")


def clean_line(text: str, *, longest: int) -> str:
    """An address without the blanks around it. Raises ValueError with a sentence where it is not one line, and one address."""
    value = text.strip()
    if not value:
        raise ValueError("Give the address.")
    if len(value) > longest:
        raise ValueError(f"Use at most {longest:,} characters.")
    if _UNSEEN.search(value):
        raise ValueError("Leave out line breaks and other characters that cannot be seen.")
    if "," in value or re.search(r"\s", value):
        raise ValueError("Give one address, without commas or blanks.")
    return value


def check_webhook(value: str, *, allow: Sequence[Network]) -> None:
    """Raise ValueError with a sentence; where a name leads is judged each time that it is asked."""
    parts = _parts(value)
    if parts.scheme not in ("https", "http") or not parts.hostname:
        raise ValueError("Give an address that begins with https://.")
    if parts.username is not None or parts.password is not None:
        raise ValueError("Leave user and password out of the address: what we send is signed.")
    if parts.fragment:
        raise ValueError("Leave out what follows the #: it never reaches the other side.")
    _judge_host(parts, allow)


def _parts(value: str) -> SplitResult:
    try:
        parts = urlsplit(value)
        parts.port  # noqa: B018 - it raises where it is no number
    except ValueError:
        raise ValueError("Give an address that begins with https://.") from None
    return parts


def _judge_host(parts: SplitResult, allow: Sequence[Network]) -> None:
    host, is_encrypted = (parts.hostname or "").rstrip("."), parts.scheme == "https"
    port = parts.port if parts.port is not None else 443 if is_encrypted else 80
    literal = _literal(host)
    if literal is None:
        if not _HOST_NAME.fullmatch(host):
            raise ValueError("Write the host in plain letters, digits, dots and hyphens.")
        if allow:
            return  # such a name may lead to what the operator admits
        literal = ipaddress.ip_address("1.1.1.1")  # a public one: port and scheme are judged alike
    try:
        judge.admit(literal, port=port, is_encrypted=is_encrypted, allow=allow)
    except Blocked as blocked:
        raise ValueError(str(blocked)) from None


def _literal(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """The address that a host's text is by itself, also where it is written as ``2130706433``, ``0x7f.1`` or ``017700000001``."""
    if host == _THIS_MACHINE[0] or host.endswith(_THIS_MACHINE[1]):
        return ipaddress.ip_address("127.0.0.1")
    try:
        return ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        pass
    try:
        return ipaddress.IPv4Address(socket.inet_aton(host))
    except (OSError, UnicodeEncodeError):
        return None
