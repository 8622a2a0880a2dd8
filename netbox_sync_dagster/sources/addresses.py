"""One canonical text for a host address, whatever a server wrote and whichever Python reads it."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address


def canonical_address(text: str) -> str:
    """``2001:0db8::0001`` -> ``2001:db8::1``; ``::ffff:10.0.0.1`` -> ``::ffff:a00:1``; no zone, no prefix.

    Raises ValueError for what is no address (``10.90.6``).
    """
    address: IPv4Address | IPv6Address = ip_address(text.strip().partition("%")[0])
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        # Python 3.13 writes these with dots, older ones do not.
        value = int(address.ipv4_mapped)
        return f"::ffff:{value >> 16:x}:{value & 0xFFFF:x}"
    return str(address)
