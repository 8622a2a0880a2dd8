"""Which endpoints reach one and the same Docker daemon, and what its host's cluster is called in NetBox."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from netbox_sync_dagster.config import Config
from netbox_sync_dagster.lazy import lazy_module
from netbox_sync_dagster.sources.base import IdentityError
from netbox_sync_dagster.sources.docker.config import DockerEndpoint
from netbox_sync_dagster.storage import Warehouse, WarehouseError

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq
else:
    pa = lazy_module("pyarrow")
    pq = lazy_module("pyarrow.parquet")


def docker_cluster(snapshot: Path, endpoint: DockerEndpoint) -> str | None:
    """The name of the host's cluster, by the configuration and this snapshot; None where neither says it."""
    host = _host_in(snapshot)
    return host and _cluster(host, endpoint)


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
    """(name of the cluster, the daemon's id) by the current snapshot."""
    try:
        host = _host_in(warehouse.current(warehouse.snapshots("docker", endpoint.name)))
    except (WarehouseError, OSError, pa.ArrowException):
        return None, None
    return (None, None) if host is None else (_cluster(host, endpoint), host.daemon)


class _Host(NamedTuple):
    name: str | None
    daemon: str | None


def _cluster(host: _Host, endpoint: DockerEndpoint) -> str | None:
    return endpoint.name if endpoint.cluster_name == "endpoint" else host.name


def _host_in(snapshot: Path) -> _Host | None:
    """The host of a snapshot; None if it has none. Raises OSError or ArrowException for a damaged file."""
    file = snapshot / "host.parquet"
    return _host(file, file.stat().st_mtime_ns) if file.exists() else None


# Each endpoint asks for the hosts of all others.
@lru_cache(4096)
def _host(file: Path, written: int) -> _Host | None:
    rows = pq.read_table(file).to_pylist()
    return _Host(rows[0].get("name"), rows[0].get("id")) if rows else None
