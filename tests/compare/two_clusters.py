"""The Proxmox clusters paris and lyon with their guests, as two endpoints over one warehouse."""

from __future__ import annotations

from typing import Any

from netbox_sync_lab.proxmox import LabProxmox, ProxmoxState
from tests.support import Pipeline

DELETES = {"delete": ["virtual_machines", "vm_interfaces", "virtual_disks", "ip_addresses", "mac_addresses"]}
UUID_A, UUID_B = "11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222"


def guest(cluster: ProxmoxState, vmid: int, name: str, mac: int, size: int, uuid: str, node: str) -> Any:
    config = {
        "net0": f"virtio=BC:24:11:00:00:{mac:02X},bridge=vmbr0",
        "scsi0": f"local-lvm:vm-{vmid}-disk-0,size={size}G",
        "smbios1": f"uuid={uuid}",
    }
    return cluster.add_qemu(vmid, node=node, name=name, config=config)


def lyon_of(pve: Pipeline, server: LabProxmox, **more: Any) -> Pipeline:
    """The endpoint ``lyon-pve`` beside ``pve``, in one warehouse and one configuration."""
    first = pve.config.model_dump(mode="json", exclude_unset=True)["endpoints"][0]
    second = {
        **first,
        "name": "lyon-pve",
        "url": server.url,
        "tls": {"ca": server.ca_path},
        "token_env": "LYON_TOKEN",
        **more,
    }
    config = pve.config.model_dump(mode="json", exclude_unset=True)
    pve.config = pve.config.model_validate({**config, "endpoints": [first, second]})
    return Pipeline(pve.warehouse.home, pve.netbox, second, endpoints=[first])


def move(cluster: ProxmoxState, lyon_state: ProxmoxState) -> None:
    cluster.remove(105)
    guest(lyon_state, 205, "erp", 1, 32, UUID_A, "lyon1")
