"""Network interfaces of a guest from its configuration lines."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from netbox_sync_dagster.sources.proxmox.propstring import parse_properties
from netbox_sync_dagster.sources.proxmox.values import boolean, integer, mac, number

_KEY = re.compile(r"^net(\d+)$")
# QEMU's other options: whatever else comes as key=value is a model with its MAC (virtio=26:15:5B:73:3F:7C).
_QEMU_OPTIONS = {
    "bridge",
    "firewall",
    "link_down",
    "macaddr",
    "model",
    "mtu",
    "queues",
    "rate",
    "tag",
    "trunks",
}
_MAC_SHAPE = re.compile(r"^[0-9A-Fa-f]{2}([:-]?[0-9A-Fa-f]{2}){5}$")
_HIGHEST_VID = 4094


def nic_lines(config: dict[str, Any]) -> Iterator[tuple[int, str, Any]]:
    """(N, key, value) of every netN line, by N; keys such as netboot are ignored."""
    keys = [(int(match[1]), key) for key in config if (match := _KEY.match(key))]
    for position, key in sorted(keys):
        yield position, key, config[key]


def expand_trunks(value: str | None) -> tuple[list[int], list[int]]:
    """``10;20;30-40`` as sorted VIDs: all, and those that only a range names. Raises ValueError for anything else."""
    found: set[int] = set()
    single: set[int] = set()
    for part in re.split(r"[;\s]+", value or ""):
        if not part:
            continue
        first, dash, last = part.partition("-")
        low = integer(first, "trunks") or 0
        high = (integer(last, "trunks") or 0) if dash else low
        if not 1 <= low <= high <= _HIGHEST_VID:
            raise ValueError(f"trunks is not a list of VLANs: {value!r}")
        found.update(range(low, high + 1))
        if low == high:
            single.add(low)
    return sorted(found), sorted(found - single)


def nic_row(vmid: int, guest_type: str, position: int, key: str, value: Any) -> dict[str, Any]:
    """One row of ``proxmox.guest_interfaces``. ``name`` is a container's own; QEMU's config has none.

    Raises ValueError naming what cannot be read.
    """
    options = parse_properties(value, "model" if guest_type == "qemu" else "name")
    if guest_type == "qemu":
        model, address = _qemu_model(options)
        name = None
    else:
        model, address = options.get("type", "veth"), options.get("hwaddr")
        name = options.get("name")
    trunks, ranges = expand_trunks(options.get("trunks"))
    return {
        "vmid": vmid,
        "key": key,
        "position": position,
        "name": name,
        "model": model,
        "mac": mac(address),
        "bridge": options.get("bridge") or None,
        "tag": integer(options.get("tag"), "tag"),
        "trunks": trunks,
        "trunk_ranges": ranges,
        "mtu": integer(options.get("mtu"), "mtu"),
        "link_down": boolean(options.get("link_down"), False),
        "firewall": boolean(options.get("firewall"), False),
        "rate": number(options.get("rate"), "rate"),
        **gateways("" if guest_type == "qemu" else value),
    }


def gateways(line: Any) -> dict[str, str | None]:
    """The gateways in a line with addresses: a container's netN, or cloud-init's ipconfigN."""
    options = parse_properties(line or "", "ip")
    return {"gateway": options.get("gw") or None, "gateway6": options.get("gw6") or None}


def _qemu_model(options: dict[str, str]) -> tuple[str | None, str | None]:
    if options.get("model"):
        return options["model"], options.get("macaddr")
    for key, value in options.items():
        if key not in _QEMU_OPTIONS and (not value or _MAC_SHAPE.match(value)):
            return key, value
    return None, options.get("macaddr")
