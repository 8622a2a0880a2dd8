"""Docker: one host's daemon, read over the Docker Engine API into ``warehouse.tables.DOCKER``."""

from netbox_sync_dagster.sources.docker.check import check_docker
from netbox_sync_dagster.sources.docker.reading import SCOPES
from netbox_sync_dagster.sources.docker.snapshot import snapshot_docker

__all__ = ["SCOPES", "check_docker", "snapshot_docker"]
