"""What every part of a Proxmox snapshot shares: how the endpoint is asked, and what the snapshot may lack."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from netbox_sync_dagster.server_errors import ServerError
from netbox_sync_dagster.sources.kept_answers import KeptAnswers
from netbox_sync_dagster.sources.proxmox.client import EndpointDown, ProxmoxClient
from netbox_sync_dagster.sources.proxmox.config import ProxmoxEndpoint
from netbox_sync_dagster.sources.reading import MALFORMED, BaseReading, explain
from netbox_sync_dagster.storage.parquet import Row
from netbox_sync_dagster.storage.snapshots import SnapshotWriter

# The scopes of `proxmox.scopes`; scope_id '*' means all of that kind. A row with complete = false says that
# nothing of that kind may be deleted, cleared or called gone.
#
# U marks an unknown: otherwise every cluster with one silent agent would never have a complete snapshot to compare
# with.
SCOPES = {
    "cluster": "'*': nodes or guests may be missing (no quorum, none seen, malformed rows)",
    "rights": "'*': the token does not see everything (VM.Audit, Sys.Audit or Datastore.Audit not on all)",
    "node": "a node: its status, interfaces or storages (offline, unreachable, refused)",
    "guest": "a vmid: its configuration, so also its interfaces, disks and tags (U: it is being created, cloned or"
    " removed); '*': only one guest was ever read",
    "guest_addresses": "a vmid: its addresses (U); '*': the token has no right to ask guest agents",
    "guest_snapshots": "a vmid: its snapshots",
    "storage": "a storage: its backups, on one node or all; U where the token's rights or a disabled storage"
    " hide them",
    "storages": "'*': the storage definitions",
    "sdn": "'*': zones and vnets; U where the token has no SDN.Audit, so that vnets are hidden",
    "replication": "'*': replication jobs",
    "backup_jobs": "'*': backup jobs",
    "pools": "'*': pools' comments",
    "options": "'*': the colours of tags",
    "tasks": "a node: its tasks; U where there were more than the newest 500",
    "table": "a table that shrank since the last good snapshot, or that refused rows",
}


class Reading(BaseReading[ProxmoxEndpoint, ProxmoxClient]):
    """One snapshot of a Proxmox endpoint being read. All methods are thread-safe."""

    def __init__(
        self,
        endpoint: ProxmoxEndpoint,
        client: ProxmoxClient,
        writer: SnapshotWriter,
        progress: Callable[[str], None],
        kept: KeptAnswers,
    ) -> None:
        super().__init__(endpoint, client, writer, progress)
        # The answers about guests that the last snapshot holds.
        self.kept = kept
        # Host names that kept answers of guest agents gave, by vmid.
        self.host_names: dict[int, str | None] = {}
        # Node -> its uptime in seconds, as /cluster/resources lists it beside that of the guests.
        self.node_uptimes: dict[str, int] = {}
        # What ``/version`` answered.
        self.version: dict[str, Any] = {}
        # Node -> why nothing can be read from it.
        self.down: dict[str, str] = {}
        # The refusal, where the token may not ask guest agents.
        self.agents_refused = ""

    def fetch(self, path: str, scope: str, scope_id: object = "*", **params: Any) -> Any:
        """The answer, or None where it failed: the gap is recorded then. Raises EndpointDown."""
        try:
            return self.client.get(path, **params)
        except EndpointDown:
            raise
        except ServerError as error:
            self.incomplete(scope, scope_id, error.what)
            return None

    def items(self, answer: Any, path: str, scope: str, scope_id: object = "*") -> list[dict[str, Any]]:
        """The objects of a list answer. null is an empty list; anything else is recorded as a gap."""
        if answer is None:
            return []
        if not isinstance(answer, list) or any(not isinstance(item, dict) for item in answer):
            self.incomplete(scope, scope_id, f"GET /{path} answered something else than a list of objects")
            answer = answer if isinstance(answer, list) else []
        return [item for item in answer if isinstance(item, dict)]

    def add(
        self,
        table: str,
        items: Iterable[dict[str, Any]],
        build: Callable[[dict[str, Any]], Row | None],
        *,
        key: str,
        scope: str,
        scope_id: object = "*",
    ) -> list[Row]:
        """Write ``build(item)`` of every item to ``table``; a malformed item is kept in ``rejected``."""
        rows: list[Row] = []
        for item in items:
            try:
                row = build(item)
            except MALFORMED as error:
                self.reject(table, item.get(key, "?"), explain(error), item, scope=scope, scope_id=scope_id)
                continue
            if row is not None:
                rows.append(row)
        self.writer.rows(table, rows)
        return rows
