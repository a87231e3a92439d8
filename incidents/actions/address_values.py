"""What may be typed in as an address, kind by kind; each refusal is a sentence beside the field ``value``."""

from __future__ import annotations

import ipaddress
import re
import socket
from collections.abc import Callable, Mapping
from typing import Final
from urllib.parse import SplitResult, urlsplit

from flask import current_app

from ..kernel import apprise_schemes
from ..kernel.errors import Malformed
from ..kernel.http import Blocked, judge
from ..kernel.settings import Settings
from . import people

LONGEST: Final = 1000
# control characters, line and paragraph separators, and what turns the direction of writing
_UNSEEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")
_SLACK_MEMBER = re.compile(r"[UW][A-Z0-9]{6,20}", re.ASCII)
_ROUTING_KEY = re.compile(r"[0-9A-Za-z]{32}", re.ASCII)  # Events API v2
_HOST_NAME = re.compile(r"[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*\.?", re.ASCII)
_THIS_MACHINE = ("localhost", ".localhost")


def clean_value(kind: str, text: str) -> str:
    """The address as it is kept. Raises Malformed (field ``kind`` or ``value``)."""
    clean = _CLEAN.get(kind)
    if clean is None:
        raise _wrong(f"Choose one of {', '.join(_CLEAN)}.", field="kind")
    value = text.strip()
    if not value:
        raise _wrong("Give the address.")
    if len(value) > LONGEST:
        raise _wrong(f"Use at most {LONGEST:,} characters.")
    if _UNSEEN.search(value):
        raise _wrong("Leave out line breaks and other characters that cannot be seen.")
    if "," in value or re.search(r"\s", value):
        raise _wrong("Give one address, without commas or blanks.")
    return clean(value)


def _email(value: str) -> str:
    try:
        return people.clean_email(value)
    except Malformed as wrong:
        raise _wrong(wrong.fields["email"]) from None


def _slack(value: str) -> str:
    if not _SLACK_MEMBER.fullmatch(value.upper()):
        raise _wrong("Give the member ID from your Slack profile, such as U02ABC3DEF.")
    return value.upper()


def _pagerduty(value: str) -> str:
    if not _ROUTING_KEY.fullmatch(value):
        raise _wrong("Give the integration key of an Events API v2 integration: 32 letters and digits.")
    return value


def _webhook(value: str) -> str:
    parts = _parts(value)
    if parts.scheme not in ("https", "http") or not parts.hostname:
        raise _wrong("Give an address that begins with https://.")
    if parts.username is not None or parts.password is not None:
        raise _wrong("Leave user and password out of the address: what we send is signed.")
    if parts.fragment:
        raise _wrong("Leave out what follows the #: it never reaches the other side.")
    _judge_host(parts)
    return value


def _parts(value: str) -> SplitResult:
    try:
        parts = urlsplit(value)
        parts.port  # noqa: B018 - it raises where it is no number
    except ValueError:
        raise _wrong("Give an address that begins with https://.") from None
    return parts


def _judge_host(parts: SplitResult) -> None:
    """Refuse at once what is plain to see; where a name leads is judged each time that it is asked."""
    allow = _settings().outbound_allow
    host, is_encrypted = (parts.hostname or "").rstrip("."), parts.scheme == "https"
    port = parts.port if parts.port is not None else 443 if is_encrypted else 80
    literal = _literal(host)
    if literal is None:
        if not _HOST_NAME.fullmatch(host):
            raise _wrong("Write the host in plain letters, digits, dots and hyphens.")
        if allow:
            return  # such a name may lead to what the operator admits
        literal = ipaddress.ip_address("1.1.1.1")  # a public one: port and scheme are judged alike
    try:
        judge.admit(literal, port=port, is_encrypted=is_encrypted, allow=allow)
    except Blocked as blocked:
        raise _wrong(str(blocked)) from None


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


def _apprise(value: str) -> str:
    scheme, mark, rest = value.partition("://")
    if not mark or not rest or scheme.lower() not in apprise_schemes.ALLOWED:
        known = ", ".join(sorted(apprise_schemes.ALLOWED))
        raise _wrong(f"Give an address in Apprise's notation that begins with one of these and ://: {known}.")
    if apprise_schemes.unknown_parameters(rest) or "#" in rest:
        allowed = ", ".join(sorted(apprise_schemes.PARAMETERS))
        raise _wrong(f"After a question mark only these are taken: {allowed}.")
    return f"{scheme.lower()}://{rest}"


def label_of(kind: str, value: str) -> str:
    """What an address is called until its owner says otherwise."""
    if kind == "apprise":
        return apprise_schemes.ALLOWED[value.partition("://")[0]]
    return KINDS[kind]


def masked(kind: str, value: str) -> str:
    """As it is shown once it is kept: whole where it is no secret, else its last four characters."""
    if kind in ("email", "slack"):
        return value
    begin = {"webhook": "https://", "pagerduty": "", "apprise": ""}[kind]
    if kind == "webhook":
        begin = f"{value.partition('://')[0]}://{urlsplit(value).hostname or ''}/"
    elif kind == "apprise":
        begin = f"{value.partition('://')[0]}://"
    return f"{begin}…{value[-4:]}"


def _wrong(sentence: str, *, field: str = "value") -> Malformed:
    return Malformed({field: sentence})


def _settings() -> Settings:
    settings: Settings = current_app.extensions["sevenbells.settings"]
    return settings


KINDS: Final[Mapping[str, str]] = {
    "email": "E-mail",
    "slack": "Slack",
    "pagerduty": "PagerDuty",
    "webhook": "Webhook",
    "apprise": "SMS, push or chat",
}
_CLEAN: Final[Mapping[str, Callable[[str], str]]] = {
    "email": _email,
    "slack": _slack,
    "pagerduty": _pagerduty,
    "webhook": _webhook,
    "apprise": _apprise,
}
