"""Ports, their VLANs, the port stack, transceivers and the inventory, as the releases answer them."""

from collections.abc import Iterable

from netbox_sync_lab.librenms import schema
from netbox_sync_lab.librenms.answers import (
    Call,
    Document,
    check_sight,
    error,
    host_id,
    ok,
    server_error,
    time_text,
)
from netbox_sync_lab.librenms.schema import Row


def _columns(call: Call, default: str) -> list[str]:
    columns = (call.query.get("columns") or default).split(",")
    unknown = [c for c in columns if c.strip() not in schema.PORT]
    if unknown:
        raise error(400, f"Invalid columns: {','.join(unknown)}")
    if any(c != c.strip() for c in columns):
        raise server_error(call)
    return columns


def _live_ports(call: Call) -> list[Row]:
    return [p for p in call.only_own(call.state.ports) if not p["deleted"]]


def _port(call: Call, row: Row, columns: Iterable[str]) -> Row:
    answer = {c: row[c] for c in columns}
    # Since 26 the status columns are an enumeration; what an odd device stores ("0") is null.
    if call.since(26):
        for column in schema.PORT_STATUSES & answer.keys():
            if answer[column] not in schema.IF_STATUS:
                answer[column] = None
    return answer


def _memberships(call: Call, port: Row) -> list[Row]:
    return [
        r | {"untagged": int(bool(r["untagged"]) or str(r["vlan"]) == port["ifVlan"])}
        for r in call.state.ports_vlans
        if r["port_id"] == port["port_id"]
    ]


def list_ports(call: Call) -> Document:
    columns = _columns(call, "port_id,ifName")
    rows = _live_ports(call)
    if call.php_memory_mb and 31 + len(rows) * (1.6 + 0.21 * len(columns)) / 1024 > call.php_memory_mb:
        raise server_error(call)
    return ok("ports", [_port(call, p, columns) for p in rows], count=False)


def list_device_ports(call: Call) -> Document:
    columns = _columns(call, "ifName")
    device = call.state.device(call.args["host"])
    rows = [p for p in _live_ports(call) if device and p["device_id"] == device["device_id"]]
    rows.sort(key=lambda p: p["ifIndex"])
    if not rows and call.since(24, 6):
        raise error(404, "No ports found")
    if call.query.get("with") == "vlans" and call.since(26, 2):
        columns = list(dict.fromkeys([*columns, "port_id"]))
        ports = [_port(call, p, columns) | {"vlans": _memberships(call, p)} for p in rows]
    else:
        ports = [_port(call, p, columns) for p in rows]
    return ok("ports", ports, count=False)


def get_port(call: Call) -> Document:
    text = call.args["port_id"]
    rows = [p for p in call.state.ports if text.isdigit() and p["port_id"] == int(text)]
    if rows and not call.access.sees(rows[0]["device_id"]):
        raise error(403, "Insufficient permissions to access this port")
    ports = [_port(call, p, p) for p in rows]
    if call.query.get("with") == "vlans" and call.since(25, 4):
        ports = [p | {"vlans": _memberships(call, p)} for p in ports]
    return ok("port", ports, count=not call.since(25, 4))


def port_stack(call: Call) -> Document:
    device_id = host_id(call, call.args["host"])
    check_sight(call, device_id)
    rows = [r for r in call.state.ports_stack if r["device_id"] == device_id]
    if call.since(24, 8):
        return ok("mappings", [dict(r) for r in rows], count=False)
    mappings = [
        {
            "device_id": r["device_id"],
            "port_id_high": r["high_port_id"] or 0,
            "port_id_low": r["low_port_id"] or 0,
            "ifStackStatus": r["ifStackStatus"],
        }
        for r in rows
        if r["ifStackStatus"] == "active"
    ]
    return ok("mappings", mappings)


def transceivers(call: Call) -> Document:
    if not call.since(24, 9):
        raise server_error(call)
    device_id = host_id(call, call.args["host"])
    check_sight(call, device_id)
    rows = [r for r in call.state.transceivers if r["device_id"] == device_id]
    times = ("created_at", "updated_at")
    answers = [r | {t: time_text(r[t], iso=True) for t in times} for r in rows]
    for row in answers:
        row["ddm"] = None if row["ddm"] is None else bool(row["ddm"])
    return ok("transceivers", answers, count=False)


def inventory_roots(call: Call) -> Document:
    device_id = host_id(call, call.args["host"])
    check_sight(call, device_id)
    if device_id is None:
        raise error(400, "Invalid device provided")
    parent = int(call.query.get("entPhysicalContainedIn") or 0)
    rows = [r for r in _inventory(call, device_id) if r["entPhysicalContainedIn"] == parent]
    if kind := call.query.get("entPhysicalClass"):
        rows = [r for r in rows if r["entPhysicalClass"] == kind]
    return ok("inventory", rows)


def inventory_all(call: Call) -> Document:
    device_id = host_id(call, call.args["host"])
    check_sight(call, device_id)
    return ok("inventory", _inventory(call, device_id))


def _inventory(call: Call, device_id: int | None) -> list[Row]:
    hidden = frozenset() if call.since(25) else schema.INVENTORY_SINCE_2025
    return [
        {c: v for c, v in r.items() if c not in hidden}
        for r in call.state.inventory
        if r["device_id"] == device_id
    ]
