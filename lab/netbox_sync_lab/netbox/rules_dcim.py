"""What NetBox checks and completes for devices, interfaces, modules, MAC addresses and cables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .rules_cables import VIRTUAL_TYPES, WIRELESS_TYPES, cable_row
from .rules_virtualization import check_base_interface, check_mac_shortcut, primary_ip
from .schema import LABELS, Row, ValidationFailed, fail
from .session import Protected
from .store import Store, parse_ip

if TYPE_CHECKING:
    from .session import Session

__all__ = ["primary_ip"]


def component_display(store: Store, row: Row) -> str:
    return f"{row['name']} ({row['label']})" if row["label"] else row["name"]


# Places


def prefixes_of_place(label: str, site_column: str) -> Any:
    """How many prefixes have this region or site group as scope, or a site in it."""

    def compute(store: Store, row: Row) -> int:
        own = store.referring("ipam.prefix", "scope_type+id", (label, row["id"]))
        sites = store.referring("dcim.site", site_column, row["id"])
        return len(own) + sum(len(store.referring("ipam.prefix", "_site", pk)) for pk in sites)

    return compute


def clean_location(session: Session, row: Row, old: Row | None) -> None:
    parent = session.store.get("dcim.location", row["parent"])
    if parent is not None and parent["site"] != row["site"]:
        site = session.store.ref("dcim.site", row["site"])
        raise fail(
            "parent", f"Parent location ({parent['name']}) must belong to the same site ({site['name']})."
        )


def clean_rack(session: Session, row: Row, old: Row | None) -> None:
    location = session.store.get("dcim.location", row["location"])
    if location is not None and location["site"] != row["site"]:
        site = session.store.ref("dcim.site", row["site"])
        raise fail("__all__", f"Assigned location must belong to parent site ({site['name']}).")


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
    _check_place(store, row, site)
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


def _check_place(store: Store, row: Row, site: Row) -> None:
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


# Modules


def module_of(store: Store, bay: Row) -> Row | None:
    modules = store.referring_rows("dcim.module", "module_bay", bay["id"])
    return modules[0] if modules else None


def installed_module(store: Store, row: Row) -> Any:
    module = module_of(store, row)
    return (
        None
        if module is None
        else ("dcim.module", module["id"], ("id", "url", "display", "serial", "description"))
    )


def bay_occupied(store: Store, row: Row) -> bool:
    return not row["enabled"] or module_of(store, row) is not None


def module_display(store: Store, row: Row) -> str:
    bay = store.ref("dcim.modulebay", row["module_bay"])
    kind = store.ref("dcim.moduletype", row["module_type"])
    return f"{bay['name']}: {kind['model']} ({row['id']})"


def bay_takes_module(store: Store, row: Row) -> bool:
    """Whether bay and type have a bay type in common, if both have any (4.7)."""
    bay = store.ref("dcim.modulebay", row["module_bay"]).get("module_bay_types")
    kind = store.ref("dcim.moduletype", row["module_type"]).get("module_bay_types")
    return not bay or not kind or bool(set(bay) & set(kind))


def validate_module(session: Session, data: dict[str, Any], old: Row | None) -> None:
    """From 4.7 on a module may move, with its device taken from the bay, and not change its type along with that."""
    if session.version < (4, 7) or old is None:
        return
    if "module_bay" in data and "device" not in data:
        data["device"] = session.store.ref("dcim.modulebay", data["module_bay"])["device"]
    moves = any(name in data and data[name] != old[name] for name in ("module_bay", "device"))
    if moves and "module_type" in data and data["module_type"] != old["module_type"]:
        raise fail(
            "module_type",
            "Changing a module's type while moving it is not supported. Change the module type and move the module "
            "as separate operations.",
        )


def move_components(session: Session, row: Row, old: Row | None) -> None:
    """The interfaces of a module follow it to another device (4.7)."""
    if old is None or old["device"] == row["device"] or session.version < (4, 7):
        return
    for port in session.store.referring_rows("dcim.interface", "module", row["id"]):
        session.resave("dcim.interface", port["id"], device=row["device"])


def clean_module(session: Session, row: Row, old: Row | None) -> None:
    store = session.store
    bay = store.ref("dcim.modulebay", row["module_bay"])
    if bay["device"] != row["device"]:
        name = session.display("dcim.device", store.ref("dcim.device", row["device"]))
        raise fail(
            "__all__",
            f"Module must be installed within a module bay belonging to the assigned device ({name}).",
        )
    if session.version >= (4, 7) and not bay_takes_module(store, row):
        kind = store.ref("dcim.moduletype", row["module_type"])
        raise fail(
            "__all__",
            f"Module type {kind['model']} is not compatible with module bay {bay['name']}: their bay type sets have no "
            "common members.",
        )
    if not bay["enabled"] and (old is None or old["module_bay"] != bay["id"]):
        raise fail("module_bay", "Cannot install a module in a disabled module bay.")


# Interfaces


def bridge_interfaces(store: Store, row: Row) -> list[tuple[str, int, str]]:
    return [
        ("dcim.interface", i, "nested")
        for i in sorted(store.referring("dcim.interface", "bridge", row["id"]))
    ]


def validate_interface(session: Session, data: dict[str, Any], old: Row | None) -> None:
    """Checks of the serializer: the 802.1Q mode must go with the VLANs."""
    store = session.store
    check_mac_shortcut(store, data)
    base: Row = old or {"mode": None, "untagged_vlan": None, "qinq_svlan": None, "tagged_vlans": []}
    now = {k: data.get(k, base[k]) for k in ("mode", "untagged_vlan", "qinq_svlan", "tagged_vlans")}
    mode, errors = now["mode"], {}
    if mode != "q-in-q" and now["qinq_svlan"] is not None:
        errors["qinq_svlan"] = ["Interface mode does not support q-in-q service vlan"]
    if not mode:
        if now["untagged_vlan"] is not None:
            errors["untagged_vlan"] = ["Interface mode does not support untagged vlan"]
        if now["tagged_vlans"]:
            errors["tagged_vlans"] = ["Interface mode does not support tagged vlans"]
    elif mode in ("tagged-all", "access") and now["tagged_vlans"]:
        errors["tagged_vlans"] = ["Interface mode does not support tagged vlans"]
    if errors:
        raise ValidationFailed(errors)
    device = store.ref("dcim.device", old["device"] if old is not None else data["device"])
    for pk in data.get("tagged_vlans", ()):
        vlan = store.ref("ipam.vlan", pk)
        if vlan["site"] not in (device["site"], None):
            raise ValidationFailed(
                {
                    "tagged_vlans": [
                        f"VLAN {session.display('ipam.vlan', vlan)} must belong to the same site as the interface's "
                        "parent device, or it must be global."
                    ]
                }
            )


def clean_interface(session: Session, row: Row, old: Row | None) -> None:
    check_base_interface(session, row)
    kind, label = row["type"], LABELS["interface.type"][row["type"]]
    if old is not None and row["bridge"] == row["id"]:
        raise fail("bridge", "An interface cannot be bridged to itself.")
    if kind in VIRTUAL_TYPES:
        if row["poe_mode"]:
            raise fail("poe_mode", "Virtual interfaces cannot have a PoE mode.")
        if row["poe_type"]:
            raise fail("poe_type", "Virtual interfaces cannot have a PoE type.")
    if row["poe_type"] and not row["poe_mode"]:
        raise fail("poe_type", "Must specify PoE mode when designating a PoE type.")
    if row["rf_role"] and kind not in WIRELESS_TYPES:
        raise fail("rf_role", "Wireless role may be set only on wireless interfaces.")
    if kind in VIRTUAL_TYPES and old is not None and cable_row(session.store, row) is not None:
        raise fail("type", f"{label} interfaces cannot have a cable attached.")
    if kind in VIRTUAL_TYPES and row["mark_connected"]:
        raise fail("mark_connected", f"{label} interfaces cannot be marked as connected.")
    if old is not None and row["parent"] == row["id"]:
        raise fail("parent", "An interface cannot be its own parent.")
    _check_channels(session, row)
    _check_neighbour(session, row, "parent", "parent interface", "")
    _check_neighbour(session, row, "bridge", "bridge interface", ".")
    if kind == "virtual" and row["lag"] is not None:
        raise fail("lag", "Virtual interfaces cannot have a parent LAG interface.")
    if old is not None and row["lag"] == row["id"]:
        raise fail("lag", "A LAG interface cannot be its own parent.")
    _check_neighbour(session, row, "lag", "LAG interface", ".")
    for column, what in (
        ("rf_channel", "Channel"),
        ("rf_channel_frequency", "Channel frequency"),
        ("rf_channel_width", "Channel width"),
    ):
        if row[column] and kind not in WIRELESS_TYPES:
            raise fail(column, f"{what} may be set only on wireless interfaces.")
    _check_untagged(session, row)


def _check_channels(session: Session, row: Row) -> None:
    """Which interfaces have a parent; from 4.7 on, the channels of a breakout port too."""
    kind, channel = row["type"], row["channel_id"]
    if session.version < (4, 7):
        if kind != "virtual" and row["parent"] is not None:
            raise fail("parent", "Only virtual interfaces may be assigned to a parent interface.")
        return
    if row["parent"] is not None and kind != "virtual" and channel is None:
        raise fail(
            "parent",
            "Only virtual interfaces, or a channel subinterface with a channel ID assigned, may be assigned to a "
            "parent interface.",
        )
    no_channels = kind in VIRTUAL_TYPES or kind in WIRELESS_TYPES
    if row["channels"] and channel:
        raise fail(
            "__all__", "An interface cannot be both channelized and bound to a channel on a parent interface."
        )
    if row["channels"] and (no_channels or kind == "channel"):
        raise fail("channels", f"{LABELS['interface.type'][kind]} interfaces cannot be channelized.")
    if kind == "channel" and channel is None:
        raise fail("channel_id", "Channel interfaces must have a channel ID assigned.")
    if channel is None:
        return
    if no_channels:
        raise fail(
            "channel_id",
            "A channel ID cannot be assigned to a virtual, LAG, bridge, or wireless interface.",
        )
    parent = session.store.get("dcim.interface", row["parent"])
    if parent is None:
        raise fail("parent", "A channel subinterface must be assigned to a parent interface.")
    if not parent["channels"]:
        raise fail("parent", f"The parent interface ({parent['name']}) is not channelized.")
    if channel > parent["channels"]:
        raise fail(
            "channel_id",
            f"Invalid channel ID ({channel}): the parent interface provides only {parent['channels']} channels.",
        )


def _check_untagged(session: Session, row: Row) -> None:
    vlan = session.store.get("ipam.vlan", row["untagged_vlan"])
    if vlan is None:
        return
    if not row["mode"]:
        raise fail("untagged_vlan", "Interface mode does not support an untagged vlan.")
    device = session.store.ref("dcim.device", row["device"])
    if vlan["site"] not in (device["site"], None):
        raise fail(
            "untagged_vlan",
            f"The untagged VLAN ({session.display('ipam.vlan', vlan)}) must belong to the same site as the "
            "interface's parent device, or it must be global.",
        )


def _check_neighbour(session: Session, row: Row, column: str, what: str, end: str) -> None:
    """Parent, bridge and LAG belong to the same device or to another member of its chassis."""
    store = session.store
    other = store.get("dcim.interface", row[column])
    if other is None or other["device"] == row["device"]:
        return
    name = session.display("dcim.interface", other)
    owner = store.ref("dcim.device", other["device"])
    owner_name = session.display("dcim.device", owner)
    chassis = store.ref("dcim.device", row["device"])["virtual_chassis"]
    if chassis is None:
        raise fail(column, f"The selected {what} ({name}) belongs to a different device ({owner_name}){end}")
    if owner["virtual_chassis"] != chassis:
        chassis_name = store.ref("dcim.virtualchassis", chassis)["name"]
        raise fail(
            column,
            f"The selected {what} ({name}) belongs to {owner_name}, which is not part of virtual chassis "
            f"{chassis_name}.",
        )


# MAC addresses


def clean_mac_address(session: Session, row: Row, old: Row | None) -> None:
    if old is None or old["assigned_object_type"] is None:
        return
    holder = session.store.ref(old["assigned_object_type"], old["assigned_object_id"])
    if holder["primary_mac_address"] != row["id"]:
        return
    before = (old["assigned_object_type"], old["assigned_object_id"])
    after = (row["assigned_object_type"], row["assigned_object_id"])
    if row["assigned_object_type"] is None:
        raise fail(
            "__all__", "Cannot unassign MAC Address while it is designated as the primary MAC for an object"
        )
    if before != after:
        raise fail(
            "__all__", "Cannot reassign MAC Address while it is designated as the primary MAC for an object"
        )
