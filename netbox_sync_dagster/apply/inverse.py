"""The inverse of an apply: creates become deletes, updates restore the old values, deletes become creates.

Pure functions: from the ledger's lines and NetBox's present objects to diff rows, which are approved and applied like
any others.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from netbox_sync_dagster.apply.changes import Cleared
from netbox_sync_dagster.compare.values import Value

Place = tuple[str, int]
Fields = dict[str, tuple[Value, Value]]

_CONTACTS = "tenancy/contact-assignments"
_INTERFACES = {"dcim/interfaces": "interfaces", "virtualization/interfaces": "vm_interfaces"}
# The type of object that a field refers to; a generic reference contains it.
_TYPE_OF_FIELD = {
    "device": "dcim/devices",
    "virtual_machine": "virtualization/virtual-machines",
    "cluster": "virtualization/clusters",
    "site": "dcim/sites",
    "location": "dcim/locations",
    "role": "dcim/device-roles",
    "platform": "dcim/platforms",
    "device_type": "dcim/device-types",
    "manufacturer": "dcim/manufacturers",
    "virtual_chassis": "dcim/virtual-chassis",
    "master": "dcim/devices",
    "module_bay": "dcim/module-bays",
    "module_type": "dcim/module-types",
    "module": "dcim/modules",
    "untagged_vlan": "ipam/vlans",
    "tagged_vlans": "ipam/vlans",
    "qinq_svlan": "ipam/vlans",
    "primary_ip4": "ipam/ip-addresses",
    "primary_ip6": "ipam/ip-addresses",
    "oob_ip": "ipam/ip-addresses",
    "nat_inside": "ipam/ip-addresses",
    "primary_mac_address": "dcim/mac-addresses",
    "proxmox_storage": "plugins/proxbox/storage",
}
_TYPE_OF_MODEL = {
    "dcim.interface": "dcim/interfaces",
    "virtualization.vminterface": "virtualization/interfaces",
    "dcim.site": "dcim/sites",
    "dcim.device": "dcim/devices",
    "virtualization.virtualmachine": "virtualization/virtual-machines",
    "virtualization.cluster": "virtualization/clusters",
}
# References to objects that are created later: a separate change sets them.
SET_LATER = {
    "primary_mac_address": "primary_macs",
    "primary_ip4": "primary_ips",
    "primary_ip6": "primary_ips",
    "oob_ip": "primary_ips",
    "virtual_chassis": "virtual_chassis_members",
    "vc_position": "virtual_chassis_members",
    "vc_priority": "virtual_chassis_members",
    "master": "virtual_chassis_masters",
}
# Fields of other objects that NetBox changes with a write, and the resource of the change that restores them.
_RESTORED = {**SET_LATER, "disk": "virtual_machines", "site": "virtual_machines"}
# How the keys of such changes end.
_SHORT = {
    "primary_ip4": "IPv4",
    "primary_ip6": "IPv6",
    "oob_ip": "OOB",
    "primary_mac_address": "MAC",
    "disk": "disk",
    "site": "site",
}
# Scopes of a cluster that have a site, to which NetBox moves its virtual machines.
_WITH_SITE = ("dcim.site", "dcim.location")
# Reverted by a separate change before the object is deleted: NetBox does not delete a device that is master of a virtual
# chassis, and deleting a virtual chassis clears its members' positions.
_TAKEN_BACK_FIRST = {
    "virtual_chassis": "virtual_chassis_members",
    "vc_position": "virtual_chassis_members",
    "vc_priority": "virtual_chassis_members",
    "master": "virtual_chassis_masters",
}


# Fields of other objects that keep NetBox from removing an address from its interface.
PRIMARY_FIELDS = ("primary_ip4", "primary_ip6", "oob_ip", "primary_mac_address")


@dataclass(frozen=True)
class Done:
    """One change that the apply carried out; ``fields`` are (before, after) by name, references by id."""

    resource: str
    action: str
    key: str
    parent: str | None
    object_type: str
    netbox_id: int
    fields: Fields
    removed: dict[str, Value] = field(default_factory=dict)
    cleared: tuple[Cleared, ...] = ()

    @property
    def place(self) -> Place:
        """The object that it changed."""
        return self.object_type, self.netbox_id


@dataclass
class Inverse:
    """A draft row of the inverse plan. ``reason`` is the cause if it is a conflict."""

    done: Done
    action: str
    fields: Fields
    last_updated: str | None = None
    target: str | None = None
    reason: str | None = None
    change_id: str = ""
    depends_on: list[str] = field(default_factory=list)
    # The object whose update must come first: with another scope of the cluster NetBox refuses the machine's site.
    follows: Place | None = None


@dataclass
class Now:
    """NetBox's present state of the objects to undo.

    ``last_updated`` by object. ``conflicts`` has the objects of which nothing can be undone, with the cause; ``filled``
    the same of fields that NetBox emptied automatically.
    """

    last_updated: dict[Place, str | None] = field(default_factory=dict)
    conflicts: dict[Place, str] = field(default_factory=dict)
    filled: dict[tuple[Place, str], str] = field(default_factory=dict)


def inverse(done: list[Done], now: Now) -> list[Inverse]:
    """The rows that undo these changes, unordered."""
    created = {item.place: item for item in done if item.action == "create"}
    deleted = {item.place: item for item in done if item.action == "delete"}
    rows: list[Inverse] = []
    for item in done:
        if item.action == "update" and item.place not in created and item.place not in deleted:
            back = {name: (after, before) for name, (before, after) in item.fields.items()}
            rows.append(Inverse(item, "update", back))
        elif item.action == "create" and item.place not in deleted:
            rows += _deleted_again(item, done, created)
        elif item.action == "delete" and item.place not in created:
            rows += _created_again(item, done)
    for row in rows:
        if row.action == "update" and "master" in row.fields:
            # A master is set after the members were added, and cleared before they are removed, so earlier in the
            # order.
            late = row.fields["master"][1] is not None
            row.done = replace(row.done, resource="virtual_chassis_masters" if late else "virtual_chassis")
        row.fields = {
            name: (before, _again(row.done, name, after, deleted))
            for name, (before, after) in row.fields.items()
        }
        if row.target is None:
            row.reason = now.conflicts.get(row.done.place)
            if row.action != "create":
                row.last_updated = now.last_updated.get(row.done.place)
    moved = [item for item in done if item.action == "update" and not _moves_back(item)]
    written = {(row.done.place, name) for row in rows for name in row.fields if row.action == "update"}
    return [*rows, *_filled_again(moved, created, deleted, written, now)]


def _moves_back(done: Done) -> bool:
    """Whether NetBox moves the machines of a cluster back to its former site together with its scope."""
    former = done.fields.get("scope", (None, None))[0]
    return isinstance(former, dict) and former["type"] in _WITH_SITE


def _filled_again(
    moved: list[Done],
    created: dict[Place, Done],
    deleted: dict[Place, Done],
    written: Collection[tuple[Place, str]],
    now: Now,
) -> Iterator[Inverse]:
    """Updates for fields that NetBox changed on remaining objects, once the deleted object is recreated, the created
    one deleted or the moved one moved back. ``written``: fields that other rows set."""
    for gone in (*deleted.values(), *created.values(), *moved):
        for item in gone.cleared:
            owner = item.object_type, item.netbox_id
            if owner not in deleted and owner not in created and (owner, item.field) not in written:
                done = Done(
                    resource=_RESTORED[item.field],
                    action="update",
                    key=f"{item.owner} {_SHORT[item.field]}",
                    parent=gone.parent or item.owner,
                    object_type=item.object_type,
                    netbox_id=item.netbox_id,
                    fields={},
                )
                yield Inverse(
                    done,
                    "update",
                    {item.field: (item.after, _again(done, item.field, item.before, deleted))},
                    last_updated=now.last_updated.get(owner),
                    reason=now.filled.get((owner, item.field)),
                    follows=gone.place if gone.action == "update" else None,
                )


def _deleted_again(item: Done, done: list[Done], created: Collection[Place]) -> list[Inverse]:
    content = {name: after for name, (_, after) in item.fields.items()}
    for later in done:
        if later.action == "update" and later.place == item.place:
            content |= {name: after for name, (_, after) in later.fields.items()}
    now: Fields = {}
    first: dict[str, Fields] = {}
    for name, value in content.items():
        if value in (None, "", []):
            continue
        if name in _TAKEN_BACK_FIRST:
            first.setdefault(_TAKEN_BACK_FIRST[name], {})[name] = (value, None)
        elif name in PRIMARY_FIELDS and not set(points_to(item, name, value)) <= set(created):
            # An older address is kept, and NetBox unassigns it only if it is not a primary address.
            first.setdefault(SET_LATER[name], {})[name] = (value, None)
        else:
            now[name] = (value, None)
    taken_back = [Inverse(replace(item, resource=r), "update", fields) for r, fields in first.items()]
    return [*taken_back, Inverse(item, "delete", now)]


def _created_again(item: Done, done: list[Done]) -> list[Inverse]:
    content = {**item.removed, **{name: before for name, (before, _) in item.fields.items()}}
    for earlier in done:
        if earlier.action == "update" and earlier.place == item.place:
            content |= {name: before for name, (before, _) in earlier.fields.items()}
    # Deleted earlier, so it was cleared before its content was read.
    for child in done:
        for emptied in child.cleared:
            if (emptied.object_type, emptied.netbox_id) == item.place:
                content.setdefault(emptied.field, emptied.before)
    later: dict[str, Fields] = {}
    now: Fields = {}
    for name, value in content.items():
        if value in (None, "", []):
            continue
        if name in SET_LATER:
            later.setdefault(SET_LATER[name], {})[name] = (None, value)
        else:
            now[name] = (None, value)
    rows = [Inverse(item, "create", now)]
    target = json.dumps({"key": item.key, "name": item.key, "ref": item.resource}, sort_keys=True)
    for resource, fields in later.items():
        rows.append(Inverse(replace(item, resource=resource), "update", fields, target=target))
    return rows


def points_to(done: Done, name: str, value: Value) -> Iterator[Place]:
    """The objects that a field's value refers to by id."""
    for item in value if isinstance(value, list) else [value]:
        if isinstance(item, dict) and isinstance(item.get("id"), int):
            kind = _type(done, name, item)
            if kind is not None:
                yield kind, item["id"]


def _type(done: Done, name: str, value: dict[str, Any]) -> str | None:
    if "type" in value:
        return _TYPE_OF_MODEL.get(value["type"])
    if name in ("lag", "parent", "bridge") and done.object_type in _INTERFACES:
        return done.object_type
    if name == "role" and done.object_type == _CONTACTS:
        # A contact role, which no plan creates or deletes.
        return None
    return _TYPE_OF_FIELD.get(name)


def _again(done: Done, name: str, value: Value, deleted: dict[Place, Done]) -> Value:
    """The value, with deleted objects replaced by references to the changes that create them again."""
    if isinstance(value, list):
        return [_again(done, name, item, deleted) for item in value]
    for place in points_to(done, name, value):
        if place in deleted:
            gone = deleted[place]
            kept = {"type": value["type"]} if "type" in value else {}
            return {"ref": gone.resource, "key": gone.key, "name": value.get("name") or gone.key, **kept}
    return value
