"""Virtual disks that a person entered in NetBox under another name: a question, not a second disk."""

from __future__ import annotations

from tests.sql.estate import Estate, Row
from tests.sql.kinds import guest, machine, paris

MAY_BE = (
    "NetBox has system of erp, of this size or name, which netbox-sync did not create: it may be this disk"
)


def erp(name: str, size: int) -> Estate:
    """The guest erp with the disk scsi0 of 32 GiB; NetBox has one disk of it. All disks may be deleted."""
    estate = paris()
    guest(estate, 101, "erp")
    machine(estate, 1, "erp", 101)
    estate.add("proxmox.disks", vmid=101, key="scsi0", storage="local", size_mib=32768, counted=True)
    estate.add("netbox.virtual_disks", id=5, virtual_machine_id=1, name=name, size=size)
    return estate


def disks(estate: Estate) -> list[tuple[str, str, int | None, str | None]]:
    found: list[Row] = [row for row in estate.rows() if row.resource == "virtual_disks"]
    return [(row.action, row.key, row.netbox_id, row.reason) for row in found]


def test_a_disk_of_the_same_size_may_be_the_new_one() -> None:
    """Neither is it created a second time nor is the other one deleted."""
    assert disks(erp("system", 32768)) == [
        ("blocked", "erp system (gone)", 5, f"it may be erp scsi0: {MAY_BE}"),
        ("conflict", "erp scsi0", None, MAY_BE),
    ]


def test_a_disk_with_the_name_in_another_case_may_be_the_new_one() -> None:
    of_name = MAY_BE.replace("system", "SCSI0")
    assert disks(erp("SCSI0", 100)) == [
        ("blocked", "erp SCSI0 (gone)", 5, f"it may be erp scsi0: {of_name}"),
        ("conflict", "erp scsi0", None, of_name),
    ]


def test_a_disk_that_a_person_calls_new_is_created() -> None:
    estate = erp("system", 32768)
    _, cause = estate.questions()["virtual_disks", "erp scsi0", ""]
    estate.answer("virtual_disks", "erp scsi0", "create", cause)
    assert [row[:3] for row in disks(estate)] == [
        ("create", "erp scsi0", None),
        ("delete", "erp system (gone)", 5),
    ]


def test_a_disk_that_netbox_sync_created_or_of_another_size_is_another_one() -> None:
    """A disk that moves to another controller has another name in the source."""
    ours = erp("virtio0", 32768)
    ours.ours("virtualization/virtual-disks", 5)
    for estate, name in ((ours, "virtio0"), (erp("data", 100), "data")):
        assert [row[:3] for row in disks(estate)] == [
            ("create", "erp scsi0", None),
            ("delete", f"erp {name} (gone)", 5),
        ]
