"""The SMBIOS UUID that a VMID had when its guest still had the name that NetBox knows: a witness of who a guest is.

NetBox does not keep it. Where a VMID has another name now than in NetBox, the older snapshots of the endpoint tell it,
as far back as they are kept. Containers (LXC) have none.
"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import pyarrow.compute as pc
import pyarrow.parquet as pq

from netbox_sync_dagster.sources.base import Database
from netbox_sync_dagster.sources.proxmox.config import ProxmoxEndpoint
from netbox_sync_dagster.warehouse import Warehouse

# One row per virtual machine of this cluster that NetBox knows under other names than Proxmox shows now.
_RENAMED = """
SELECT v.id, try_cast(w.source_id AS BIGINT) AS vmid,
    list_distinct([lower(v.name), coalesce(lower(l.value::JSON->>'$'), lower(v.name))]) AS names
FROM config.endpoint settings
JOIN netbox.virtual_machines v ON lower(json_extract_string(v.cf, '$.proxmox_cluster')) = lower(settings.id_scope)
JOIN desired.virtual_machines w ON w.source_id = json_extract_string(v.cf, '$.proxmox_vmid') AND w.name IS NOT NULL
LEFT JOIN ledger.last_written l
    ON l.object_type = 'virtualization/virtual-machines' AND l.netbox_id = v.id AND l.field = 'name'
WHERE lower(w.name) NOT IN (lower(v.name), coalesce(lower(l.value::JSON->>'$'), ''))
"""
_UUID = re.compile(r"(?:^|,)uuid=([0-9a-fA-F-]{36})(?:,|$)")


def load_former_guests(database: Database, warehouse: Warehouse, endpoint: ProxmoxEndpoint) -> str:
    """Fill ``config.former_guests(netbox_id, uuid)``; "" where no guest has another name, else a hash of the rows."""
    asked = database.run(_RENAMED).fetchall()
    if not asked:
        return ""
    rows = _uuids(
        warehouse, endpoint, {int(vmid): (netbox_id, set(names)) for netbox_id, vmid, names in asked}
    )
    if rows:
        database.con.executemany("INSERT INTO config.former_guests VALUES (?, ?)", rows)
    return hashlib.sha256(repr(sorted(rows)).encode()).hexdigest()[:20]


def _uuids(
    warehouse: Warehouse, endpoint: ProxmoxEndpoint, asked: dict[int, tuple[int, set[str]]]
) -> list[tuple[int, str]]:
    """(NetBox id, UUID) for each VMID of ``asked``, from the newest snapshot in which it has one of its names."""
    folder = warehouse.snapshots("proxmox", endpoint.name)
    if warehouse.mirror is not None:
        warehouse.mirror.history(folder, manifests_only=False)
    open_questions = dict(asked)
    found: list[tuple[int, str]] = []
    for snapshot in sorted(folder.glob("[0-9]*"), reverse=True):
        if not open_questions:
            break
        names = _names(snapshot, list(open_questions))
        known = [vmid for vmid, name in names.items() if name in open_questions[vmid][1]]
        uuids = _configured(snapshot, known) if known else {}
        for vmid in known:
            netbox_id, _ = open_questions.pop(vmid)
            if vmid in uuids:
                found.append((netbox_id, uuids[vmid]))
    return found


def _names(snapshot: Path, vmids: list[int]) -> dict[int, str]:
    try:
        table = pq.read_table(snapshot / "guests.parquet", columns=["vmid", "name_given"])
    except OSError:
        return {}
    rows = table.filter(pc.field("vmid").isin(vmids)).to_pylist()
    return {row["vmid"]: (row["name_given"] or "").strip().lower() for row in rows}


def _configured(snapshot: Path, vmids: list[int]) -> dict[int, str]:
    try:
        table = pq.read_table(snapshot / "guest_config.parquet", columns=["vmid", "key", "value"])
    except OSError:
        return {}
    lines = table.filter(pc.field("vmid").isin(vmids) & (pc.field("key") == "smbios1")).to_pylist()
    matches = ((line["vmid"], _UUID.search(line["value"] or "")) for line in lines)
    return {vmid: match[1].lower() for vmid, match in matches if match}
