"""What may be typed in as an address, kind by kind; each refusal is a sentence beside the field ``value``."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Final
from urllib.parse import urlsplit

from flask import current_app

from ..kernel import apprise_schemes
from ..kernel.errors import Malformed
from ..kernel.http import typed
from ..kernel.settings import Settings
from . import people

LONGEST: Final = 1000
_SLACK_MEMBER = re.compile(r"[UW][A-Z0-9]{2,20}", re.ASCII)
_ROUTING_KEY = re.compile(r"[0-9A-Za-z]{32}", re.ASCII)  # Events API v2


def clean_value(kind: str, text: str) -> str:
    """The address as it is kept. Raises Malformed (field ``kind`` or ``value``)."""
    clean = _CLEAN.get(kind)
    if clean is None:
        raise _wrong(f"Choose one of {', '.join(_CLEAN)}.", field="kind")
    try:
        return clean(typed.clean_line(text, longest=LONGEST))
    except ValueError as wrong:
        raise _wrong(str(wrong)) from None


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
    typed.check_webhook(value, allow=_settings().outbound_allow)
    return value


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
