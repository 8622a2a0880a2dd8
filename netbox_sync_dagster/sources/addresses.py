"""One canonical text for host and MAC addresses, whatever a server wrote and whichever Python reads it."""

from __future__ import annotations

import re
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Any

_NOT_HEX = re.compile(r"[^0-9A-Fa-f]")


def canonical_address(text: str) -> str:
    """``2001:0db8::0001`` -> ``2001:db8::1``; ``::ffff:10.0.0.1`` -> ``::ffff:a00:1``; no zone, no prefix.

    Raises ValueError if it is not an address (``10.90.6``).
    """
    address: IPv4Address | IPv6Address = ip_address(text.strip().partition("%")[0])
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        # Python 3.13 writes these with dots, older ones do not.
        value = int(address.ipv4_mapped)
        return f"::ffff:{value >> 16:x}:{value & 0xFFFF:x}"
    return str(address)


def canonical_mac(value: Any) -> str | None:
    """A MAC address in upper case with colons; None where there is none (null, "", all zeros)."""
    given = str(value or "").strip()
    if not given:
        return None
    digits = _NOT_HEX.sub("", given)
    if len(digits) != 12 or len(given) not in (12, 14, 17):
        raise ValueError(f"not a MAC address: {given!r}")
    if not digits.strip("0"):
        return None
    return ":".join(digits[i : i + 2] for i in range(0, 12, 2)).upper()
