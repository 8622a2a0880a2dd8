"""Which endpoints reach one and the same Docker daemon, and what its host's cluster is called in NetBox."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.parquet as pq

from netbox_sync_dagster.config import Config
from netbox_sync_dagster.sources.base import IdentityError
from netbox_sync_dagster.sources.docker.config import DockerEndpoint
from netbox_sync_dagster.storage import Warehouse, WarehouseError


def docker_cluster(warehouse: Warehouse, endpoint: DockerEndpoint) -> str | None:
    """The name of the host's cluster, by the configuration and the current snapshot; None where neither says it."""
    return _seen(warehouse, endpoint)[0]


def same_daemon(warehouse: Warehouse, config: Config, endpoint: DockerEndpoint) -> list[str]:
    """The other endpoints that reach this endpoint's daemon under the same cluster, by name.

    Raises IdentityError for an endpoint whose cluster has the same name and is, or may be, another host's: each
    would call the other's containers gone.
    """
    name, daemon = _seen(warehouse, endpoint)
    found: list[str] = []
    for other in config.endpoints:
        if not isinstance(other, DockerEndpoint) or other.name == endpoint.name or name is None:
            continue
        other_name, other_daemon = _seen(warehouse, other)
        if other_name is None or other_name.lower() != name.lower():
            continue
        if daemon is None or daemon != other_daemon:
            raise IdentityError(
                f"endpoints '{endpoint.name}' and '{other.name}' both name their cluster {name}, and nothing shows "
                f"that they reach one Docker daemon; set cluster_name: endpoint, or rename one of the endpoints"
            )
        found.append(other.name)
    return sorted(found)


def _seen(warehouse: Warehouse, endpoint: DockerEndpoint) -> tuple[str | None, str | None]:
    """(name of the cluster, the daemon's id)."""
    try:
        current = warehouse.current(warehouse.snapshots("docker", endpoint.name))
        rows = pq.read_table(current / "host.parquet", columns=["name", "id"]).to_pylist()
    except (WarehouseError, OSError, pa.ArrowException):
        return None, None
    if not rows:
        return None, None
    name = endpoint.name if endpoint.cluster_name == "endpoint" else rows[0]["name"]
    return name, rows[0]["id"]
