"""Which addresses a typed-in name may lead to: public ones, and those that the operator admits in OUTBOUND_ALLOW."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence

from ..settings import Network
from . import Blocked

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
PORTS = frozenset({80, 443, 8443})

# Written out, because ipaddress.is_global calls some of these public (CVE-2024-4032). RFC 6890 and its successors.
_CLOSED = tuple(
    ipaddress.ip_network(network)
    for network in (
        *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12"),
        *("192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24"),
        *("203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4"),
        *("::/128", "::1/128", "64:ff9b:1::/48", "100::/64", "2001:2::/48", "2001:10::/28", "2001:20::/28"),
        *("2001:db8::/32", "3fff::/20", "5f00::/16", "fc00::/7", "fe80::/10", "fec0::/10", "ff00::/8"),
    )
)
# an IPv4 address stands inside; the bits to its right
_WRAPPINGS = (
    (ipaddress.IPv6Network("::/96"), 0),  # IPv4-compatible
    (ipaddress.IPv6Network("::ffff:0:0/96"), 0),  # IPv4-mapped
    (ipaddress.IPv6Network("::ffff:0:0:0/96"), 0),  # IPv4-translated, RFC 2765
    (ipaddress.IPv6Network("64:ff9b::/96"), 0),  # NAT64
    (ipaddress.IPv6Network("2002::/16"), 80),  # 6to4
)
_TEREDO = ipaddress.IPv6Network("2001::/32")
_ISATAP = (0x00005EFE, 0x02005EFE)


def admit(address: Address, *, port: int, is_encrypted: bool, allow: Sequence[Network]) -> None:
    """Raise Blocked with one plain sentence unless this may be connected to."""
    address = getattr(address, "ipv4_mapped", None) or address
    if any(address.version == network.version and address in network for network in allow):
        return
    if any(_is_closed(each) for each in (address, *_inside(address))):
        raise Blocked("This address leads into a private network. An operator can admit it with OUTBOUND_ALLOW.")
    if port not in PORTS:
        raise Blocked(f"Port {port} is not used for messages: only 80, 443 and 8443 are, or any inside OUTBOUND_ALLOW.")
    if not is_encrypted:
        raise Blocked("Write https://. Plain http is for addresses inside OUTBOUND_ALLOW alone.")


def _is_closed(address: Address) -> bool:
    return any(address.version == network.version and address in network for network in _CLOSED)


def _inside(address: Address) -> list[ipaddress.IPv4Address]:
    """The IPv4 addresses that a router between here and there would unwrap from this one."""
    if address.version == 4:
        return []
    number = int(address)
    found = [number >> shift for network, shift in _WRAPPINGS if address in network]
    if address in _TEREDO:
        found += [number >> 64, ~number]  # its server, and its client with the bits turned round
    if number >> 32 & 0xFFFFFFFF in _ISATAP:
        found.append(number)
    return [ipaddress.IPv4Address(each & 0xFFFFFFFF) for each in found]
