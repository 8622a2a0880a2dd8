"""Storages, the backups on them, and backup and replication jobs."""

from __future__ import annotations

import re
from typing import Any

from netbox_sync_dagster.sources.proxmox.values import boolean, integer, moment, number, text, words
from netbox_sync_dagster.storage.parquet import Row

# local:backup/vzdump-lxc-101-2024_01_15-03_00_00.tar.zst; pbs:backup/ct/101/2024-01-15T03:00:00Z
_VZDUMP = re.compile(r"vzdump-(qemu|lxc|openvz)-(\d+)-")
_PBS = re.compile(r"backup/(vm|ct|host)/(\d+)/")
_SUBTYPES = {"vm": "qemu", "ct": "lxc", "openvz": "lxc"}


def storage_row(node: str | None, item: dict[str, Any], definition: dict[str, Any]) -> Row:
    """One row of ``proxmox.storages``: a storage as one node has it (a shared one has a row per node), from
    ``/nodes/{node}/storage`` and ``/storage``; node NULL for a storage that no node that was read has.
    """
    disabled = boolean(definition.get("disable"), False)
    enabled = boolean(item.get("enabled"))
    return {
        "storage": str(item.get("storage") or definition["storage"]),
        "node": node,
        "type": text(item.get("type") or item.get("plugintype") or definition.get("type")),
        "shared": boolean(item.get("shared"), boolean(definition.get("shared"), False)),
        "content": sorted(words(item.get("content") or definition.get("content"))),
        "enabled": enabled if enabled is not None else not disabled,
        "active": boolean(item.get("active")),
        "total": integer(item.get("total"), "total"),
        "used": integer(item.get("used"), "used"),
        "avail": integer(item.get("avail"), "avail"),
        "path": text(definition.get("path")),
    }


def backup_row(storage: str, node: str | None, item: dict[str, Any]) -> Row | None:
    """One row of ``proxmox.backups`` from ``/nodes/{node}/storage/{storage}/content?content=backup``; None for
    other content. ``node`` is NULL on a shared storage. VM and type come from the volid where the answer has
    none. ctime is UTC.
    """
    if item.get("content", "backup") != "backup":
        return None
    volid = str(item["volid"])
    match = _VZDUMP.search(volid) or _PBS.search(volid)
    vmid = integer(item.get("vmid"), "vmid")
    subtype = text(item.get("subtype"))
    if match and match[1] != "host":
        vmid = vmid if vmid is not None else int(match[2])
        subtype = subtype or _SUBTYPES.get(match[1], match[1])
    verification = item.get("verification")
    return {
        "storage": storage,
        "node": node,
        "volid": volid,
        "vmid": vmid,
        "subtype": subtype,
        "ctime": moment(item.get("ctime"), "ctime"),
        "size": integer(item.get("size"), "size"),
        "format": text(item.get("format")),
        "notes": text(item.get("notes") if item.get("notes") is not None else item.get("comment")),
        "protected": boolean(item.get("protected"), False),
        "verification": text(verification.get("state") if isinstance(verification, dict) else verification),
    }


def snapshot_row(vmid: int, item: dict[str, Any]) -> Row | None:
    """One row of ``proxmox.snapshots``; None for ``current``, which is the running state."""
    name = str(item["name"])
    if name == "current":
        return None
    return {
        "vmid": vmid,
        "name": name,
        "parent": text(item.get("parent")) or None,
        "description": (text(item.get("description")) or "").strip(),
        "snaptime": moment(item.get("snaptime"), "snaptime"),
        "vmstate": boolean(item.get("vmstate"), False),
    }


def replication_row(item: dict[str, Any]) -> Row:
    """One row of ``proxmox.replications`` from ``/cluster/replication``. rate is in MB/s."""
    name = str(item["id"])
    return {
        "id": name,
        "guest": integer(item.get("guest") or name.partition("-")[0], "guest"),
        "source": text(item.get("source")),
        "target": text(item.get("target")),
        "type": text(item.get("type")),
        "schedule": text(item.get("schedule")),
        "comment": text(item.get("comment")),
        "disable": boolean(item.get("disable"), False),
        "rate": number(item.get("rate"), "rate"),
    }


def backup_job_row(item: dict[str, Any]) -> Row:
    """One row of ``proxmox.backup_jobs`` from ``/cluster/backup``; before PVE 7.1 a schedule was a day list
    and a time, which stand in ``schedule`` together."""
    schedule = text(item.get("schedule"))
    if schedule is None and item.get("starttime"):
        schedule = " ".join(str(item[field]) for field in ("dow", "starttime") if item.get(field))
    return {
        "id": str(item["id"]),
        "schedule": schedule,
        "storage": text(item.get("storage")),
        "mode": text(item.get("mode")),
        "enabled": boolean(item.get("enabled"), True),
        "vmids": words(item.get("vmid")),
        "all_guests": boolean(item.get("all"), False),
        "comment": text(item.get("comment")),
    }
