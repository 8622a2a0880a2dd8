"""Proxmox VE as a source."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from netbox_sync_dagster.config.resources import RESOURCES
from netbox_sync_dagster.sources.base import Counted, Database, Say, Source
from netbox_sync_dagster.sources.check import Check
from netbox_sync_dagster.sources.hooks import named
from netbox_sync_dagster.sources.proxmox.config import ProxmoxEndpoint
from netbox_sync_dagster.sources.proxmox.tables import TABLES
from netbox_sync_dagster.sources.questions import Question

if TYPE_CHECKING:
    import duckdb

    from netbox_sync_dagster.config import Config
    from netbox_sync_dagster.storage import Manifest, Warehouse

_NOT_HERE = frozenset(
    (
        "virtual_chassis",
        "virtual_chassis_members",
        "virtual_chassis_masters",
        "cables",
        "module_types",
        "module_bays",
        "modules",
    )
)
# What a guest consists of in NetBox.
_OF_GUESTS = (
    "virtualization/virtual-machines",
    "virtualization/interfaces",
    "virtualization/virtual-disks",
    "dcim/mac-addresses",
    "ipam/ip-addresses",
)


class Proxmox(Source):
    """A Proxmox VE cluster or standalone node: nodes, guests, networks, disks, backups."""

    kind = "proxmox"
    title = "Proxmox VE"
    name = "Proxmox"
    endpoint = ProxmoxEndpoint
    tables = TABLES
    main_table = "guests"
    resources = frozenset(RESOURCES) - _NOT_HERE
    main_resource = "virtual_machines"
    id_fields = ("proxmox_cluster", "proxmox_vmid", "proxmox_node")
    id_field = "proxmox_vmid"
    cluster_field = "proxmox_cluster"
    cluster_word = "Proxmox cluster"
    counted = (
        Counted("guests", "guests", "SELECT '*' FROM guests", judged=False),
        Counted("node_interfaces", "interfaces", "SELECT node FROM node_interfaces", all_from=1),
        Counted("guest_interfaces", "network interfaces", "SELECT vmid FROM guest_interfaces", all_from=1),
        Counted("disks", "disks", "SELECT vmid FROM disks"),
        Counted(
            "guest_addresses",
            "IPv4 addresses",
            "SELECT vmid FROM guest_addresses WHERE family = 4",
            quiet=True,
        ),
        Counted(
            "guest_addresses",
            "IPv6 addresses",
            "SELECT vmid FROM guest_addresses WHERE family = 6",
            quiet=True,
        ),
        Counted("snapshots", "snapshots", "SELECT vmid FROM snapshots", judged=False),
    )
    owners = "SELECT node FROM nodes UNION ALL SELECT vmid::VARCHAR FROM guests"
    references = (
        ("guests", "node", "nodes", "node"),
        ("guest_interfaces", "vmid", "guests", "vmid"),
        ("guest_addresses", "vmid", "guests", "vmid"),
        ("disks", "vmid", "guests", "vmid"),
        ("node_interfaces", "node", "nodes", "node"),
    )
    wide_scopes = ("cluster", "rights", "node", "guest")
    object_word = "guest"
    questions = (
        Question("url", "URL, e.g. https://pve.example.com:8006"),
        Question("user", "User of the API token, e.g. netbox@pve"),
        Question("token_name", "Name of the API token (the part after '!')", unless="password_env"),
        Question(
            "token_env",
            "Environment variable with the token's value",
            "PROXMOX_TOKEN",
            unless="password_env",
        ),
    )

    def check(self, endpoint: ProxmoxEndpoint) -> list[Check]:
        """See ``Source.check``."""
        from netbox_sync_dagster.sources.proxmox.check import check_proxmox

        return check_proxmox(endpoint)

    def names(self, endpoint: ProxmoxEndpoint) -> list[tuple[str, str, str]]:
        """See ``Source.names``."""
        if "node_interface_type" not in endpoint.model_fields_set:
            return []
        return [("node_interface_type", "interface_types", endpoint.node_interface_type)]

    def connects(self, endpoint: ProxmoxEndpoint) -> str:
        """See ``Source.connects``."""
        from netbox_sync_dagster.sources.proxmox.check import connects

        return connects(endpoint)

    def snapshot(
        self,
        endpoint: ProxmoxEndpoint,
        warehouse: Warehouse,
        *,
        say: Say,
        accept_shrink: bool,
        only: str | None,
    ) -> Manifest:
        """See ``Source.snapshot``."""
        from netbox_sync_dagster.sources.proxmox.snapshot import snapshot_proxmox

        return snapshot_proxmox(endpoint, warehouse, progress=say, accept_shrink=accept_shrink, only=only)

    def hook_objects(self, endpoint: ProxmoxEndpoint, content: Mapping[str, Any]) -> list[str]:
        """See ``Source.hook_objects``: the guest that a hook script names. Proxmox's own notifications name none."""
        return named(content, "vmid", "guest")

    def settings(self, endpoint: ProxmoxEndpoint, id_scope: str) -> dict[str, Any]:
        """See ``Source.settings``."""
        return {
            "id_word": "vmid",
            "numeric_guest_ids": True,
            "shows_all_members": True,
            "vlan_aware_bridges": endpoint.vlan_aware_bridges,
            "node_field": "proxmox_node",
            "nic_word": "netN of the guest",
            "cluster_type": endpoint.cluster_type,
            "cluster_group": endpoint.cluster_group,
            "guest_table": "guests",
            "address_table": "guest_addresses",
            "reuses_ids": True,
            "node_names_are_words": True,
            "guest_records": endpoint.guest_records,
            "guest_bridge": endpoint.guest_bridge,
            "bridge_field": "proxmox_bridge",
            "platform": endpoint.platform,
            "node_interface_type": endpoint.node_interface_type,
            "agent_interface_names": endpoint.use_guest_agent_interface_name,
            "include_templates": endpoint.include_templates,
            "notes_as_comments": endpoint.notes_as_comments,
            "node_name": endpoint.node_name,
            "ignored_guests": endpoint.ignored_guests,
            "ignored_tags": [tag.lower() for tag in endpoint.ignored_tags],
            "ignored_pools": endpoint.ignored_pools,
            "ignored_nodes": endpoint.ignored_nodes,
        }

    def page(self, endpoint: ProxmoxEndpoint, resource: str, row: Mapping[str, Any]) -> str | None:
        """See ``Source.page``: that of a node or of a guest in the web interface."""
        if resource == "devices" and row.get("source_id"):
            return f"/#v1:0:=node%2F{quote(str(row['source_id']), safe='')}"
        if resource == "virtual_machines" and row.get("source_id"):
            kind = "lxc" if row.get("type") == "lxc" else "qemu"
            return f"/#v1:0:={kind}%2F{quote(str(row['source_id']), safe='')}"
        return None

    def peers(self, warehouse: Warehouse, config: Config, endpoint: ProxmoxEndpoint) -> list[str]:
        """See ``Source.peers``."""
        from netbox_sync_dagster.sources.proxmox.clusters import same_cluster

        return same_cluster(warehouse, config, endpoint)

    def rivals_not(
        self, config: Config, endpoint: ProxmoxEndpoint, peers: Sequence[str]
    ) -> list[tuple[str, str]]:
        """A guest is in one Proxmox cluster at a time: what another one wrote to it dates from before it moved."""
        others = [
            other.name
            for other in config.endpoints
            if isinstance(other, ProxmoxEndpoint) and other.name not in (endpoint.name, *peers)
        ]
        return [(object_type, name) for name in others for object_type in _OF_GUESTS]

    def id_scope(self, snapshot: Path, endpoint: ProxmoxEndpoint) -> str | None:
        """The cluster's name: one cluster reached through two endpoints is one set of guests."""
        from netbox_sync_dagster.sources.proxmox.clusters import cluster_in

        cluster = cluster_in(snapshot)
        return None if cluster is None else endpoint.cluster_name or cluster.name

    def prepare(self, con: duckdb.DuckDBPyConnection, endpoint: ProxmoxEndpoint) -> None:
        """Give the cluster the name that the configuration gives it."""
        if endpoint.cluster_name is not None:
            con.execute("UPDATE proxmox.cluster SET name = ?", [endpoint.cluster_name])

    def gather(
        self,
        database: Database,
        warehouse: Warehouse,
        config: Config,
        endpoint: ProxmoxEndpoint,
        peers: Sequence[str],
    ) -> dict[str, str]:
        """What the other clusters show, and who had a guest's number before, where a guest may have moved."""
        from netbox_sync_dagster.sources.proxmox.former_guests import load_former_guests
        from netbox_sync_dagster.sources.proxmox.moves import load_other_guests

        return {
            "others": load_other_guests(database, warehouse, config, endpoint, peers),
            "former": load_former_guests(database, warehouse, endpoint),
        }


SOURCE = Proxmox()
