"""Docker as a source."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from netbox_sync_dagster.sources.base import Counted, Say, Source
from netbox_sync_dagster.sources.check import Check
from netbox_sync_dagster.sources.docker.config import DockerEndpoint
from netbox_sync_dagster.sources.docker.tables import TABLES
from netbox_sync_dagster.sources.questions import Question

if TYPE_CHECKING:
    from netbox_sync_dagster.config import Config
    from netbox_sync_dagster.storage import Manifest, Warehouse


class Docker(Source):
    """A Docker host: containers and their networks. Disks are deleted along with a virtual machine."""

    kind = "docker"
    title = name = "Docker"
    endpoint = DockerEndpoint
    tables = TABLES
    # The snapshot of a host without containers is not empty.
    main_table = "host"
    resources = frozenset(
        (
            "tags",
            "custom_fields",
            "device_roles",
            "platforms",
            "sites",
            "cluster_types",
            "clusters",
            "devices",
            "virtual_machines",
            "vm_interfaces",
            "virtual_disks",
            "mac_addresses",
            "primary_macs",
            "prefixes",
            "ip_addresses",
            "primary_ips",
        )
    )
    main_resource = "virtual_machines"
    id_fields = ("docker_host", "docker_container")
    id_field = "docker_container"
    cluster_field = "docker_host"
    cluster_word = "Docker host"
    counted = (
        Counted("containers", "containers", "SELECT '*' FROM containers", judged=False),
        Counted("container_interfaces", "networks", "SELECT container FROM container_interfaces"),
        Counted(
            "container_addresses", "addresses", "SELECT container FROM container_addresses", judged=False
        ),
    )
    owners = "SELECT name FROM containers"
    references = (
        ("container_interfaces", "container", "containers", "name"),
        ("container_addresses", "container", "containers", "name"),
    )
    wide_scopes = ("containers", "container")
    object_word = "container"
    questions = (
        Question(
            "url", "Socket or URL, e.g. https://docker1.example.com:2376", "unix:///var/run/docker.sock"
        ),
    )

    def check(self, endpoint: DockerEndpoint) -> list[Check]:
        """See ``Source.check``."""
        from netbox_sync_dagster.sources.docker.check import check_docker

        return check_docker(endpoint)

    def connects(self, endpoint: DockerEndpoint) -> str:
        """See ``Source.connects``."""
        from netbox_sync_dagster.sources.docker.check import connects

        return connects(endpoint)

    def snapshot(
        self,
        endpoint: DockerEndpoint,
        warehouse: Warehouse,
        *,
        say: Say,
        accept_shrink: bool,
        only: str | None,
    ) -> Manifest:
        """See ``Source.snapshot``."""
        from netbox_sync_dagster.sources.docker.snapshot import snapshot_docker

        return snapshot_docker(endpoint, warehouse, progress=say, accept_shrink=accept_shrink, only=only)

    def settings(self, endpoint: DockerEndpoint, id_scope: str) -> dict[str, Any]:
        """See ``Source.settings``."""
        return {
            "id_word": "container",
            "node_field": "docker_container",
            "nic_word": "network of the container",
            "cluster_type": endpoint.cluster_type,
            "cluster_group": endpoint.cluster_group,
            "guest_table": "containers",
            "address_table": "container_addresses",
            "ids_are_names": True,
            "shows_node_hardware": True,
            "cluster_name": id_scope,
            "host": endpoint.host,
            "ignored_containers": endpoint.ignored_containers,
            "auto_removed_containers": endpoint.auto_removed_containers,
            "compose_tags": endpoint.compose_tags,
            "bridge_addresses": endpoint.bridge_addresses,
        }

    def peers(self, warehouse: Warehouse, config: Config, endpoint: DockerEndpoint) -> list[str]:
        """See ``Source.peers``."""
        from netbox_sync_dagster.sources.docker.hosts import same_daemon

        return same_daemon(warehouse, config, endpoint)

    def id_scope(self, snapshot: Path, endpoint: DockerEndpoint) -> str | None:
        """The cluster's name: one daemon reached through two endpoints is one set of containers."""
        from netbox_sync_dagster.sources.docker.hosts import docker_cluster

        return docker_cluster(snapshot, endpoint)


SOURCE = Docker()
