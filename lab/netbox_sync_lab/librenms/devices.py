"""/devices, /devices/{host} and /devicegroups, as the releases answer them."""

from collections.abc import Callable

from netbox_sync_lab.librenms import schema
from netbox_sync_lab.librenms.answers import (
    Call,
    Document,
    check_sight,
    coordinate,
    error,
    found,
    need_global_read,
    number,
    ok,
    server_error,
    time_text,
)
from netbox_sync_lab.librenms.schema import Row


def location_of(call: Call, location_id: int | None) -> Row | None:
    return next((r for r in call.state.locations if r["id"] == location_id), None)


def _location_name(call: Call, device: Row) -> str:
    return (location_of(call, device["location_id"]) or {}).get("location") or ""


def _device_columns(call: Call, row: Row, *, iso: bool) -> Row:
    answer = {c: row[c] for c in schema.DEVICE if call.since(25) or c not in schema.DEVICE_SINCE_2025}
    for column in schema.DEVICE_TIMES:
        value = call.discovered(row["device_id"]) if row[column] == schema.DISCOVERED else row[column]
        answer[column] = time_text(value, iso)
    answer["display"] = row["display"] or row["hostname"]
    return answer


def _listed_device(call: Call, row: Row) -> Row:
    location = location_of(call, row["location_id"]) or {}
    return _device_columns(call, row, iso=False) | {
        "dependency_parent_id": None,
        "dependency_parent_hostname": None,
        "location": location.get("location"),
        "lat": coordinate(call, location.get("lat")),
        "lng": coordinate(call, location.get("lng")),
    }


def _cast_device(call: Call, row: Row) -> Row:
    answer = _device_columns(call, row, iso=True)
    booleans = schema.DEVICE_BOOLEANS_2025 if call.since(25) else schema.DEVICE_BOOLEANS_BEFORE
    for column in booleans:
        answer[column] = bool(answer[column])
    answer["icon"] = f"images/os/{row['icon']}"
    return answer


def _single_device(call: Call, row: Row) -> Row:
    answer = _cast_device(call, row)
    location = location_of(call, row["location_id"])
    if call.since(26, 5):
        answer["location"] = location and _iso_location(location)
        return answer | {"lat": None, "lng": None}
    if not call.since(26, 4):
        answer["location"] = location and location["location"]
    location = location or {}
    return answer | {"lat": number(location.get("lat")), "lng": number(location.get("lng"))}


def _iso_location(row: Row) -> Row:
    return row | {
        "lat": number(row["lat"]),
        "lng": number(row["lng"]),
        "timestamp": time_text(row["timestamp"], iso=True),
        "fixed_coordinates": bool(row["fixed_coordinates"]),
    }


_FLAGS: dict[str, Callable[[Row], bool]] = {
    "active": lambda d: not d["ignore"] and not d["disabled"],
    "ignored": lambda d: bool(d["ignore"]) and not d["disabled"],
    "up": lambda d: bool(d["status"]) and not d["ignore"] and not d["disabled"],
    "down": lambda d: not d["status"] and not d["ignore"] and not d["disabled"],
    "disabled": lambda d: bool(d["disabled"]),
}
_LIKE_SINCE_25_6 = ("serial", "version", "hardware", "features")


def list_devices(call: Call) -> Document:
    rows = call.only_own(call.state.devices)
    kind, query = call.query.get("type", ""), call.query.get("query", "")
    if kind in _FLAGS:
        rows = [r for r in rows if _FLAGS[kind](r)]
    elif kind in ("hostname", "sysName", "display") or (kind in _LIKE_SINCE_25_6 and call.since(25, 6)):
        rows = [r for r in rows if query.lower() in str(r[kind] or "").lower()]
    elif kind in ("os", "device_id", "type", "location_id"):
        rows = [r for r in rows if str(r[kind]) == query]
    elif kind == "location":
        rows = [r for r in rows if query.lower() in _location_name(call, r).lower()]
    column, _, direction = (call.query.get("order") or "hostname").partition(" ")
    if column not in schema.DEVICE:
        return ok("devices", [])
    rows = sorted(rows, key=lambda r: (r[column] is not None, r[column]))
    if direction.lower() == "desc":
        rows.reverse()
    return ok("devices", [_listed_device(call, r) for r in rows])


def get_device(call: Call) -> Document:
    row = call.state.device(call.args["host"])
    if row is None:
        raise error(404, f"Device {call.args['host']} does not exist")
    check_sight(call, row["device_id"])
    return ok("devices", [_single_device(call, row)])


def any_device_page(call: Call) -> Document:
    """`/devices/{h}/{anything}` is the graph route: without a graph of that name it breaks."""
    raise server_error(call)


def _members(call: Call, group_id: int) -> list[int]:
    return [r["device_id"] for r in call.state.device_group_members if r["device_group_id"] == group_id]


def list_device_groups(call: Call) -> Document:
    if not call.policies:
        need_global_read(call)
    rows = call.state.device_groups
    if not call.access.everything:
        rows = [g for g in rows if set(_members(call, g["id"])) & call.access.devices]
    return _groups(rows)


def list_groups_of_device(call: Call) -> Document:
    device = call.state.device(call.args["host"])
    if device is None:
        raise error(404, "Device not found")
    check_sight(call, device["device_id"])
    rows = [g for g in call.state.device_groups if device["device_id"] in _members(call, g["id"])]
    return _groups(rows)


def _groups(rows: list[Row]) -> Document:
    rows = sorted(found(rows, "No device groups found"), key=lambda g: str(g["name"]))
    return ok("groups", [dict(r) for r in rows], message=f"Found {len(rows)} device groups")


def get_device_group(call: Call) -> Document:
    if not call.policies:
        need_global_read(call)
    name = call.args["name"]
    group = next(
        (
            g
            for g in call.state.device_groups
            if (g["id"] == int(name) if name.isdigit() else g["name"] == name)
        ),
        None,
    )
    if group is None:
        raise error(404, "Device group not found")
    ids = [i for i in _members(call, group["id"]) if call.access.sees(i)]
    if not ids:
        raise error(404, f"No devices found in group {name}")
    if not call.query.get("full"):
        return ok("devices", [{"device_id": i} for i in ids])
    return ok("devices", [_cast_device(call, d) for d in call.state.devices if d["device_id"] in ids])
