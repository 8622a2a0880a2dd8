"""The SMBIOS UUID that a VMID had when its guest still had the name that NetBox knows: a witness of who a guest is.

NetBox does not keep it. Where a VMID has another name now than in NetBox, or is gone, the older snapshots of the endpoint
show it, if they are still retained. Containers (LXC) have none.
"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import TYPE_CHECKING

from netbox_sync_dagster.lazy import lazy_module
from netbox_sync_dagster.sources.base import Database
from netbox_sync_dagster.sources.proxmox.config import ProxmoxEndpoint
from netbox_sync_dagster.storage import Warehouse
from netbox_sync_dagster.storage.sequence import number_of

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq
else:
    pa = lazy_module("pyarrow")
    pc = lazy_module("pyarrow.compute")
    pq = lazy_module("pyarrow.parquet")

# One row per virtual machine of this cluster that NetBox knows under other names than Proxmox shows now.
_RENAMED = """
SELECT v.id, try_cast(w.source_id AS BIGINT) AS vmid,
    list_distinct([lower(v.name), coalesce(lower(l.value::JSON->>'$'), lower(v.name))]) AS names
FROM config.endpoint settings
JOIN netbox.virtual_machines v ON lower(held_cluster(v.cf, 'proxmox_cluster')) = lower(settings.id_scope)
JOIN desired.virtual_machines w ON w.source_id = held_guest(v.cf, 'proxmox_vmid') AND w.name IS NOT NULL
LEFT JOIN ledger.last_written l
    ON l.object_type = 'virtualization/virtual-machines' AND l.netbox_id = v.id AND l.field = 'name'
WHERE lower(w.name) NOT IN (lower(v.name), coalesce(lower(l.value::JSON->>'$'), ''))
"""
_UUID = re.compile(r"(?:^|,)uuid=([0-9a-fA-F-]{36})(?:,|$)")

# {vmid: (NetBox id, the names that NetBox knows, in lower case)}
Asked = dict[int, tuple[int, set[str]]]


def load_former_guests(database: Database, warehouse: Warehouse, endpoint: ProxmoxEndpoint) -> str:
    """Fill ``config.former_guests(netbox_id, uuid)``; "" where no guest has another name, else a hash of the rows."""
    asked = database.run(_RENAMED).fetchall()
    if not asked:
        return ""
    rows = former_uuids(
        warehouse, endpoint, {int(vmid): (netbox_id, set(names)) for netbox_id, vmid, names in asked}
    )
    if rows:
        database.con.executemany("INSERT INTO config.former_guests VALUES (?, ?)", rows)
    return hashlib.sha256(repr(sorted(rows)).encode()).hexdigest()[:20]


def former_uuids(warehouse: Warehouse, endpoint: ProxmoxEndpoint, asked: Asked) -> list[tuple[int, str]]:
    """(NetBox id, UUID) for each VMID of ``asked``, from the newest snapshot in which it has one of its names."""
    open_questions = dict(asked)
    found: list[tuple[int, str]] = []
    for snapshot in _newest_first(warehouse, endpoint) if asked else []:
        if not open_questions:
            break
        names = _names(snapshot, list(open_questions)) or {}
        known = [vmid for vmid, name in names.items() if name in open_questions[vmid][1]]
        uuids = _configured(snapshot, known) if known else {}
        for vmid in known:
            netbox_id, _ = open_questions.pop(vmid)
            if vmid in uuids:
                found.append((netbox_id, uuids[vmid]))
    return found


def sightings(
    warehouse: Warehouse, endpoint: ProxmoxEndpoint, vmids: list[int]
) -> dict[int, tuple[int, int]]:
    """By VMID that the current snapshot does not list: the number of the last snapshot that did (0: none that is kept),
    and of the first after it. The numbers are those of ``storage.sequence``."""
    found: dict[int, tuple[int, int]] = {}
    missed = 0
    for snapshot in _newest_first(warehouse, endpoint):
        names = _names(snapshot, vmids)
        if names is None:
            continue
        number = number_of(snapshot.name)
        for vmid in names.keys() - found.keys():
            found[vmid] = (number, missed)
        missed = number
    return {vmid: found.get(vmid, (0, missed)) for vmid in vmids}


def uuid_in(smbios: str | None) -> str | None:
    """The UUID in a guest's ``smbios1``, in lower case."""
    match = _UUID.search(smbios or "")
    return match[1].lower() if match else None


def _newest_first(warehouse: Warehouse, endpoint: ProxmoxEndpoint) -> list[Path]:
    folder = warehouse.snapshots("proxmox", endpoint.name)
    warehouse.bring_history(folder)
    return sorted(folder.glob("[0-9]*"), reverse=True)


def _names(snapshot: Path, vmids: list[int]) -> dict[int, str] | None:
    """The names of those that the snapshot lists; None where it cannot be read."""
    try:
        table = pq.read_table(snapshot / "guests.parquet", columns=["vmid", "name_given"])
    except (OSError, pa.ArrowException):
        return None
    rows = table.filter(pc.field("vmid").isin(vmids)).to_pylist()
    return {row["vmid"]: (row["name_given"] or "").strip().lower() for row in rows}


def _configured(snapshot: Path, vmids: list[int]) -> dict[int, str]:
    try:
        table = pq.read_table(snapshot / "guest_config.parquet", columns=["vmid", "key", "value"])
    except (OSError, pa.ArrowException):
        return {}
    lines = table.filter(pc.field("vmid").isin(vmids) & (pc.field("key") == "smbios1")).to_pylist()
    uuids = {line["vmid"]: uuid_in(line["value"]) for line in lines}
    return {vmid: uuid for vmid, uuid in uuids.items() if uuid}
