"""Where a request really came from, when proxies that we trust stand in between."""

from __future__ import annotations

import ipaddress

from flask import Request

from .settings import Settings

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def client_address(request: Request, settings: Settings) -> str:
    """The nearest address that is not one of TRUSTED_PROXIES, in its plain form; "" when there is none.

    ``X-Forwarded-For`` is read from its end, and only as far as each teller is trusted: whatever stands
    before the first stranger was written by that stranger.
    """
    teller = _address(request.remote_addr or "")
    if teller is None:
        return ""
    for told in reversed(",".join(request.headers.getlist("X-Forwarded-For")).split(",")):
        if not _is_trusted(teller, settings):
            break
        before = _address(told.strip())
        if before is None:
            break
        teller = before
    return str(teller)


def is_https(request: Request, settings: Settings) -> bool:
    """Whether the browser speaks https, also where a trusted proxy ends it."""
    teller = _address(request.remote_addr or "")
    if teller is not None and _is_trusted(teller, settings):
        return request.headers.get("X-Forwarded-Proto", request.scheme).split(",")[-1].strip().lower() == "https"
    return request.scheme == "https"


def _address(text: str) -> Address | None:
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        found = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return getattr(found, "ipv4_mapped", None) or found


def _is_trusted(address: Address, settings: Settings) -> bool:
    return any(address.version == network.version and address in network for network in settings.trusted_proxies)
