"""Virtual machines of the demo's NetBox: part of the Paris cluster, partly wrong."""

from typing import Any

from netbox_sync_lab.estate.plan import PARIS, ipv4
from netbox_sync_lab.estate.seed_notation import (
    OPERATOR_DESCRIPTION,
    OPERATOR_TAG,
    Object,
    Seed,
    ref,
    vlan_of,
)


def _vm(name: str, **columns: Any) -> Object:
    return {
        "name": name,
        "cluster": {"name": "paris"},
        "role": {"slug": "virtual-machine"},
        "status": "active",
        **columns,
    }


def virtual() -> Seed:
    """The Paris cluster with part of its guests."""
    cluster: Object = {
        "name": "paris",
        "type": {"slug": "proxmox-ve"},
        "status": "active",
        "scope_type": "dcim.site",
        "scope_id": ref("dcim/sites", slug=PARIS.slug),
    }
    guests = [
        *(_vm(f"web{n:02d}", vcpus=2, memory=4096) for n in (1, 2)),
        # Old figures: memory, processors.
        _vm("web03", vcpus=1, memory=2048),
        _vm("web04", vcpus=2, memory=4096, description=OPERATOR_DESCRIPTION, tags=[{"slug": OPERATOR_TAG}]),
        # Its second disk is missing.
        _vm("db01", vcpus=8, memory=32768),
        _vm("db02", vcpus=8, memory=16384),
        _vm("gateway", vcpus=2, memory=2048),
        # Stopped since.
        _vm("old-erp", vcpus=2, memory=4096, tags=[{"slug": "legacy"}]),
        _vm("dns01", vcpus=1, memory=512, role={"slug": "container"}),
        # No longer in Proxmox, or never.
        _vm("decommissioned01", vcpus=4, memory=8192, status="decommissioning"),
    ]
    nics = [
        *(("web01", "ens18"), ("web02", "net0"), ("web03", "ens18"), ("web04", "ens18")),
        *(("db01", "ens18"), ("db01", "ens19"), ("db02", "ens18"), ("dns01", "eth0")),
        *(("decommissioned01", "eth0"), ("old-erp", "ens18"), ("old-erp", "ens19")),
    ]
    interfaces = [
        {
            "virtual_machine": {"name": vm},
            "name": name,
            "enabled": True,
            # The first VM's NIC is recorded in another VLAN.
            "mode": "access",
            "untagged_vlan": vlan_of(PARIS, 200 if vm == "web01" else 30 if name == "ens19" else 20),
        }
        for vm, name in nics
    ]
    addresses = [
        _vm_address(f"{ipv4(PARIS, 20, 101)}/24", "web01", "ens18"),
        _vm_address(f"{ipv4(PARIS, 20, 102)}/26", "web02", "net0"),
        # The address of web03, on web04.
        _vm_address(f"{ipv4(PARIS, 20, 103)}/24", "web04", "ens18"),
        _vm_address(f"{ipv4(PARIS, 20, 107)}/24", "db01", "ens18"),
        _vm_address(f"{ipv4(PARIS, 20, 150)}/24", "dns01", "eth0"),
        _vm_address(f"{ipv4(PARIS, 20, 249)}/24", "decommissioned01", "eth0"),
        # Known, but on no interface.
        {"address": f"{ipv4(PARIS, 20, 108)}/24", "status": "active"},
    ]
    disks = [
        {"virtual_machine": {"name": vm}, "name": name, "size": size}
        for vm, name, size in (
            ("web01", "scsi0", 32768),
            ("web02", "scsi0", 20480),
            ("db01", "scsi0", 32768),
            ("old-erp", "scsi0", 32768),
            ("old-erp", "scsi1", 10240),
        )
    ]
    return [
        ("virtualization/clusters", [cluster]),
        ("virtualization/virtual-machines", guests),
        ("virtualization/interfaces", interfaces),
        ("ipam/ip-addresses", addresses),
        ("virtualization/virtual-disks", disks),
    ]


def _vm_address(address: str, vm: str, name: str) -> Object:
    nic = ref("virtualization/interfaces", virtual_machine={"name": vm}, name=name)
    return {
        "address": address,
        "status": "active",
        "assigned_object_type": "virtualization.vminterface",
        "assigned_object_id": nic,
    }
