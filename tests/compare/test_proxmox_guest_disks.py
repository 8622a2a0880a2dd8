"""Disks of guests as virtual disks, in MiB."""

from __future__ import annotations

from tests.compare.guests import APPLY, HARDWARE, SYNC, GuestCase, Steps, share_cluster, under
from tests.support import after, before, rows

VMS = "virtualization/virtual-machines"
ESTATE = "interfaces and disks of guests"


@share_cluster(**HARDWARE)
def test_what_counts_as_a_disk(case: GuestCase) -> Steps:
    """P1 to P10: key and line -> size in MiB and storage."""
    machines = {
        111: {"scsi0": "lvmthinbig:vm-111-disk-0,iothread=1,size=32G", "unused0": "rbd:vm-111-disk-0"},
        112: {"ide0": "cifs-store:iso/two.iso,media=disk,size=112M", "ide2": "none,media=cdrom"},
        113: {"efidisk0": "rbd:vm-1-disk-0,size=1M", "ide1": "x:iso/virtio-win.iso,media=cdrom,size=707456K"},
        114: {
            "efidisk0": "rbd:vm-1-disk-0,size=528K",
            "ide3": "local-lvm:vm-114-cloudinit,media=cdrom,size=4M",
        },
        115: {"tpmstate0": "local:108/vm-100-disk-1.raw,size=4M,version=v2.0", "scsi0": "/dev/sda"},
        116: {"scsi1": "size=2T,file=rbd:vm-1-disk-1", "virtio3": "/dev/disk/by-id/x,size=10G"},
    }
    for vmid, config in machines.items():
        case.cluster.add_qemu(200 + vmid, node="pve1", name=f"v{vmid}", config=config)
    case.cluster.add_lxc(
        317,
        node="pve1",
        name="c117",
        config={
            "rootfs": "local-lvm:vm-101-disk-0,size=8G",
            "mp0": "/mnt/bindmount,mp=/data",
            "mp1": "local-zfs:subvol-101-disk-1,mp=/srv,size=100G",
        },
    )
    plan = yield SYNC
    assert {
        r.key: (after(r)["size"], after(r)["description"]) for r in rows(plan, "virtual_disks", "create")
    } == {
        "v111 scsi0": (32768, "lvmthinbig"),
        "v112 ide0": (112, "cifs-store"),
        "v113 efidisk0": (1, "rbd"),
        "v114 efidisk0": (1, "rbd"),
        "v115 tpmstate0": (4, "local"),
        "v116 scsi1": (2097152, "rbd"),
        "v116 virtio3": (10240, "/dev/disk/by-id/x"),
        "c117 rootfs": (8192, "local-lvm"),
        "c117 mp1": (102400, "local-zfs"),
    }
    # P8: shown, not written.
    assert [(r.key, r.reason) for r in rows(plan, "virtual_disks", "blocked")] == [
        ("v115 scsi0", "size unknown: Proxmox gives no size for /dev/sda")
    ]


@share_cluster(**HARDWARE)
def test_the_size_of_a_machine_is_the_sum_of_its_disks(case: GuestCase) -> Steps:
    """P11. A size that was typed in is cleared where there is no disk, not where one is of unknown size."""
    guest = case.cluster.add_qemu(
        321, node="pve1", name="web", config={"scsi0": "rbd:a,size=32G", "scsi1": "rbd:b,size=1G"}
    )
    case.cluster.add_qemu(322, node="pve1", name="diskless")
    case.cluster.add_qemu(323, node="pve1", name="raw", config={"scsi0": "/dev/sda"})
    yield APPLY
    plan = yield SYNC
    assert plan.changes == []
    machines = {name: case.netbox.one(VMS, name=name) for name in ("web", "diskless", "raw")}
    assert {name: vm["disk"] for name, vm in machines.items()} == {
        "web": 33792,
        "diskless": None,
        "raw": None,
    }
    for name in ("diskless", "raw"):
        case.netbox.edit(VMS, machines[name]["id"], disk=500)
    guest.config["scsi0"] = "rbd:a,size=64G"
    plan = yield APPLY
    assert [(r.key, before(r), after(r)) for r in plan.changes] == [
        ("diskless", {"disk": 500}, {"disk": None}),
        ("web scsi0", {"size": 32768}, {"size": 65536}),
    ]
    plan = yield SYNC
    assert plan.changes == []
    assert case.netbox.one(VMS, name="web")["disk"] == 66560


@share_cluster(**HARDWARE)
def test_a_disk_that_is_gone_goes_by_policy_and_only_if_it_is_ours(case: GuestCase) -> Steps:
    guest = case.cluster.add_qemu(
        324, node="pve1", name="shrunk", config={"scsi0": "rbd:a,size=1G", "scsi1": "rbd:b,size=1G"}
    )
    yield APPLY
    machine = case.netbox.one(VMS, name="shrunk")["id"]
    case.netbox.create("virtualization/virtual-disks", virtual_machine=machine, name="nas", size=10)
    del guest.config["scsi1"]
    plan = yield under(policies={})
    assert {r.key: (r.action, r.reason) for r in rows(plan, "virtual_disks")} == {
        "shrunk scsi1 (gone)": (
            "blocked",
            "no disk of the guest in Proxmox, but policies.delete does not name virtual_disks",
        ),
        "shrunk nas (gone)": (
            "drifted",
            "no disk of the guest in Proxmox, but netbox-sync did not create it (policies.delete_unowned)",
        ),
    }
    plan = yield APPLY
    assert [(r.key, r.action) for r in plan.changes] == [("shrunk scsi1 (gone)", "delete")]
    plan = yield SYNC
    assert plan.changes == []
    disks = case.netbox.all("virtualization/virtual-disks", virtual_machine_id=machine)
    assert [disk["name"] for disk in disks] == ["nas", "scsi0"]
