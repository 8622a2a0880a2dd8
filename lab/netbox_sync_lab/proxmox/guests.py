"""One guest: config, snapshots, status, what its agent or its container says of its interfaces."""

import re

from netbox_sync_lab.proxmox.access import PveError
from netbox_sync_lab.proxmox.calls import Call, Hang, guest_figures, guest_of
from netbox_sync_lab.proxmox.models import Guest, Row

AGENT_READ = {8: ("VM.Monitor",), 9: ("VM.GuestAgent.Audit", "VM.GuestAgent.Unrestricted")}


def guest_config(call: Call, kind: str) -> Row:
    guest = guest_of(call, kind, "VM.Audit")
    row = {**guest.config, "digest": guest.digest}
    if guest.name:
        row.setdefault("name" if kind == "qemu" else "hostname", guest.name)
    if guest.tags:
        row.setdefault("tags", guest.tags)
    if guest.template:
        row.setdefault("template", 1)
    if snapshot := guest.snapshots[-1:]:
        row.setdefault("parent", snapshot[0]["name"])
    return row


def guest_snapshots(call: Call, kind: str) -> list[Row]:
    guest = guest_of(call, kind, "VM.Audit")
    rows = [dict(s) for s in guest.snapshots]
    current: Row = {
        "name": "current",
        "description": "You are here!",
        "digest": guest.digest,
        "running": int(guest.status != "stopped"),
    }
    if guest.snapshots:
        current["parent"] = guest.snapshots[-1]["name"]
    return [*rows, current]


def guest_status(call: Call, kind: str) -> Row:
    guest = guest_of(call, kind, "VM.Audit")
    figures = guest_figures(guest)
    figures["cpus"] = figures.pop("maxcpu")
    row: Row = {
        "vmid": guest.vmid,
        **figures,
        "status": "stopped" if guest.status == "stopped" else "running",
        "ha": {"managed": 0},
    }
    if guest.tags:
        row["tags"] = guest.tags
    if guest.template:
        row["template"] = 1
    if kind == "lxc":
        return row | {"type": "lxc", "maxswap": 512 * 2**20, "swap": 0}
    row["qmpstatus"] = guest.status
    if guest.agent_configured:
        row["agent"] = 1
    return row


def _agent(call: Call) -> Guest:
    names = AGENT_READ[9 if call.state.major >= 9 else 8]
    guest = guest_of(call, "qemu", *names)
    if not guest.agent_configured:
        raise PveError(500, "No QEMU guest agent configured")
    if guest.status == "stopped":
        raise PveError(500, f"VM {guest.vmid} is not running")
    if guest.agent == "hang":
        raise Hang
    if isinstance(guest.agent, str):
        raise PveError(500, "QEMU guest agent is not running")
    return guest


def agent_interfaces(call: Call) -> Row:
    return {"result": _agent(call).agent}


def agent_host_name(call: Call) -> Row:
    guest = _agent(call)
    return {"result": {"host-name": guest.agent_hostname or guest.name}}


def lxc_interfaces(call: Call) -> list[Row] | None:
    guest = guest_of(call, "lxc", "VM.Audit")
    if guest.status == "stopped":
        return None
    return guest.interfaces if guest.interfaces is not None else _derived_interfaces(call, guest)


def _derived_interfaces(call: Call, guest: Guest) -> list[Row]:
    rows: list[Row] = [_lxc_interface(call, "lo", "00:00:00:00:00:00", ["127.0.0.1/8", "::1/128"])]
    nets = [k for k in guest.config if re.fullmatch(r"net\d+", k)]
    for key in sorted(nets, key=lambda k: int(k[3:])):
        options = dict(o.partition("=")[::2] for o in str(guest.config[key]).split(","))
        addresses = [options[k] for k in ("ip", "ip6") if "/" in options.get(k, "")]
        rows.append(
            _lxc_interface(call, options.get("name", key), options.get("hwaddr", "").lower(), addresses)
        )
    return rows


def _lxc_interface(call: Call, name: str, mac: str, addresses: list[str]) -> Row:
    row: Row = {"name": name, "hwaddr": mac}
    for address in addresses:
        row.setdefault("inet6" if ":" in address else "inet", address)
    if call.state.major >= 9:
        row["hardware-address"] = mac
        row["ip-addresses"] = [
            {
                "ip-address": a.partition("/")[0],
                "ip-address-type": "inet6" if ":" in a else "inet",
                "prefix": a.partition("/")[2],
            }
            for a in addresses
        ]
    return row
