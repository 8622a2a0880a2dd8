"""Proxmox's property strings: ``local-lvm:vm-101-disk-0,size=8G`` and the like."""

from __future__ import annotations

from typing import Any


def parse_properties(value: Any, default_key: str) -> dict[str, str]:
    """The properties of one config line, in their order.

    Parts are separated by commas; a part without ``=`` is the value of ``default_key``, at any position.
    So is a part whose text before ``=`` is a path or a volume id, because no option's name holds ``/`` or
    ``:``. Unknown keys are kept; of a key that comes twice the first counts, as Proxmox refuses the second.
    """
    found: dict[str, str] = {}
    for part in str(value).split(","):
        key, equals, content = part.strip().partition("=")
        if not equals or "/" in key or ":" in key:
            key, content = default_key, part.strip()
        if content or equals:
            found.setdefault(key.strip(), content.strip())
    return found
