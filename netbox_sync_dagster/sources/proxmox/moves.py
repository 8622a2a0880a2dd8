"""What the other Proxmox clusters show, for guests that may have moved between clusters.

A guest that is new in one cluster and that NetBox knows in another one has moved if the other cluster no longer shows it;
and a guest that is gone from one cluster is not gone while another one shows it, or may show it: an endpoint that was not
read since, or not completely, proves nothing. All of it is asked of the other endpoints' current snapshots, and only where
NetBox has such a guest.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from netbox_sync_dagster.config import Config
from netbox_sync_dagster.lazy import lazy_module
from netbox_sync_dagster.sources.base import Database
from netbox_sync_dagster.sources.proxmox.clusters import cluster_of
from netbox_sync_dagster.sources.proxmox.config import ProxmoxEndpoint
from netbox_sync_dagster.sources.proxmox.former_guests import Asked, former_uuids, sightings, uuid_in
from netbox_sync_dagster.storage import Warehouse, WarehouseError
from netbox_sync_dagster.storage.sequence import number_at, number_of

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq
else:
    pa = lazy_module("pyarrow")
    pq = lazy_module("pyarrow.parquet")

# A guest of this cluster is no longer listed, or one is listed that NetBox does not know here, and it knows some elsewhere.
_MAY_HAVE_MOVED = """
WITH known AS (
    SELECT lower(held_cluster(cf, 'proxmox_cluster')) AS cluster, held_guest(cf, 'proxmox_vmid') AS vmid
    FROM netbox.virtual_machines WHERE contains(cf, 'proxmox_vmid')
),
here AS (SELECT vmid FROM known, config.endpoint WHERE cluster = lower(id_scope) AND vmid IS NOT NULL)
SELECT 1 FROM config.endpoint settings WHERE (
    EXISTS (FROM here WHERE vmid NOT IN (SELECT source_id FROM desired.listed_guests))
    OR (EXISTS (FROM known k WHERE k.cluster <> lower(settings.id_scope))
        AND EXISTS (FROM desired.virtual_machines w WHERE w.source_id NOT IN (SELECT vmid FROM here))))
"""
# The guests that NetBox knows: (id, cluster, vmid, whether this cluster no longer lists it, its names).
_KNOWN = """
SELECT v.id, lower(held_cluster(v.cf, 'proxmox_cluster')) AS cluster,
    held_guest(v.cf, 'proxmox_vmid') AS vmid,
    cluster = lower(settings.id_scope) AND vmid NOT IN (SELECT source_id FROM desired.listed_guests) AS gone,
    list_distinct([lower(v.name), coalesce(lower(l.value::JSON->>'$'), lower(v.name))]) AS names
FROM config.endpoint settings
JOIN netbox.virtual_machines v ON contains(v.cf, 'proxmox_vmid')
LEFT JOIN ledger.last_written l
    ON l.object_type = 'virtualization/virtual-machines' AND l.netbox_id = v.id AND l.field = 'name'
WHERE cluster IS NOT NULL AND try_cast(vmid AS BIGINT) IS NOT NULL
"""
# Parts of a snapshot without which a guest that is not listed may be there all the same.
_WHOLE = ("cluster", "rights", "node")
_TABLES = ("*", "cluster", "nodes", "guests", "guest_interfaces", "guest_config")


@dataclass
class _Guest:
    """``name``: None where only the number is known."""

    vmid: str
    name: str | None
    macs: list[str]
    uuid: str | None


@dataclass
class _Other:
    """What another endpoint's current snapshot shows. ``cluster``: None where no snapshot can be read.

    ``gap``: why guests may be missing. ``began``, ``ended``: the numbers (``storage.sequence``) between which its list
    was read.
    """

    endpoint: ProxmoxEndpoint
    cluster: str | None = None
    gap: str | None = None
    guests: list[_Guest] = field(default_factory=list)
    began: int = 0
    ended: int = 0


@dataclass
class _Known:
    """A guest as NetBox has it."""

    netbox_id: int
    cluster: str
    vmid: str
    gone: bool
    names: set[str]


def load_other_guests(
    database: Database, warehouse: Warehouse, config: Config, endpoint: ProxmoxEndpoint, peers: Sequence[str]
) -> str:
    """Fill ``config.other_guests``, ``config.unseen_moves``, and ``config.former_guests`` for guests that may have moved.

    Returns "" where none has, else a hash of the rows. ``peers`` are the endpoints that reach the same cluster as
    ``endpoint``.
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
    seen = [_read_other(warehouse, other) for other in others]
    known = [
        _Known(netbox_id, cluster, vmid, gone, set(names))
        for netbox_id, cluster, vmid, gone, names in database.run(_KNOWN).fetchall()
    ]
    tables: dict[str, list[tuple[Any, ...]]] = {
        "other_guests": [line for other in seen for line in _lines(other)],
        "unseen_moves": _unseen(warehouse, endpoint, seen, known),
        "former_guests": _former(warehouse, endpoint, seen, known),
    }
    for table, rows in tables.items():
        _insert(database, table, rows)
    said = repr([(table, sorted(map(repr, rows))) for table, rows in tables.items()])
    return hashlib.sha256(said.encode()).hexdigest()[:20]


def _insert(database: Database, table: str, rows: list[tuple[Any, ...]]) -> None:
    """Fill ``config.<table>``; with Arrow, as a cluster may have thousands of guests."""
    columns = [row[0] for row in database.con.execute(f"DESCRIBE config.{table}").fetchall()]
    if rows:
        values = dict(zip(columns, zip(*rows, strict=True), strict=True))
        database.con.register("moves_rows", pa.table({name: list(column) for name, column in values.items()}))
        database.con.execute(f"INSERT INTO config.{table} SELECT * FROM moves_rows")
        database.con.unregister("moves_rows")


def _lines(other: _Other) -> Iterable[tuple[Any, ...]]:
    """The rows of ``config.other_guests``: one without a number, then one per guest."""
    if other.cluster is None:
        return
    name = other.endpoint.name
    yield (name, other.cluster, None, None, [], None, other.gap)
    for guest in other.guests:
        yield (name, other.cluster, guest.vmid, guest.name, guest.macs, guest.uuid, None)


# -- what a snapshot shows -------------------------------------------------------------------------------


def _read_other(warehouse: Warehouse, endpoint: ProxmoxEndpoint) -> _Other:
    """What an endpoint's current snapshot shows; nothing where it has none, or a damaged one, or one without a cluster."""
    found = _Other(endpoint)
    cluster = cluster_of(warehouse, endpoint)
    if cluster is None:
        return found
    versions = warehouse.snapshots("proxmox", endpoint.name)
    try:
        manifest, folder = warehouse.manifest(versions), warehouse.current(versions)
        scopes = [row for row in _read(folder, "scopes") if not row["complete"]]
        found.guests = _guests(folder, scopes)
    except (WarehouseError, OSError, pa.ArrowException):
        found.guests = []
        return found
    reasons = sorted({row["reason"] or "it was not read completely" for row in scopes if _is_gap(row)})
    found.cluster, found.gap = cluster.name, "; ".join(reasons) or None
    found.began = number_of(manifest["snapshot_id"])
    if manifest.get("only") is None and manifest.get("part") is None:
        found.ended = number_at(datetime.fromisoformat(manifest["finished"]))
    else:
        # Only one guest was read then; all others are from the last full read.
        whole = manifest.get("whole_started")
        found.began = number_at(datetime.fromisoformat(whole)) if whole else 0
    return found


def _guests(folder: Path, scopes: list[dict[str, Any]]) -> list[_Guest]:
    macs: dict[int, list[str]] = defaultdict(list)
    for row in _read(folder, "guest_interfaces"):
        if row["mac"]:
            macs[row["vmid"]].append(str(row["mac"]).upper())
    uuids = {
        row["vmid"]: uuid_in(row["value"])
        for row in _read(folder, "guest_config", filters=[("key", "=", "smbios1")])
    }
    found: dict[str, _Guest] = {}
    for row in _read(folder, "guests"):
        vmid = row["vmid"]
        name = (row["name_given"] or "").strip() or f"{'ct' if row['type'] == 'lxc' else 'vm'}-{vmid}"
        found[str(vmid)] = _Guest(str(vmid), name, sorted(macs[vmid]), uuids.get(vmid))
    # A guest of which only the number is known is there all the same.
    hidden = {row["scope_id"] for row in scopes if row["scope"] == "guest"}
    hidden |= {row["row_key"] for row in _read(folder, "rejected") if row["source_table"] == "guests"}
    numbers = sorted(number for number in hidden - found.keys() - {"*", None})
    return [*found.values(), *(_Guest(number, None, [], None) for number in numbers)]


def _is_gap(scope: dict[str, Any]) -> bool:
    kind, part = scope["scope"], scope["scope_id"]
    return kind in _WHOLE or (kind == "table" and part in _TABLES) or (kind == "guest" and part == "*")


def _read(folder: Path, table: str, **options: Any) -> list[dict[str, Any]]:
    file = folder / f"{table}.parquet"
    return pq.read_table(file, **options).to_pylist() if file.exists() else []


# -- guests of this cluster that may be where nobody looked -----------------------------------------------


def _unseen(
    warehouse: Warehouse, endpoint: ProxmoxEndpoint, seen: list[_Other], known: list[_Known]
) -> list[tuple[str, str]]:
    """(vmid, why it may be in another cluster unseen) of the guests that this cluster no longer lists."""
    gone = [guest.vmid for guest in known if guest.gone]
    if not gone:
        return []
    numbers = sightings(warehouse, endpoint, [int(vmid) for vmid in gone])
    have = {(guest.cluster, guest.vmid) for guest in known}
    clusters: dict[str, list[_Other]] = defaultdict(list)
    for other in seen:
        if other.endpoint.enabled:
            clusters[(other.cluster or f"\n{other.endpoint.name}").lower()].append(other)
    found = []
    for vmid in gone:
        last, missed = numbers[int(vmid)]
        for readers in clusters.values():
            # One cluster through several endpoints: one of them is enough.
            reasons = [_why_unseen(other, last, missed, have) for other in readers]
            if None not in reasons:
                found.append((vmid, str(reasons[0])))
    return found


def _why_unseen(other: _Other, last: int, missed: int, have: set[tuple[str, str]]) -> str | None:
    """Why a guest may be in the other cluster though its endpoint does not show it; None where it would show it.

    ``last``, ``missed``: the numbers of the last snapshot that listed it here, and of the first that did not.
    """
    name = other.endpoint.name
    todo = f"it may have moved there; sync {name}, or set enabled: false where it is no longer in use"
    if other.cluster is None:
        return f"{name} has no snapshot that can be read, and {todo}"
    if not (other.began >= missed or (other.began > last and other.ended >= missed)):
        return f"{name} has not been read since, and {todo}"
    if other.gap is not None:
        return f"{name} may not show all of its guests ({other.gap}), and it may have moved there"
    nameless = [
        g.vmid for g in other.guests if g.name is None and (other.cluster.lower(), g.vmid) not in have
    ]
    if nameless:
        return f"{name} shows nothing but the number of vmid {nameless[0]}, and it may have moved there"
    return None


def _former(
    warehouse: Warehouse, endpoint: ProxmoxEndpoint, seen: list[_Other], known: list[_Known]
) -> list[tuple[int, str]]:
    """(NetBox id, SMBIOS UUID) of the guests that have left their cluster, from the snapshots that still had them."""
    found = former_uuids(warehouse, endpoint, {int(g.vmid): (g.netbox_id, g.names) for g in known if g.gone})
    for other in seen:
        if other.cluster is None:
            continue
        shown = {guest.vmid: (guest.name or "").lower() for guest in other.guests}
        there = [g for g in known if g.cluster == other.cluster.lower() and not g.gone]
        asked: Asked = {
            int(g.vmid): (g.netbox_id, g.names) for g in there if shown.get(g.vmid, "") not in g.names
        }
        found += former_uuids(warehouse, other.endpoint, asked)
    return sorted(set(found))
