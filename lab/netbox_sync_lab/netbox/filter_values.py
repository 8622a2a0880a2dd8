"""What list filters look at beyond an object's own columns: related objects, computed truths, MAC addresses."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from .auth import CRUD
from .rules_cables import cable_row
from .rules_ipam import parent_of
from .schema import Row
from .store import Store

Value = Callable[[Store, Row], Any]

# By which attribute a related object is named in a filter; slugs unless listed.
NAMED_BY = {
    "dcim.device": "name",
    "dcim.devicetype": "slug",
    "dcim.moduletype": "model",
    "dcim.virtualchassis": "name",
    "dcim.rack": "name",
    "virtualization.virtualmachine": "name",
    "virtualization.cluster": "name",
    "ipam.vrf": "rd",
    "users.user": "username",
    "users.group": "name",
    "users.objectpermission": "name",
}


def _via(column: str, label: str, then: str) -> Value:
    """A column of a related object."""

    def get(store: Store, row: Row) -> Any:
        other = store.get(label, row[column])
        return None if other is None else other[then]

    return get


def _assigned(label: str) -> Value:
    return lambda store, row: row["assigned_object_id"] if row["assigned_object_type"] == label else None


def _service_parent(label: str, column: str) -> Value:
    """Before 4.3 services have columns for their device and machine, later a generic relation."""

    def get(store: Store, row: Row) -> Any:
        return row["parent_object_id"] if row["parent_object_type"] == label else row[column]

    return get


def _parent(label: str) -> Value:
    def get(store: Store, row: Row) -> Any:
        found = parent_of(store, row["assigned_object_type"], row["assigned_object_id"])
        return found[1] if found is not None and found[0] == label else None

    return get


def _cable_devices(store: Store, row: Row) -> list[int]:
    ends = (*row["a_terminations"], *row["b_terminations"])
    return [store.ref("dcim.interface", pk)["device"] for _, pk in ends]


def _cable_interfaces(store: Store, row: Row) -> list[int]:
    return [pk for _, pk in (*row["a_terminations"], *row["b_terminations"])]


def _cable(store: Store, row: Row) -> int | None:
    cable = cable_row(store, row)
    return None if cable is None else cable["id"]


def _site_part(column: str) -> Value:
    """Region or group of the site that the object belongs to."""
    return _via("site", "dcim.site", column)


def _vlan_ids(store: Store, row: Row) -> list[int]:
    single = (row["untagged_vlan"], row["qinq_svlan"])
    return [*row["tagged_vlans"], *(pk for pk in single if pk is not None)]


def _macs(label: str) -> Value:
    return lambda store, row: [
        r["mac_address"] for r in store.assigned("dcim.macaddress", "assigned_object_type", label, row["id"])
    ]


def _parent_macs(interface: str, column: str) -> Value:
    def get(store: Store, row: Row) -> list[str]:
        found = store.referring_rows(interface, column, row["id"])
        return [m for i in found for m in _macs(interface)(store, i)]

    return get


def _grants(action: str) -> Value:
    return lambda store, row: action in row["actions"]


_PLACES: Mapping[str, tuple[str, Value]] = {
    "region": ("dcim.region", _site_part("region")),
    "site_group": ("dcim.sitegroup", _site_part("group")),
}

# Filters by related objects that are no columns of the model itself: name without "_id" -> (model, how to get it).
RELATED: Mapping[str, Mapping[str, tuple[str, Value]]] = {
    "dcim.interface": {
        "site": ("dcim.site", _via("device", "dcim.device", "site")),
        "location": ("dcim.location", _via("device", "dcim.device", "location")),
        "rack": ("dcim.rack", _via("device", "dcim.device", "rack")),
        "device_role": ("dcim.devicerole", _via("device", "dcim.device", "role")),
        "device_type": ("dcim.devicetype", _via("device", "dcim.device", "device_type")),
        "virtual_chassis": ("dcim.virtualchassis", _via("device", "dcim.device", "virtual_chassis")),
        "vlan": ("ipam.vlan", _vlan_ids),
        "tenant": ("tenancy.tenant", _via("device", "dcim.device", "tenant")),
        "cable": ("dcim.cable", _cable),
        "vdc": ("dcim.virtualdevicecontext", lambda store, row: row["vdcs"]),
        "wireless_lan": ("wireless.wirelesslan", lambda store, row: row["wireless_lans"]),
    },
    "dcim.module": {
        "manufacturer": ("dcim.manufacturer", _via("module_type", "dcim.moduletype", "manufacturer"))
    },
    "dcim.modulebay": {"site": ("dcim.site", _via("device", "dcim.device", "site"))},
    "dcim.device": {
        "manufacturer": ("dcim.manufacturer", _via("device_type", "dcim.devicetype", "manufacturer")),
        **_PLACES,
    },
    "dcim.rack": _PLACES,
    "dcim.location": _PLACES,
    "ipam.vlan": _PLACES,
    "dcim.cable": {
        "device": ("dcim.device", _cable_devices),
        "interface": ("dcim.interface", _cable_interfaces),
    },
    "dcim.macaddress": {
        "device": ("dcim.device", _parent("dcim.device")),
        "virtual_machine": ("virtualization.virtualmachine", _parent("virtualization.virtualmachine")),
        "interface": ("dcim.interface", _assigned("dcim.interface")),
        "vminterface": ("virtualization.vminterface", _assigned("virtualization.vminterface")),
    },
    "ipam.ipaddress": {
        "device": ("dcim.device", _parent("dcim.device")),
        "virtual_machine": ("virtualization.virtualmachine", _parent("virtualization.virtualmachine")),
        "interface": ("dcim.interface", _assigned("dcim.interface")),
        "vminterface": ("virtualization.vminterface", _assigned("virtualization.vminterface")),
    },
    "ipam.prefix": {"site": ("dcim.site", lambda store, row: row["_site"])},
    "vpn.l2vpntermination": {
        "interface": ("dcim.interface", _assigned("dcim.interface")),
        "vminterface": ("virtualization.vminterface", _assigned("virtualization.vminterface")),
        "vlan": ("ipam.vlan", _assigned("ipam.vlan")),
    },
    "ipam.service": {
        "device": ("dcim.device", _service_parent("dcim.device", "device")),
        "virtual_machine": (
            "virtualization.virtualmachine",
            _service_parent("virtualization.virtualmachine", "virtual_machine"),
        ),
        "ip_address": ("ipam.ipaddress", lambda store, row: row["ipaddresses"]),
    },
    "users.user": {
        "group": ("users.group", lambda store, row: row["groups"]),
        "permission": ("users.objectpermission", lambda store, row: row["permissions"]),
    },
    "users.group": {
        "user": ("users.user", lambda store, row: sorted(store.referring("users.user", "groups", row["id"]))),
        "permission": ("users.objectpermission", lambda store, row: row["permissions"]),
    },
    "users.objectpermission": {
        "user": ("users.user", lambda store, row: row["users"]),
        "group": ("users.group", lambda store, row: row["groups"]),
    },
    "extras.configcontext": {
        "site": ("dcim.site", lambda store, row: row["sites"]),
        "device_type": ("dcim.devicetype", lambda store, row: row["device_types"]),
        "device_role": ("dcim.devicerole", lambda store, row: row["roles"]),
        "platform": ("dcim.platform", lambda store, row: row["platforms"]),
        "cluster_type": ("virtualization.clustertype", lambda store, row: row["cluster_types"]),
        "cluster": ("virtualization.cluster", lambda store, row: row["clusters"]),
    },
    "virtualization.cluster": {"site": ("dcim.site", lambda store, row: row["_site"])},
    "virtualization.virtualmachine": {
        "cluster_group": ("virtualization.clustergroup", _via("cluster", "virtualization.cluster", "group")),
        "cluster_type": ("virtualization.clustertype", _via("cluster", "virtualization.cluster", "type")),
        **_PLACES,
    },
    "virtualization.vminterface": {
        "cluster": (
            "virtualization.cluster",
            _via("virtual_machine", "virtualization.virtualmachine", "cluster"),
        ),
        "vlan": ("ipam.vlan", _vlan_ids),
    },
}

# Filters on computed truths.
FLAGS: Mapping[str, Mapping[str, Value]] = {
    "dcim.interface": {
        "cabled": lambda store, row: cable_row(store, row) is not None,
        "connected": lambda store, row: cable_row(store, row) is not None,
        "occupied": lambda store, row: bool(row["mark_connected"]) or cable_row(store, row) is not None,
    },
    "dcim.device": {
        "has_primary_ip": lambda store, row: row["primary_ip4"] is not None or row["primary_ip6"] is not None,
        "virtual_chassis_member": lambda store, row: row["virtual_chassis"] is not None,
    },
    "virtualization.virtualmachine": {
        "has_primary_ip": lambda store, row: row["primary_ip4"] is not None or row["primary_ip6"] is not None,
    },
    "ipam.ipaddress": {
        "assigned": lambda store, row: row["assigned_object_id"] is not None,
        "assigned_to_interface": lambda store, row: row["assigned_object_id"] is not None,
    },
    "dcim.macaddress": {
        "assigned": lambda store, row: row["assigned_object_id"] is not None,
    },
    "users.user": {"is_superuser": lambda store, row: row["is_superuser"]},
    "users.objectpermission": {f"can_{action}": _grants(action) for action in CRUD},
}

# Filters on MAC addresses that hang on the object.
MACS: Mapping[str, Value] = {
    "dcim.interface": _macs("dcim.interface"),
    "virtualization.vminterface": _macs("virtualization.vminterface"),
    "dcim.device": _parent_macs("dcim.interface", "device"),
    "virtualization.virtualmachine": _parent_macs("virtualization.vminterface", "virtual_machine"),
}
