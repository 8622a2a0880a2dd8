"""IP addresses as a guest, its configuration or its node says them."""

from __future__ import annotations

import ipaddress
from typing import Any

from netbox_sync_dagster.sources.proxmox.values import integer

Parsed = tuple[int, str, int | None, str]


def parse_address(text: Any, prefix: Any = None, *, link_local_ipv4: bool = False) -> Parsed | None:
    """(family, address as said, prefix length or None, canonical host address) of ``10.0.0.5/24`` or so.

    None for what names no host of a network: loopback, link-local, unspecified and multicast addresses and
    everything with a ``%zone``. ``link_local_ipv4`` keeps 169.254.0.0/16. ``prefix`` is a length or a dotted
    mask. Raises ValueError for other text.
    """
    said, slash, length = str(text).strip().partition("/")
    if "%" in said:
        return None
    address = ipaddress.ip_address(said)
    if address.is_loopback or address.is_unspecified or address.is_multicast:
        return None
    if address.is_link_local and not (link_local_ipv4 and address.version == 4):
        return None
    given = length if slash else prefix
    if given in (None, ""):
        bits = None
    elif isinstance(given, str) and "." in given:
        bits = ipaddress.ip_network(f"0.0.0.0/{given}").prefixlen
    else:
        bits = integer(given, "prefix")
        if bits is not None and not 0 <= bits <= address.max_prefixlen:
            raise ValueError(f"prefix length out of range: {text}/{given}")
    return address.version, said, bits, canonical(address)


def canonical(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> str:
    """The canonical text; an IPv4 address inside IPv6 in hexadecimal groups on every Python."""
    text = address.compressed
    if address.version == 6 and "." in text:
        head, _, dotted = text.rpartition(":")
        low = int(ipaddress.IPv4Address(dotted))
        text = f"{head}:{low >> 16:x}:{low & 0xFFFF:x}"
    return text
