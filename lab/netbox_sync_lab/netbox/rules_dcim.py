"""What NetBox checks and completes for places, devices and virtual chassis."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .rules_components import create_interfaces
from .rules_places import check_rack_space
from .rules_virtualization import primary_ip
from .schema import Row, fail
from .session import Protected
from .store import Store, parse_ip

if TYPE_CHECKING:
    from .session import Session

__all__ = ["primary_ip"]


# Places


def prefixes_of_place(label: str, site_column: str) -> Any:
    """How many prefixes have this region or site group as scope, or a site in it."""

    def compute(store: Store, row: Row) -> int:
        own = store.referring("ipam.prefix", "scope_type+id", (label, row["id"]))
        sites = store.referring("dcim.site", site_column, row["id"])
        return len(own) + sum(len(store.referring("ipam.prefix", "_site", pk)) for pk in sites)

    return compute


# Devices


def device_display(store: Store, row: Row) -> str:
    label = row["name"]
    if not label and row["virtual_chassis"] is not None:
        label = f"{store.ref('dcim.virtualchassis', row['virtual_chassis'])['name']}:{row['vc_position']}"
    if label:
        return f"{label} ({row['asset_tag']})" if row["asset_tag"] else label
    kind = store.ref("dcim.devicetype", row["device_type"])
    maker = store.ref("dcim.manufacturer", kind["manufacturer"])
    return f"{maker['name']} {kind['model']} ({row['asset_tag'] or row['id']})"


def clean_device(session: Session, row: Row, old: Row | None) -> None:
    store = session.store
    site = store.ref("dcim.site", row["site"])
    _check_place(session, row, site)
    for column in ("primary_ip4", "primary_ip6", "oob_ip"):
        _check_device_ip(store, row, column)
    kind = store.ref("dcim.devicetype", row["device_type"])
    platform = store.get("dcim.platform", row["platform"])
    if platform is not None and platform["manufacturer"] not in (None, kind["manufacturer"]):
        mine = store.ref("dcim.manufacturer", platform["manufacturer"])["name"]
        other = store.ref("dcim.manufacturer", kind["manufacturer"])["name"]
        raise fail(
            "platform",
            f"The assigned platform is limited to {mine} device types, but this device's type belongs to {other}.",
        )
    cluster = store.get("virtualization.cluster", row["cluster"])
    if cluster is not None and cluster["_site"] not in (None, row["site"]):
        other = store.ref("dcim.site", cluster["_site"])["name"]
        raise fail("cluster", f"The assigned cluster belongs to a different site ({other})")
    if cluster is not None and cluster["_location"] not in (None, row["location"]):
        other = store.ref("dcim.location", cluster["_location"])["name"]
        raise fail("cluster", f"The assigned cluster belongs to a different location ({other})")
    if row["virtual_chassis"] is not None and row["vc_position"] is None:
        raise fail("vc_position", "A device assigned to a virtual chassis must have its position defined.")
    if old is not None:
        for chassis in store.referring_rows("dcim.virtualchassis", "master", row["id"]):
            if chassis["id"] != row["virtual_chassis"]:
                raise fail(
                    "virtual_chassis",
                    f"Device cannot be removed from virtual chassis {chassis['name']} because it is currently "
                    "designated as its master.",
                )


def _check_place(session: Session, row: Row, site: Row) -> None:
    store = session.store
    rack = store.get("dcim.rack", row["rack"])
    location = store.get("dcim.location", row["location"])
    if rack is not None and rack["site"] != site["id"]:
        raise fail("rack", f"Rack {rack['name']} does not belong to site {site['name']}.")
    if location is not None and location["site"] != site["id"]:
        raise fail("location", f"Location {location['name']} does not belong to site {site['name']}.")
    if rack is not None and location is not None and rack["location"] != location["id"]:
        raise fail("rack", f"Rack {rack['name']} does not belong to location {location['name']}.")
    if rack is None and row["face"]:
        raise fail("face", "Cannot select a rack face without assigning a rack.")
    if rack is None and row["position"]:
        raise fail("position", "Cannot select a rack position without assigning a rack.")
    if row["position"] and row["position"] * 2 % 1:
        raise fail("position", "Position must be in increments of 0.5 rack units.")
    if row["position"] and not row["face"]:
        raise fail("face", "Must specify rack face when defining rack position.")
    if rack is not None:
        check_rack_space(session, row, rack)


def _on_device(store: Store, ip: Row, row: Row) -> bool:
    """Whether an address sits on an interface of the device or, in a chassis, of another member."""
    if ip["assigned_object_type"] != "dcim.interface" or row.get("id") is None:
        return False
    interface = store.get("dcim.interface", ip["assigned_object_id"])
    if interface is None:
        return False
    if interface["device"] == row["id"]:
        return True
    owner = store.ref("dcim.device", interface["device"])
    chassis = row["virtual_chassis"]
    return chassis is not None and owner["virtual_chassis"] == chassis and not interface["mgmt_only"]


def _check_device_ip(store: Store, row: Row, column: str) -> None:
    ip = store.get("ipam.ipaddress", row[column])
    if ip is None:
        return
    if column != "oob_ip" and parse_ip(ip["address"]).version != int(column[-1]):
        raise fail(column, f"{ip['address']} is not an IPv{column[-1]} address.")
    inside = store.get("ipam.ipaddress", ip["nat_inside"])
    if not _on_device(store, ip, row) and not (inside is not None and _on_device(store, inside, row)):
        raise fail(column, f"The specified IP address ({ip['address']}) is not assigned to this device.")


def complete_device(session: Session, row: Row, old: Row | None) -> None:
    store = session.store
    kind = store.ref("dcim.devicetype", row["device_type"])
    if old is None and not row["airflow"]:
        row["airflow"] = kind["airflow"]
    if old is None and row["platform"] is None:
        row["platform"] = kind["default_platform"]
    rack = store.get("dcim.rack", row["rack"])
    if rack is not None and rack["location"] is not None:
        row["location"] = rack["location"]


def add_components(session: Session, row: Row, old: Row | None) -> None:
    """A new device gets the interfaces of its type."""
    if old is not None:
        return
    templates = session.store.referring_rows("dcim.interfacetemplate", "device_type", row["device_type"])
    create_interfaces(session, templates, device=row["id"])


# Virtual chassis


def chassis_members(store: Store, row: Row) -> list[tuple[str, int, str]]:
    members = store.referring_rows("dcim.device", "virtual_chassis", row["id"])
    members.sort(key=lambda d: store.sort_key("dcim.device", "name", d))
    return [("dcim.device", d["id"], "nested") for d in members]


def clean_virtual_chassis(session: Session, row: Row, old: Row | None) -> None:
    store = session.store
    master = store.get("dcim.device", row["master"])
    if old is not None and master is not None and master["virtual_chassis"] != row["id"]:
        name = session.display("dcim.device", master)
        raise fail("master", f"The selected master ({name}) is not assigned to this virtual chassis.")


def adopt_chassis_master(session: Session, row: Row, old: Row | None) -> None:
    if old is None and row["master"] is not None:
        session.resave("dcim.device", row["master"], virtual_chassis=row["id"], vc_position=1)


def release_chassis_members(session: Session, row: Row) -> None:
    store = session.store
    members = store.referring_rows("dcim.device", "virtual_chassis", row["id"])
    split = []
    for device in members:
        for interface in store.referring_rows("dcim.interface", "device", device["id"]):
            lag = store.get("dcim.interface", interface["lag"])
            if lag is not None and lag["device"] != device["id"]:
                split.append((store.models["dcim.interface"], interface))
    if split:
        raise Protected(split, session.display)
    for device in members:
        session.resave("dcim.device", device["id"], vc_position=None, vc_priority=None)
