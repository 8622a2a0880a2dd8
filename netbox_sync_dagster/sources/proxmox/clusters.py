"""Which endpoints reach one and the same Proxmox cluster: its guests are one set then, whoever read them.

A cluster is recognised by the fingerprint of its certificate authority, which all its nodes share. Where an
endpoint does not tell it, a node of the same name and address in both is as good. NetBox's custom fields keep a
guest's identity under the cluster's name: two clusters of one name would be taken for each other, so a
comparison that cannot tell them apart does not run.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from netbox_sync_dagster.config import Config
from netbox_sync_dagster.lazy import lazy_module
from netbox_sync_dagster.sources.base import IdentityError
from netbox_sync_dagster.sources.proxmox.config import ProxmoxEndpoint
from netbox_sync_dagster.storage import Warehouse, WarehouseError

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq
else:
    pa = lazy_module("pyarrow")
    pq = lazy_module("pyarrow.parquet")


@dataclass(frozen=True)
class Cluster:
    """A cluster in a snapshot, by the name that it has in Proxmox; nodes are {name: address}."""

    name: str
    fingerprint: str | None
    nodes: Mapping[str, str | None]
    # The endpoint that reads it.
    endpoint: str = ""


def cluster_in(snapshot: Path) -> Cluster | None:
    """The cluster in a snapshot's folder; None if it names none. Raises OSError or ArrowException for a damaged file."""
    files = snapshot / "cluster.parquet", snapshot / "nodes.parquet"
    return _cluster(*files, tuple(file.stat().st_mtime_ns if file.exists() else None for file in files))


# Each endpoint asks for the clusters of all others.
@lru_cache(4096)
def _cluster(cluster: Path, nodes: Path, written: tuple[int | None, ...]) -> Cluster | None:
    # An older snapshot may lack a table or a column.
    rows, found = (
        [] if moment is None else pq.read_table(file).to_pylist()
        for file, moment in zip((cluster, nodes), written, strict=True)
    )
    if not rows:
        return None
    known = {str(row["node"]): row.get("ip") for row in found}
    return Cluster(str(rows[0]["name"]), rows[0].get("fingerprint"), known)


def cluster_of(warehouse: Warehouse, endpoint: ProxmoxEndpoint) -> Cluster | None:
    """The cluster that an endpoint reads, by the name it has in NetBox; None where no snapshot names one."""
    try:
        found = cluster_in(warehouse.current(warehouse.snapshots("proxmox", endpoint.name)))
    except (WarehouseError, OSError, pa.ArrowException):
        return None
    return found and replace(found, name=endpoint.cluster_name or found.name, endpoint=endpoint.name)


def same_cluster(warehouse: Warehouse, config: Config, endpoint: ProxmoxEndpoint) -> list[str]:
    """The other endpoints that reach this endpoint's cluster, by name.

    Raises IdentityError for an endpoint whose cluster has the same name and is, or may be, another one.
    """
    own = cluster_of(warehouse, endpoint)
    found: list[str] = []
    for other in config.endpoints:
        if not isinstance(other, ProxmoxEndpoint) or other.name == endpoint.name or own is None:
            continue
        seen = cluster_of(warehouse, other)
        if seen is None or seen.name.lower() != own.name.lower():
            continue
        if _is_same(own, seen):
            found.append(other.name)
    return sorted(found)


def _is_same(own: Cluster, seen: Cluster) -> bool:
    who = f"endpoints '{own.endpoint}' and '{seen.endpoint}' both name their cluster {own.name}"
    todo = f"set cluster_name of '{seen.endpoint}' or '{own.endpoint}', so that NetBox can tell them apart"
    if own.fingerprint and seen.fingerprint:
        if own.fingerprint == seen.fingerprint:
            return True
        raise IdentityError(
            f"{who}, but they are two clusters: their certificate authorities differ; {todo}. "
            f"If one cluster has renewed its authority, sync both endpoints again"
        )
    shared = [name for name, ip in own.nodes.items() if ip and seen.nodes.get(name) == ip]
    if shared:
        return True
    raise IdentityError(
        f"{who}, and nothing shows whether it is one: neither a certificate authority nor a node of the same "
        f"name and address; {todo}, or remove one of the endpoints"
    )
