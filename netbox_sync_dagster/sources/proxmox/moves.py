"""What the other Proxmox clusters show, for guests that may have moved between clusters.

A guest that is new in one cluster and of which NetBox knows the name and the MAC addresses in another one has moved if
the other cluster no longer shows it; and a guest that is gone from one cluster is not gone if another one shows it.
Both are asked of the other endpoints' current snapshots, and only where NetBox has such a guest.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from netbox_sync_dagster.config import Config
from netbox_sync_dagster.sources.base import Database
from netbox_sync_dagster.sources.proxmox.clusters import cluster_of
from netbox_sync_dagster.sources.proxmox.config import ProxmoxEndpoint
from netbox_sync_dagster.warehouse import Warehouse

# (endpoint, cluster, vmid, name, MAC addresses, why the list of guests may be incomplete)
OtherGuest = tuple[str, str, str | None, str | None, list[str], str | None]

# A guest of this cluster is no longer listed, or one that NetBox does not know here has the name of another cluster's,
# also without the number that a second guest of that name gets.
_MAY_HAVE_MOVED = """
WITH known AS (
    SELECT lower(name) AS name, lower(json_extract_string(cf, '$.proxmox_cluster')) AS cluster,
        json_extract_string(cf, '$.proxmox_vmid') AS vmid
    FROM netbox.virtual_machines WHERE contains(cf, 'proxmox_vmid')
),
here AS (SELECT vmid FROM known, config.endpoint WHERE cluster = lower(id_scope) AND vmid IS NOT NULL)
SELECT 1 FROM config.endpoint settings WHERE (
    EXISTS (FROM here WHERE vmid NOT IN (SELECT source_id FROM desired.listed_guests))
    OR EXISTS (
        FROM (
            SELECT name, cluster FROM known
            UNION SELECT left(name, -len(vmid) - 3), cluster FROM known WHERE ends_with(name, ' (' || vmid || ')')
        ) k
        JOIN (
            SELECT source_id, lower(name) AS name FROM desired.virtual_machines
            UNION SELECT source_id, lower(given_name) FROM desired.virtual_machines
        ) w ON w.name = k.name
        WHERE k.cluster <> lower(settings.id_scope) AND w.source_id NOT IN (SELECT vmid FROM here)))
"""
# Parts of a snapshot without which a guest that is not listed may be there all the same.
_WHOLE = ("cluster", "rights", "node")
_TABLES = ("*", "cluster", "nodes", "guests", "guest_interfaces", "guest_config")


def load_other_guests(
    database: Database, warehouse: Warehouse, config: Config, endpoint: ProxmoxEndpoint, peers: Sequence[str]
) -> str:
    """Fill ``config.other_guests`` where a guest may have moved; "" where none has, else a hash of the rows.

    ``peers`` are the endpoints that reach the same cluster as ``endpoint``.
    """
    others = [
        other
        for other in config.endpoints
        if isinstance(other, ProxmoxEndpoint) and other.name not in (endpoint.name, *peers)
    ]
    if not others:
        return ""
    if database.run(_MAY_HAVE_MOVED).fetchone() is None:
        return ""
    rows = [row for other in others for row in _guests(warehouse, other)]
    if rows:
        database.con.executemany("INSERT INTO config.other_guests VALUES (?, ?, ?, ?, ?, ?)", rows)
    return hashlib.sha256(repr(sorted(map(repr, rows))).encode()).hexdigest()[:20]


def _guests(warehouse: Warehouse, endpoint: ProxmoxEndpoint) -> list[OtherGuest]:
    """What an endpoint's current snapshot shows; nothing where it has none or names no cluster."""
    cluster = cluster_of(warehouse, endpoint)
    if cluster is None:
        return []
    folder = warehouse.current(warehouse.snapshots("proxmox", endpoint.name))
    scopes = [row for row in _read(folder, "scopes") if not row["complete"]]
    reasons = sorted({row["reason"] or "it was not read completely" for row in scopes if _is_gap(row)})
    found: list[OtherGuest] = [
        (endpoint.name, cluster.name, None, None, [], "; ".join(reasons) if reasons else None)
    ]
    macs: dict[int, list[str]] = defaultdict(list)
    for row in _read(folder, "guest_interfaces"):
        if row["mac"]:
            macs[row["vmid"]].append(str(row["mac"]).upper())
    listed = set()
    for row in _read(folder, "guests"):
        listed.add(str(row["vmid"]))
        name = (row["name_given"] or "").strip() or f"{'ct' if row['type'] == 'lxc' else 'vm'}-{row['vmid']}"
        found.append((endpoint.name, cluster.name, str(row["vmid"]), name, sorted(macs[row["vmid"]]), None))
    # A guest of which only the number is known is there all the same.
    hidden = {row["scope_id"] for row in scopes if row["scope"] == "guest"}
    hidden |= {row["row_key"] for row in _read(folder, "rejected") if row["source_table"] == "guests"}
    numbers = sorted(number for number in hidden - listed - {"*", None})
    return [*found, *((endpoint.name, cluster.name, number, None, [], None) for number in numbers)]


def _is_gap(scope: dict[str, Any]) -> bool:
    kind, part = scope["scope"], scope["scope_id"]
    return kind in _WHOLE or (kind == "table" and part in _TABLES) or (kind == "guest" and part == "*")


def _read(folder: Path, table: str) -> list[dict[str, Any]]:
    file = folder / f"{table}.parquet"
    return pq.read_table(file).to_pylist() if file.exists() else []
