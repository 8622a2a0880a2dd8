"""The dependents of the objects that this product deletes, from NetBox's models, in one table for all callers.

NetBox deletes some of them too (CASCADE, generic relations), clears the reference in others (SET NULL, the links of
many-to-many fields) and refuses the delete because of the rest (PROTECT, RESTRICT), mostly without a warning.
``dependents.csv`` was taken from the models and signals of NetBox 4.2.9, 4.6.8 and 4.7.3 and of the plugin
netbox-proxbox. Used by: the snapshot of NetBox (``dependents_reading``), through it ``sql/match/delete_impact.sql``,
the check before a delete (``apply/deleted_content.py``), the plan of an undo, the values that NetBox empties
(``apply/cleared_references.py``) and the table in ``docs/deletes.md``.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

Version = tuple[int, int]
# (list endpoint, id), or the slug where NetBox names the object by that.
Place = tuple[str, int | str]

# Every type of object that a sync or an undo may delete: its list endpoint and its model.
DELETED: dict[str, str] = {
    "extras/tags": "extras.tag",
    "extras/custom-fields": "extras.customfield",
    "dcim/manufacturers": "dcim.manufacturer",
    "dcim/device-types": "dcim.devicetype",
    "dcim/module-types": "dcim.moduletype",
    "dcim/device-roles": "dcim.devicerole",
    "dcim/platforms": "dcim.platform",
    "dcim/sites": "dcim.site",
    "virtualization/cluster-types": "virtualization.clustertype",
    "virtualization/clusters": "virtualization.cluster",
    "dcim/devices": "dcim.device",
    "dcim/virtual-chassis": "dcim.virtualchassis",
    "virtualization/virtual-machines": "virtualization.virtualmachine",
    "dcim/module-bays": "dcim.modulebay",
    "dcim/modules": "dcim.module",
    "ipam/vlans": "ipam.vlan",
    "dcim/interfaces": "dcim.interface",
    "virtualization/interfaces": "virtualization.vminterface",
    "dcim/mac-addresses": "dcim.macaddress",
    "ipam/prefixes": "ipam.prefix",
    "ipam/ip-addresses": "ipam.ipaddress",
    "dcim/cables": "dcim.cable",
    "virtualization/virtual-disks": "virtualization.virtualdisk",
    "tenancy/contact-assignments": "tenancy.contactassignment",
    "plugins/proxbox/storage": "netbox_proxbox.proxmoxstorage",
    "plugins/proxbox/backups": "netbox_proxbox.vmbackup",
    "plugins/proxbox/snapshots": "netbox_proxbox.vmsnapshot",
    "plugins/proxbox/task-history": "netbox_proxbox.vmtaskhistory",
    "plugins/proxbox/replications": "netbox_proxbox.replication",
}

_ON_INTERFACES = ("ipam/ip-addresses", "dcim/mac-addresses")
# By resource in `policies.delete`: the types of objects that a sync may delete, including those that NetBox deletes
# too.
DELETED_FOR: dict[str, tuple[str, ...]] = {
    "interfaces": ("dcim/interfaces", *_ON_INTERFACES),
    "vm_interfaces": ("virtualization/interfaces", *_ON_INTERFACES),
    "virtual_machines": (
        *("virtualization/virtual-machines", "virtualization/interfaces", "virtualization/virtual-disks"),
        *_ON_INTERFACES,
        *("plugins/proxbox/backups", "plugins/proxbox/snapshots", "plugins/proxbox/task-history"),
        "plugins/proxbox/replications",
    ),
    "mac_addresses": ("dcim/mac-addresses",),
    "ip_addresses": ("ipam/ip-addresses",),
    "cables": ("dcim/cables",),
    "virtual_disks": ("virtualization/virtual-disks",),
    "contact_assignments": ("tenancy/contact-assignments",),
    "storages": ("plugins/proxbox/storage",),
    "backups": ("plugins/proxbox/backups",),
    "snapshots": ("plugins/proxbox/snapshots",),
    "tasks": ("plugins/proxbox/task-history",),
    "replications": ("plugins/proxbox/replications",),
}

# Plugins without further dependents of the types above.
KNOWN_PLUGINS = frozenset({"netbox_branching", "netbox_proxbox"})

_MORE_FIELDS = {
    "extras/journal-entries": ("comments",),
    "extras/tagged-objects": ("object_type", "object_id", "object"),
}
# Journal entries of an apply (apply/journal.py) are deleted with their object.
_OWN_JOURNAL = re.compile(r"netbox-sync \S+ apply \S+: [a-z_]+\.[a-z]+ \d+(, [a-z_]+\.[a-z]+ \d+)*")


@dataclass(frozen=True)
class Dependent:
    """One way in which objects of one type depend on those of a deleted type.

    ``parent`` and ``related`` are list endpoints, ``model`` is that of ``related``. ``field`` of ``related`` names the
    deleted object: as itself or in a list (``how`` field), or as ``<field>_type`` and ``<field>_id`` (generic); with
    ``how`` own it is a field of the deleted object that holds related ones. ``filter`` is the list filter that takes
    the deleted object's id; none: the whole list is read. ``by_type`` is the one that takes its model.
    ``on_delete``: CASCADE, SET NULL, PROTECT, RESTRICT, or link for an entry of a many-to-many field.

    ``undo``: *no*, an undo cannot bring it back; *rows*, the plan deletes it first in separate rows; *ledger*, the
    ledger keeps the value and the undo writes it again; *content*, it is a part of the object.
    """

    parent: str
    related: str
    model: str
    field: str
    how: str
    on_delete: str
    word: str
    filter: str
    by_type: str
    undo: str
    since: Version
    until: Version

    @property
    def blocks(self) -> bool:
        """Whether one that is there forbids the delete."""
        return self.undo in ("no", "rows")

    @property
    def fields(self) -> str:
        """The value of REST's ``fields=`` when ``related`` is read."""
        named = (f"{self.field}_type", f"{self.field}_id") if self.how == "generic" else (self.field,)
        more = _MORE_FIELDS.get(self.related, ())
        return ",".join(("id", "display", *named, *more))

    @property
    def permission(self) -> str:
        """The permission that shows objects of this type."""
        app, _, name = self.model.partition(".")
        return f"{app}.view_{name}"

    @property
    def words(self) -> str:
        """The name of several of them."""
        return self.word if self.word.endswith("s") else _plural(self.word)

    def exists(self, version: tuple[int, ...]) -> bool:
        """Whether this NetBox version has it."""
        return self.since <= version[:2] < self.until

    def places(self, row: dict[str, Any]) -> Iterator[Place]:
        """The objects of ``parent`` that a row of ``related`` names; none where it is this product's own journal."""
        if _OWN_JOURNAL.fullmatch(row.get("comments") or ""):
            return
        if self.how == "generic":
            if row.get(f"{self.field}_type") == DELETED[self.parent] and row.get(f"{self.field}_id"):
                yield self.parent, int(row[f"{self.field}_id"])
            return
        value = row.get(self.field)
        for item in value if isinstance(value, list) else [value]:
            name = item.get("id") if isinstance(item, dict) else item
            itself = self.related == self.parent and name == row["id"]
            if isinstance(name, int | str) and not itself:
                yield self.parent, name


def _plural(word: str) -> str:
    if word.endswith(("s", "x")):
        return f"{word}es"
    return f"{word[:-1]}ies" if word.endswith("y") else f"{word}s"


def _version(text: str, otherwise: Version) -> Version:
    major, _, minor = text.partition(".")
    return (int(major), int(minor)) if text else otherwise


def _read() -> Iterator[Dependent]:
    text = (files(__package__) / "dependents.csv").read_text("utf-8")
    for line in csv.DictReader(text.splitlines()):
        since, until = _version(line.pop("since"), (4, 2)), _version(line.pop("until"), (99, 0))
        yield Dependent(**line, since=since, until=until)


DEPENDENTS: tuple[Dependent, ...] = tuple(_read())


def dependents_of(parent: str, version: tuple[int, ...], *, proxbox: bool = True) -> list[Dependent]:
    """The possible dependents of a type in this NetBox version; ``proxbox``: it has the plugin netbox-proxbox."""
    return [
        item
        for item in DEPENDENTS
        if item.parent == parent
        and item.exists(version)
        and (proxbox or not item.related.startswith("plugins/"))
    ]
