"""Models of the plugin netbox-proxbox: what it keeps of a Proxmox cluster beside NetBox's own models."""

from __future__ import annotations

from .schema import HEAD, TAIL, Field, Model, Unique, boolean, char, choice, decimal, fk, integer

PLUGIN = "netbox_proxbox"
ROOT = "plugins/proxbox"


def _text(name: str, length: int = 255) -> Field:
    return char(name, length, null=True)


def _machine() -> Field:
    return fk("virtual_machine", "virtualization.virtualmachine", required=True, on_delete="cascade")


def _storage() -> Field:
    return fk("proxmox_storage", f"{PLUGIN}.proxmoxstorage", on_delete="set_null")


STORAGE = Model(
    label=f"{PLUGIN}.proxmoxstorage",
    path=f"{ROOT}/storage",
    verbose="Proxmox Storage",
    plural="Proxmox Storages",
    fields=(
        *HEAD,
        fk("cluster", "virtualization.cluster", required=True, on_delete="cascade"),
        char("name", 255, required=True),
        _text("storage_type", 100),
        _text("content"),
        _text("path"),
        _text("nodes", 100_000),
        boolean("shared", False),
        boolean("enabled", True),
        *TAIL,
    ),
    brief=("id", "url", "display", "cluster", "name"),
    ordering=("name",),
    unique=(Unique(("cluster", "name")),),
    search=("name",),
)

BACKUP = Model(
    label=f"{PLUGIN}.vmbackup",
    path=f"{ROOT}/backups",
    verbose="VM Backup",
    plural="VM Backups",
    fields=(
        *HEAD,
        _storage(),
        _machine(),
        _text("storage"),
        choice("subtype", "vmbackup.subtype", default="undefined"),
        choice("format", "vmbackup.format", default="undefined"),
        _text("creation_time"),
        integer("size"),
        _text("notes", 100_000),
        _text("volume_id"),
        integer("vmid", 0),
        integer("used"),
        char("encrypted", 255),
        _text("verification_state"),
        _text("verification_upid"),
        *TAIL,
    ),
    brief=("id", "url", "display", "proxmox_storage", "storage", "creation_time"),
    ordering=("storage",),
    unique=(Unique(("storage", "virtual_machine", "subtype", "format", "volume_id", "vmid")),),
    display=lambda store, row: str(row["volume_id"]),
    search=("volume_id",),
)

SNAPSHOT = Model(
    label=f"{PLUGIN}.vmsnapshot",
    path=f"{ROOT}/snapshots",
    verbose="VM Snapshot",
    plural="VM Snapshots",
    fields=(
        *HEAD,
        _storage(),
        _machine(),
        char("name", 255, required=True),
        _text("description", 100_000),
        integer("vmid", 0, required=True),
        char("node", 255, required=True),
        _text("snaptime"),
        _text("parent"),
        choice("subtype", "vmsnapshot.subtype", required=True),
        choice("status", "vmsnapshot.status", required=True),
        *TAIL,
    ),
    brief=("id", "url", "display", "proxmox_storage", "name", "virtual_machine", "status"),
    ordering=("name",),
    unique=(Unique(("vmid", "name", "node")),),
    search=("name",),
)

TASK = Model(
    label=f"{PLUGIN}.vmtaskhistory",
    path=f"{ROOT}/task-history",
    verbose="VM Task History",
    plural="VM Task Histories",
    fields=(
        *HEAD,
        _machine(),
        char("vm_type", 16, default="unknown"),
        char("upid", 255, required=True),
        char("node", 255, required=True),
        integer("pid", 0),
        integer("pstart"),
        _text("task_id"),
        char("task_type", 255, required=True),
        char("username", 255, required=True),
        char("start_time", 255, required=True),
        _text("end_time"),
        char("description", required=True),
        char("status", required=True),
        _text("task_state"),
        _text("exitstatus"),
        *TAIL,
    ),
    brief=("id", "url", "display", "virtual_machine", "start_time", "end_time", "username", "status"),
    ordering=("start_time",),
    unique=(Unique(("upid",)),),
    display=lambda store, row: str(row["description"]),
    search=("upid",),
)

REPLICATION = Model(
    label=f"{PLUGIN}.replication",
    path=f"{ROOT}/replications",
    verbose="Replication",
    plural="Replications",
    fields=(
        *HEAD,
        char("replication_id", 255, required=True),
        _machine(),
        integer("guest", 0, required=True),
        char("target", 255, required=True),
        choice("job_type", "replication.job_type", default="local"),
        char("schedule", 128),
        decimal("rate", 10, 3),
        _text("comment", 100_000),
        boolean("disable", False),
        _text("source"),
        integer("jobnum", 0, required=True),
        choice("status", "replication.status", default="active"),
        *TAIL,
    ),
    brief=("id", "url", "display", "replication_id", "virtual_machine", "target", "status"),
    ordering=("replication_id",),
    display=lambda store, row: str(row["replication_id"]),
    search=("replication_id",),
)

MODELS = (STORAGE, BACKUP, SNAPSHOT, TASK, REPLICATION)
