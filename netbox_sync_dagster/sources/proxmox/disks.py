"""Disks of a guest from its configuration lines."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from typing import Any

from netbox_sync_dagster.sources.proxmox.propstring import parse_properties

_KEYS = {
    "qemu": re.compile(r"^(scsi|sata|ide|virtio|efidisk|tpmstate|unused)(\d+)$"),
    "lxc": re.compile(r"^(rootfs|mp|unused)(\d*)$"),
}
_SIZE = re.compile(r"^(\d+(?:\.\d+)?)\s*([KMGT]?)$", re.IGNORECASE)
_UNITS = {"": 1, "K": 1024, "M": 1024**2, "G": 1024**3, "T": 1024**4}
_MIB = 1024**2
# local-lvm:vm-100-cloudinit, nfs:100/vm-100-cloudinit.qcow2
_CLOUD_INIT = re.compile(r"(?:^|[:/])(?:vm-\d+-)?cloudinit(?:\.[a-z0-9]+)?$")

# The reasons of disks that are not counted.
UNUSED = "unused"
CDROM = "cdrom"
CLOUD_INIT = "cloud-init"
BIND_MOUNT = "bind mount"
SIZE_UNKNOWN = "size unknown"


def size_mib(value: str | None) -> int | None:
    """``32G``, ``528K``, ``1048576`` (bytes) in MiB, rounded up; None where it is absent, 0 or unreadable.

    A size of 0 is Proxmox's sign for a volume without a quota, so it says nothing about the size.
    """
    match = _SIZE.match((value or "").strip())
    if not match:
        return None
    try:
        size = Decimal(match[1]) * _UNITS[match[2].upper()]
    except InvalidOperation:
        return None
    return math.ceil(size / _MIB) or None


def disk_key(guest_type: str, key: str) -> tuple[str, int] | None:
    """(bus, number) of a configuration key that is a disk: ``scsi10`` -> ("scsi", 10); None for others."""
    match = _KEYS[guest_type].match(key)
    if not match or (match[1] != "rootfs" and not match[2]):
        return None
    return match[1], int(match[2] or 0)


def disk_row(vmid: int, guest_type: str, key: str, value: Any) -> dict[str, Any]:
    """One row of ``proxmox.disks`` for a line such as ``scsi0: local-lvm:vm-101-disk-0,size=8G``.

    A line that is not a disk of the guest (CD drive, cloud-init, unused volume, bind mount) or whose size is
    unknown has ``counted`` false and the ``reason``. Raises ValueError for a line without a volume.
    """
    bus, position = disk_key(guest_type, key) or ("", 0)
    options = parse_properties(value, "file")
    volume = options.get("file") or options.get("volume") or ""
    if not volume:
        raise ValueError(f"{key} names no volume: {str(value)!r}")
    # /dev/sda has no storage; so have the words none and cdrom.
    on_storage = ":" in volume and not volume.startswith("/")
    storage, _, name = volume.partition(":") if on_storage else (None, "", volume)
    size = size_mib(options.get("size"))
    reason = _not_counted(guest_type, bus, volume, options)
    if reason is None and size is None:
        reason = SIZE_UNKNOWN
    return {
        "vmid": vmid,
        "key": key,
        "bus": bus,
        "position": position,
        "storage": storage,
        "volume": name,
        "size_mib": size,
        "counted": reason is None,
        "reason": reason,
    }


def _not_counted(guest_type: str, bus: str, volume: str, options: dict[str, str]) -> str | None:
    if bus == "unused":
        return UNUSED
    if guest_type == "lxc":
        # A block device handed to a container has its own size; any other host path is shared storage.
        host_path = volume.startswith("/") and not volume.startswith("/dev/")
        return BIND_MOUNT if host_path else None
    if volume in ("none", "cdrom"):
        return CDROM
    media = options.get("media")
    if media == "disk":
        return None
    if _CLOUD_INIT.search(volume):
        return CLOUD_INIT
    return CDROM if media == "cdrom" else None


def disk_lines(guest_type: str, config: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """The disk lines of a configuration, by bus and then by number (scsi2 before scsi10)."""
    keys = [(found, key) for key in config if (found := disk_key(guest_type, key))]
    for _, key in sorted(keys):
        yield key, config[key]
