"""Reads an endpoint by its kind."""

from __future__ import annotations

from collections.abc import Callable

from netbox_sync_dagster.config import DockerEndpoint, Endpoint, LibreNMSEndpoint
from netbox_sync_dagster.sources.docker import snapshot_docker
from netbox_sync_dagster.sources.librenms import snapshot_librenms
from netbox_sync_dagster.sources.proxmox import snapshot_proxmox
from netbox_sync_dagster.warehouse import Manifest, Warehouse


def read_endpoint(
    endpoint: Endpoint,
    warehouse: Warehouse,
    say: Callable[[str], None],
    *,
    accept_shrink: bool = False,
    guest: int | None = None,
) -> Manifest:
    """A new snapshot of the endpoint, in the warehouse. Raises ServerError, MissingSecret, WarehouseError."""
    if isinstance(endpoint, LibreNMSEndpoint):
        return snapshot_librenms(endpoint, warehouse, progress=say, accept_shrink=accept_shrink)
    if isinstance(endpoint, DockerEndpoint):
        return snapshot_docker(endpoint, warehouse, progress=say, accept_shrink=accept_shrink)
    return snapshot_proxmox(endpoint, warehouse, progress=say, accept_shrink=accept_shrink, guest=guest)
