"""Disks: what counts, how large it is in MiB, and why something does not count."""

import pytest

# (key, config line, storage, size in MiB, counted, reason); the sizes are Proxmox's own notation.
QEMU = [
    ("scsi0", "lvmthinbig:vm-111-disk-0,iothread=1,size=32G", "lvmthinbig", 32768, True, None),
    ("ide0", "cifs-store:iso/two.iso,media=disk,size=112M", "cifs-store", 112, True, None),
    ("efidisk0", "rbd:vm-1-disk-0,size=1M", "rbd", 1, True, None),
    ("efidisk0", "rbd:vm-1-disk-0,efitype=4m,pre-enrolled-keys=1,size=528K", "rbd", 1, True, None),
    ("tpmstate0", "local:108/vm-100-disk-1.raw,size=4M,version=v2.0", "local", 4, True, None),
    ("ide2", "none,media=cdrom", None, None, False, "cdrom"),
    ("ide1", "x:iso/virtio-win.iso,media=cdrom,size=707456K", "x", 691, False, "cdrom"),
    ("ide2", "cdrom", None, None, False, "cdrom"),
    ("ide2", "local-lvm:vm-111-cloudinit,media=cdrom,size=4M", "local-lvm", 4, False, "cloud-init"),
    ("scsi1", "nfs:111/vm-111-cloudinit.qcow2,size=4M", "nfs", 4, False, "cloud-init"),
    ("ide3", "nfs:vm-111-cloudinit,media=disk,size=4M", "nfs", 4, True, None),
    ("unused0", "rbd:vm-111-disk-0", "rbd", None, False, "unused"),
    ("scsi0", "/dev/sda", None, None, False, "size unknown"),
    ("scsi0", "/dev/disk/by-id/ata-DISK,size=1000204632K", None, 976763, True, None),
    ("virtio0", "size=2T,file=ceph:vm-111-disk-0", "ceph", 2097152, True, None),
    ("virtio1", "discard=on,volume=ceph:vm-111-disk-1,size=1610612736", "ceph", 1536, True, None),
    ("sata5", "local:111/vm-111-disk-9.qcow2,size=1.5G,invented=yes", "local", 1536, True, None),
    ("scsi3", "local-lvm:vm-111-disk-3", "local-lvm", None, False, "size unknown"),
]
LXC = [
    ("rootfs", "local-lvm:vm-101-disk-0,size=8G", "local-lvm", 8192, True, None),
    ("mp0", "/mnt/bindmount,mp=/data", None, None, False, "bind mount"),
    ("mp1", "local-zfs:subvol-101-disk-1,mp=/srv,size=100G", "local-zfs", 102400, True, None),
    ("mp2", "mp=/opt,size=512M,volume=local-zfs:subvol-101-disk-2", "local-zfs", 512, True, None),
    ("mp3", "/dev/sdb1,mp=/raw", None, None, False, "size unknown"),
    ("mp4", "local:101/vm-101-disk-4.subvol,mp=/big,size=0T", "local", None, False, "size unknown"),
    ("unused1", "local-zfs:subvol-101-disk-9", "local-zfs", None, False, "unused"),
]


def test_every_disk_line_of_virtual_machines_and_containers(state, read):
    for number, (key, line, *_) in enumerate(QEMU):
        state.add_qemu(100 + number, node="pve1", config={key: line})
    for number, (key, line, *_) in enumerate(LXC):
        state.add_lxc(200 + number, node="pve1", config={key: line})

    snapshot = read(state)

    rows = snapshot.sql("SELECT vmid, key, storage, size_mib, counted, reason FROM disks ORDER BY vmid")
    expected = [(100 + n, key, *rest) for n, (key, _, *rest) in enumerate(QEMU)]
    expected += [(200 + n, key, *rest) for n, (key, _, *rest) in enumerate(LXC)]
    assert rows == expected
    assert snapshot.manifest.complete


def test_disks_have_a_bus_and_a_number_that_sort_naturally(state, read):
    lines = {f"scsi{n}": f"lvm:vm-1-disk-{n},size=1G" for n in (10, 2, 0)}
    state.add_qemu(1, node="pve1", config={**lines, "scsihw": "virtio-scsi-pci", "ide": "no disk"})

    rows = read(state).sql("SELECT key, bus, position FROM disks ORDER BY bus, position")

    assert rows == [("scsi0", "scsi", 0), ("scsi2", "scsi", 2), ("scsi10", "scsi", 10)]


def test_a_guest_without_disks_has_no_rows_and_is_complete(state, read):
    state.add_qemu(1, node="pve1", config={"ide2": "none,media=cdrom"})

    snapshot = read(state)

    assert snapshot.sql("SELECT coalesce(sum(size_mib), 0) FROM disks WHERE counted") == [(0,)]
    assert snapshot.manifest.complete


@pytest.mark.parametrize("line", ["", "size=4G"])
def test_a_disk_line_without_a_volume_is_kept_as_rejected_and_costs_only_itself(state, read, line):
    state.add_qemu(1, node="pve1", config={"scsi0": line, "scsi1": "lvm:vm-1-disk-1,size=1G"})
    state.add_qemu(2, node="pve1", config={"scsi0": "lvm:vm-2-disk-0,size=1G"})

    snapshot = read(state)

    assert snapshot.sql("SELECT vmid, key FROM disks ORDER BY vmid") == [(1, "scsi1"), (2, "scsi0")]
    assert snapshot.sql("SELECT source_table, row_key FROM rejected") == [("disks", "1 scsi0")]
    assert ("guest", "1") in snapshot.scopes()
    assert ("guest", "2") not in snapshot.scopes()
    assert not snapshot.manifest.complete
