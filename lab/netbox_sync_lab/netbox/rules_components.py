"""What NetBox checks and completes for components of devices: modules, interfaces, MAC addresses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .new_rows import blank
from .rules_cables import VIRTUAL_TYPES, WIRELESS_TYPES, cable_row
from .rules_virtualization import check_base_interface, check_mac_shortcut, drop_vlans_without_mode
from .schema import LABELS, Row, ValidationFailed, fail
from .store import Store

if TYPE_CHECKING:
    from .session import Session


def component_display(store: Store, row: Row) -> str:
    return f"{row['name']} ({row['label']})" if row["label"] else row["name"]


def create_interfaces(session: Session, templates: list[Row], **owner: int) -> None:
    """The interfaces of a type's templates, on this device, and in this module."""
    store = session.store
    for template in templates:
        interface = blank(session, store.models["dcim.interface"])
        interface |= {name: template[name] for name in ("name", "type", "enabled", "mgmt_only")}
        interface |= {"id": store.new_id("dcim.interface"), **owner}
        session.save("dcim.interface", interface, None)


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


def check_components(session: Session, data: dict[str, Any]) -> None:
    """A new module brings the interfaces of its type along, unless the request says no: each name must be free."""
    store = session.store
    if session.version < (4, 6) or not data.get("replicate_components", True):
        return
    names = {port["name"] for port in store.referring_rows("dcim.interface", "device", data["device"])}
    for template in store.referring_rows("dcim.interfacetemplate", "module_type", data["module_type"]):
        if template["name"] in names:
            where = "non_field_errors" if session.version < (4, 7) else "__all__"
            raise ValidationFailed({where: [f"A Interface named {template['name']} already exists"]})


def validate_module(session: Session, data: dict[str, Any], old: Row | None) -> None:
    """From 4.7 on a module may move, with its device taken from the bay, and not change its type along with that."""
    if old is None:
        check_components(session, data)
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


def save_components(session: Session, row: Row, old: Row | None) -> None:
    """The interfaces of a module come with it, and follow it to another device (4.7)."""
    if old is None and row.get("replicate_components", False):
        templates = session.store.referring_rows("dcim.interfacetemplate", "module_type", row["module_type"])
        create_interfaces(session, templates, device=row["device"], module=row["id"])
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
    if row["mark_connected"] and old is not None and cable_row(session.store, row) is not None:
        raise fail("mark_connected", "Cannot mark as connected with a cable attached.")
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
    for column, value in _of_channel(row).items():
        if row[column] and row[column] != value:
            raise fail(column, f"Cannot specify custom {column[11:]} with channel selected.")
    _check_untagged(session, row)


def _of_channel(row: Row) -> dict[str, float]:
    """What the wireless channel says, as ``2.4g-1-2412-22``: MHz."""
    if not row["rf_channel"]:
        return {}
    frequency, width = row["rf_channel"].split("-")[2:]
    return {"rf_channel_frequency": float(frequency), "rf_channel_width": float(width)}


def complete_interface(session: Session, row: Row, old: Row | None) -> None:
    drop_vlans_without_mode(session, row, old)
    row |= {column: row[column] or value for column, value in _of_channel(row).items()}


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
