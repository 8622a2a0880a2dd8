"""The addresses of a guest: what its agent or container says, or what its configuration fixes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from netbox_sync_dagster.sources.proxmox.addresses import Parsed, parse_address
from netbox_sync_dagster.sources.proxmox.propstring import parse_properties
from netbox_sync_dagster.sources.proxmox.values import boolean, mac
from netbox_sync_dagster.storage.parquet import Row

# eth0:1 is a second label of eth0, not an interface.
_LABEL = re.compile(r":\d+$")
_NO_ADDRESS = {"", "dhcp", "manual", "auto"}
# A device of the node that the guest uses: a PCI or USB device, which may be a network card.
_PASSED_THROUGH = re.compile(r"^(hostpci|usb)\d+$")
# Second digit of a MAC address that no manufacturer gave: those of bridges, veth and containers.
_LOCAL_MAC = set("2367ABEF")


@dataclass
class Seen:
    """What a guest showed: interfaces by name, and its addresses per netN in the order shown.

    ``bad`` are (what, reason) of entries that could not be read.
    """

    interfaces: list[Row] = field(default_factory=list)
    addresses: list[Row] = field(default_factory=list)
    bad: list[tuple[Any, str]] = field(default_factory=list)


def agent_enabled(config: dict[str, Any]) -> bool:
    """Whether ``agent: 1,fstrim_cloned_disks=1`` or ``agent: enabled=1`` says yes."""
    options = parse_properties(config.get("agent", "0"), "enabled")
    return bool(boolean(options.get("enabled"), False))


def has_passed_through(config: dict[str, Any]) -> bool:
    """Whether the guest uses devices of its node, whose network cards are no netN."""
    return any(_PASSED_THROUGH.match(key) for key in config)


def passed_through(vmid: int, nics: list[Row], interfaces: list[dict[str, Any]]) -> list[Row]:
    """Interfaces with a manufacturer's MAC address that no netN has, one per address: network cards of the node.

    Rows of ``guest_agent_interfaces`` without a key.
    """
    known = {nic["mac"] for nic in nics}
    found: dict[str, str] = {}
    for name, address in _macs(interfaces).items():
        if address and address not in known and address[1] not in _LOCAL_MAC:
            shortest = min(found.get(address, name), name, key=lambda text: (len(text), text))
            found[address] = shortest
    return [
        {"vmid": vmid, "key": None, "position": 0, "name": name, "mac": address}
        for address, name in sorted(found.items())
    ]


def qemu_interfaces(answer: Any) -> list[dict[str, Any]]:
    """The interfaces in an answer of ``agent/network-get-interfaces``.

    Raises ValueError with the agent's own words where it reports an error instead.
    """
    result = answer.get("result") if isinstance(answer, dict) else answer
    if isinstance(result, dict) and "error" in result:
        error = result["error"]
        raise ValueError(error.get("desc", str(error)) if isinstance(error, dict) else str(error))
    if not isinstance(result, list):
        raise ValueError("the guest agent's answer is not a list of interfaces")
    return [item for item in result if isinstance(item, dict)]


def join(vmid: int, nics: list[Row], interfaces: list[dict[str, Any]], source: str, keep_apipa: bool) -> Seen:
    """Join what the guest shows to the netN of its configuration.

    By MAC, whatever its case; several interfaces with one MAC (VLANs, bridges, macvlans in the guest) are one;
    ``ens20:1`` is ``ens20``; a container's interface joins by its name too, which its configuration fixes.
    Interfaces of no netN (docker0, veth, cali) are left out.
    """
    seen = Seen()
    by_mac: dict[str, Row] = {}
    by_name = {nic["name"]: nic for nic in nics if nic["name"]}
    for nic in nics:
        if nic["mac"]:
            by_mac.setdefault(nic["mac"], nic)
    macs = _macs(interfaces)
    collected: dict[str, list[Parsed]] = {nic["key"]: [] for nic in nics}
    known: set[tuple[str, str]] = set()
    for item in interfaces:
        name = _LABEL.sub("", str(item.get("name") or ""))
        address = macs.get(name)
        owner = by_mac.get(address or "") or (by_name.get(name) if source == "lxc" else None)
        if owner is None:
            continue
        if (owner["key"], name) not in known:
            known.add((owner["key"], name))
            position = sum(1 for key, _ in known if key == owner["key"]) - 1
            seen.interfaces.append(
                {"vmid": vmid, "key": owner["key"], "position": position, "name": name, "mac": address}
            )
        for text, prefix in _said(item):
            try:
                parsed = parse_address(text, prefix, link_local_ipv4=keep_apipa)
            except ValueError as error:
                seen.bad.append((item, str(error)))
                continue
            if parsed:
                collected[owner["key"]].append(parsed)
    seen.addresses = _rows(vmid, source, collected)
    return seen


def configured(vmid: int, guest_type: str, nics: list[Row], config: dict[str, Any]) -> Seen:
    """The fixed addresses: a container's ``ip=``/``ip6=`` (static), QEMU's ``ipconfigN`` (cloudinit).

    ``dhcp``, ``auto`` and ``manual`` are ignored.
    """
    seen = Seen()
    collected: dict[str, list[Parsed]] = {}
    for nic in nics:
        line = nic["key"] if guest_type == "lxc" else f"ipconfig{nic['position']}"
        options = parse_properties(config.get(line, ""), "name" if guest_type == "lxc" else "ip")
        for option in ("ip", "ip6"):
            text = options.get(option, "")
            if text.lower() in _NO_ADDRESS:
                continue
            try:
                parsed = parse_address(text)
            except ValueError as error:
                seen.bad.append((f"{line}: {option}={text}", str(error)))
                continue
            if parsed:
                collected.setdefault(nic["key"], []).append(parsed)
    seen.addresses = _rows(vmid, "static" if guest_type == "lxc" else "cloudinit", collected)
    for row in seen.addresses:
        row["configured"] = True
    return seen


def _macs(interfaces: Iterable[dict[str, Any]]) -> dict[str, str | None]:
    """MAC by interface name; a label such as ens20:1 has no MAC."""
    found: dict[str, str | None] = {}
    for item in interfaces:
        name = _LABEL.sub("", str(item.get("name") or ""))
        try:
            address = mac(item.get("hardware-address") or item.get("hwaddr"))
        except ValueError:  # InfiniBand and tunnels have longer or shorter ones; no netN has such a one.
            address = None
        found[name] = found.get(name) or address
    return found


def _said(item: dict[str, Any]) -> Iterator[tuple[Any, Any]]:
    """(address, prefix) as the guest says them, by agents and by `/lxc/{id}/interfaces` old and new."""
    listed = item.get("ip-addresses")
    if isinstance(listed, list):
        for entry in listed:
            if isinstance(entry, dict) and entry.get("ip-address"):
                yield entry["ip-address"], entry.get("prefix")
    else:
        for field_name in ("inet", "inet6"):
            for word in str(item.get(field_name) or "").replace(",", " ").split():
                yield word, None


def _rows(vmid: int, source: str, collected: dict[str, list[Parsed]]) -> list[Row]:
    rows = []
    for key, found in collected.items():
        unique = {parsed[3]: parsed for parsed in reversed(found)}
        ordered = [parsed for parsed in dict.fromkeys(found) if unique.get(parsed[3]) is parsed]
        for position, (family, address, prefix, host) in enumerate(ordered):
            rows.append(
                {
                    "vmid": vmid,
                    "key": key,
                    "family": family,
                    "address": address,
                    "prefixlen": prefix,
                    "canonical": host,
                    "source": source,
                    "position": position,
                    "configured": False,
                }
            )
    return rows
