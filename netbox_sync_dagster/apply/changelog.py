"""NetBox's changelog: it shows who changed an object."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice

from netbox_sync_dagster.apply.client import NetBoxWriter, Object, moment_of
from netbox_sync_dagster.server_errors import LOOK_BETWEEN, ServerError

# The model of each list endpoint, as named in permissions and the changelog.
MODELS = {
    "extras/tags": "extras.tag",
    "extras/custom-fields": "extras.customfield",
    "dcim/manufacturers": "dcim.manufacturer",
    "dcim/device-types": "dcim.devicetype",
    "dcim/device-roles": "dcim.devicerole",
    "dcim/platforms": "dcim.platform",
    "dcim/sites": "dcim.site",
    "dcim/virtual-chassis": "dcim.virtualchassis",
    "dcim/devices": "dcim.device",
    "dcim/interfaces": "dcim.interface",
    "dcim/mac-addresses": "dcim.macaddress",
    "dcim/cables": "dcim.cable",
    "dcim/module-types": "dcim.moduletype",
    "dcim/module-bays": "dcim.modulebay",
    "dcim/modules": "dcim.module",
    "ipam/vlans": "ipam.vlan",
    "ipam/prefixes": "ipam.prefix",
    "ipam/ip-addresses": "ipam.ipaddress",
    "virtualization/cluster-types": "virtualization.clustertype",
    "virtualization/clusters": "virtualization.cluster",
    "virtualization/virtual-machines": "virtualization.virtualmachine",
    "virtualization/interfaces": "virtualization.vminterface",
    "virtualization/virtual-disks": "virtualization.virtualdisk",
    "tenancy/contact-assignments": "tenancy.contactassignment",
    "plugins/proxbox/storage": "netbox_proxbox.proxmoxstorage",
    "plugins/proxbox/backups": "netbox_proxbox.vmbackup",
    "plugins/proxbox/snapshots": "netbox_proxbox.vmsnapshot",
    "plugins/proxbox/task-history": "netbox_proxbox.vmtaskhistory",
    "plugins/proxbox/replications": "netbox_proxbox.replication",
}

# NetBox writes the changelog entry just after it has set last_updated.
ENTRY_DELAY = timedelta(seconds=1)


@dataclass(frozen=True)
class Entry:
    """One changelog entry of one object."""

    netbox_id: int
    at: datetime
    request_id: str
    message: str
    object_change_id: int


class Changelog:
    """Reads ``/api/core/object-changes/``; a token without ``core.view_objectchange`` sees nothing there."""

    def __init__(self, netbox: NetBoxWriter) -> None:
        self._netbox = netbox
        self._readable = True

    def since(self, moment: datetime, most: int) -> dict[str, list[Entry]]:
        """All entries since then, by object type; at most ``most`` entries.

        One page contains the entries of a whole apply, while reading them per object takes many requests. Empty if the
        changelog cannot be read.
        """
        object_types = {model: object_type for object_type, model in MODELS.items()}
        params = [
            ("time_after", moment.isoformat()),
            ("ordering", "id"),
            ("fields", "id,time,changed_object_type,changed_object_id,request_id,message"),
        ]
        found: dict[str, list[Entry]] = defaultdict(list)
        if not self._readable:
            return found
        try:
            for row in islice(self._netbox.rows("core/object-changes", params), most):
                entry = _entry(row)
                found[object_types.get(row.get("changed_object_type", ""), "")].append(entry)
        except ServerError as error:
            if error.status not in (403, 404):
                raise
            self._readable = False
        return found

    def entries(
        self, object_type: str, ids: Iterable[int], since: str | None = None
    ) -> dict[int, list[Entry]] | None:
        """The entries of these objects, newest first; None if the changelog cannot be read.

        ``since``: a ``last_updated``; older entries are left out.
        """
        model = MODELS.get(object_type)
        wanted = sorted(set(ids))
        if model is None or not self._readable:
            return None
        fixed = [
            ("changed_object_type", model),
            ("fields", "id,time,changed_object_id,request_id,message"),
        ]
        if since is not None:
            fixed.append(("time_after", moment_of(since).isoformat()))
        found: dict[int, list[Entry]] = defaultdict(list)
        try:
            for row in self._netbox.any_of(
                "core/object-changes", ([("changed_object_id", i)] for i in wanted), fixed
            ):
                entry = _entry(row)
                found[entry.netbox_id].append(entry)
        except ServerError as error:
            if error.status not in (403, 404):
                raise
            self._readable = False
            return None
        for entries in found.values():
            # By NetBox's ids: its clock may have been changed.
            entries.sort(key=lambda entry: entry.object_change_id, reverse=True)
        return found


def _entry(row: Object) -> Entry:
    """Raises ServerError for a row without the fields of a changelog entry."""
    try:
        return Entry(
            row["changed_object_id"],
            moment_of(row["time"]),
            row["request_id"],
            row.get("message") or "",
            row["id"],
        )
    except (AttributeError, KeyError, OverflowError, TypeError, ValueError):
        what = "GET /api/core/object-changes/ answered with something else than changes"
        raise ServerError("netbox", f"{what}; {LOOK_BETWEEN}") from None


def moved_only_by(entries: list[Entry], own_requests: set[str], seen: str) -> bool:
    """Whether every change of an object since its ``last_updated`` was ``seen`` is one of our requests.

    ``entries`` are newest first and include the write that set ``seen``, which may be anybody's.
    """
    since = moment_of(seen)
    later = [entry for entry in entries if entry.at >= since]
    foreign = {entry.request_id for entry in later if entry.request_id not in own_requests}
    if not later or later[0].request_id in foreign or len(foreign) > 1:
        return False
    return all(entry.at - since < ENTRY_DELAY for entry in later if entry.request_id in foreign)
