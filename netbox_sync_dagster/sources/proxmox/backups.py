"""Reading storages and the backups on them: a shared storage once, a local one on each of its nodes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from netbox_sync_dagster.server_errors import ServerError
from netbox_sync_dagster.sources.proxmox.client import EndpointDown
from netbox_sync_dagster.sources.proxmox.reading import Reading
from netbox_sync_dagster.sources.proxmox.rights import Rights
from netbox_sync_dagster.sources.proxmox.storage import backup_row, storage_row
from netbox_sync_dagster.sources.proxmox.values import words
from netbox_sync_dagster.storage.parquet import Row


@dataclass
class BackupStorage:
    """A storage that may hold backups: the nodes to ask, and why it cannot be read completely."""

    name: str
    shared: bool
    enabled: bool = True
    nodes: list[str] = field(default_factory=list)
    gaps: list[str] = field(default_factory=list)


def read_storages(
    reading: Reading,
    definitions: list[dict[str, Any]],
    by_node: dict[str, list[dict[str, Any]]],
    resources: list[dict[str, Any]],
) -> list[BackupStorage]:
    """Write ``proxmox.storages`` from ``/storage`` and ``/nodes/{node}/storage``; for a node that was not read
    from ``/cluster/resources``. Returns the storages that may hold backups.
    """
    defined = {str(item["storage"]): item for item in definitions if item.get("storage")}
    items: list[tuple[str | None, dict[str, Any]]] = []
    for name, storages in sorted(by_node.items()):
        items += [(name, item) for item in storages]
    for item in resources:
        if item.get("type") == "storage" and item.get("storage") and item.get("node") not in by_node:
            # Its sizes are from before the node went away.
            known: dict[str, Any] = {
                key: item[key] for key in ("storage", "plugintype", "shared", "content") if key in item
            }
            items.append((str(item.get("node")), known))
    seen = {str(item.get("storage")) for _, item in items}
    items += [(None, {"storage": name}) for name in sorted(set(defined) - seen)]

    found: dict[str, BackupStorage] = {}
    for node, item in items:
        definition = defined.get(str(item.get("storage")), {})
        rows = reading.add(
            "storages",
            [item],
            lambda entry, node=node, definition=definition: storage_row(node, entry, definition),  # type: ignore[misc]
            key="storage",
            scope="storage",
            scope_id=item.get("storage", "*"),
        )
        for row in rows:
            _note(reading, found, row)
    for name, item in defined.items():
        if name in found:
            _note_offline(reading, found[name], words(item.get("nodes")))
    return list(found.values())


def _note(reading: Reading, found: dict[str, BackupStorage], row: Row) -> None:
    if "backup" not in row["content"]:
        return
    storage = found.setdefault(row["storage"], BackupStorage(row["storage"], bool(row["shared"])))
    storage.enabled = storage.enabled and bool(row["enabled"])
    node = row["node"]
    if node is None:
        storage.gaps.append(f"storage {row['storage']}: no node that was read has it")
    elif node in reading.down:
        storage.gaps.append(f"storage {row['storage']}: {reading.down[node]}")
    elif row["active"] is False:
        storage.gaps.append(f"storage {row['storage']} is not available on node {node}")
    else:
        storage.nodes.append(node)


def _note_offline(reading: Reading, storage: BackupStorage, allowed: list[str]) -> None:
    """A local storage also lies on nodes that are offline and list nothing."""
    if not storage.shared:
        for node, reason in reading.down.items():
            if not allowed or node in allowed:
                storage.gaps.append(f"storage {storage.name}: {reason}")


def read_backups(reading: Reading, storage: BackupStorage, rights: Rights | None) -> None:
    """Write ``proxmox.backups`` of one storage, and the scope ``storage`` where it was not all seen."""
    if not storage.enabled:
        reading.unknown("storage", storage.name, f"storage {storage.name} is disabled")
        return
    rows: list[Row] = []
    gaps = dict.fromkeys(storage.gaps)
    for node in sorted(storage.nodes):
        path = f"nodes/{node}/storage/{storage.name}/content"
        try:
            answer = reading.client.get(path, content="backup")
        except EndpointDown:
            raise
        except ServerError as error:
            gaps[f"storage {storage.name}: {error.what}"] = None
            continue
        home = None if storage.shared else node
        rows += reading.add(
            "backups",
            reading.items(answer, path, "storage", storage.name),
            lambda item, home=home: backup_row(storage.name, home, item),  # type: ignore[misc]
            key="volid",
            scope="storage",
            scope_id=storage.name,
        )
        if storage.shared:
            # Any one node shows all of it.
            gaps.clear()
            break
    for gap in gaps:
        reading.incomplete("storage", storage.name, gap)
    if rights is not None and not rights.sees_backups() and (not rows or rights.somewhere("VM.Backup")):
        reading.unknown(
            "storage",
            storage.name,
            "Proxmox lists backups only to users with Datastore.AllocateSpace and VM.Backup, so they are hidden",
        )
