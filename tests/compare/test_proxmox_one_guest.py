"""Only one guest is read and compared: the others are neither read nor considered removed."""

from __future__ import annotations

import pytest

from netbox_sync_dagster.compare.run import compare
from netbox_sync_dagster.server_errors import ServerError
from netbox_sync_dagster.storage.store import CurrentSync
from netbox_sync_lab.proxmox import LabProxmox, ProxmoxState
from tests.support import Pipeline, after, row, rows

VMS = "virtualization/virtual-machines"
DELETE = {"delete": ["virtual_machines", "vm_interfaces", "virtual_disks", "mac_addresses", "ip_addresses"]}


@pytest.fixture
def guests(cluster: ProxmoxState) -> ProxmoxState:
    for vmid in range(101, 106):
        cluster.add_qemu(
            vmid,
            node="pve1",
            name=f"web{vmid}",
            config={
                "net0": f"virtio=BC:24:11:00:00:{vmid - 100:02d},bridge=vmbr0",
                "net1": f"virtio=BC:24:11:00:01:{vmid - 100:02d},bridge=vmbr0",
                "scsi0": "local-lvm:a,size=8G",
            },
        )
    return cluster


def rename(cluster: ProxmoxState, vmid: int, name: str) -> None:
    cluster.guests[vmid].name = name
    cluster.guests[vmid].config["name"] = name


def test_only_that_guest_is_read_and_compared(
    pve: Pipeline, guests: ProxmoxState, proxmox: LabProxmox
) -> None:
    pve.configure(policies=DELETE)
    assert pve.apply_all().changes == []
    rename(guests, 101, "www")
    del guests.guests[101].config["net1"]
    rename(guests, 102, "other")
    del guests.guests[103]
    proxmox.requests.clear()

    plan = pve.sync(only="101")

    assert {(r.resource, r.action, r.key) for r in plan.rows} == {
        ("virtual_machines", "update", "www"),
        ("mac_addresses", "delete", "www net1 BC:24:11:00:01:01 (id 2)"),
        ("vm_interfaces", "delete", "www net1 (gone)"),
    }
    assert after(row(plan, "virtual_machines", "www")) == {"name": "www"}
    paths = [request.path for request in proxmox.requests]
    assert [path for path in paths if "/qemu/" in path and "/qemu/101/" not in path] == []
    assert plan.manifest["only"] == "101"
    # A comparison alone shows the same guest, unless it asks for the rest too, and so do those after it.
    shown = [
        compare(pve.warehouse, pve.config, pve.endpoint, sync=sync)["only"]
        for sync in (None, CurrentSync(shows_rest=True), None)
    ]
    assert shown == ["101", None, None]
    # The next whole sync sees everything.
    found = pve.sync()
    assert [(r.action, r.netbox_id) for r in rows(found, "virtual_machines", "delete")] == [("delete", 3)]
    assert {r.key for r in rows(found, "virtual_machines", "update")} == {"www", "other"}


def test_it_can_be_applied_and_leaves_nothing_to_do(pve: Pipeline, guests: ProxmoxState) -> None:
    pve.apply()
    rename(guests, 101, "www")
    rename(guests, 102, "other")
    assert pve.apply_all(only="101").rows == ()
    assert {vm["name"] for vm in pve.netbox.all(VMS)} == {"www", "web102", "web103", "web104", "web105"}
    assert [after(r) for r in rows(pve.sync(), "virtual_machines")] == [{"name": "other"}]


def test_a_guest_before_the_first_whole_sync(pve: Pipeline, guests: ProxmoxState) -> None:
    guests.guests[102].tags = guests.guests[102].config["tags"] = "blue"
    plan = pve.sync(only="102")
    assert [r.key for r in rows(plan, "virtual_machines")] == ["web102"]
    assert [r.key for r in rows(plan, "devices")] == ["pve1"]
    assert [r.key for r in rows(plan, "tags")] == ["blue"]
    assert {r.action for r in plan.rows} <= {"create", "update"}
    assert "only guest 102 was read" in " ".join(pve.snapshot(only="102").reasons)
    assert pve.apply_all(only="102").rows == ()
    # Nothing that NetBox has besides looks gone.
    assert pve.sync(only="103").rows != ()
    assert rows(pve.sync(only="103"), "virtual_machines", "delete") == []


def test_a_guest_that_is_gone_is_a_delete_candidate_alone(pve: Pipeline, guests: ProxmoxState) -> None:
    pve.configure(policies=DELETE)
    pve.apply()
    del guests.guests[101], guests.guests[102]
    plan = pve.sync(only="101")
    assert [r.key for r in rows(plan, "virtual_machines", "delete")] == ["web101 [vmid 101]"]
    assert {r.parent for r in plan.rows} == {"web101"}


def test_without_certain_evidence_it_is_no_delete(
    pve: Pipeline, guests: ProxmoxState, proxmox: LabProxmox
) -> None:
    pve.configure(policies=DELETE)
    pve.apply()
    gone = guests.guests.pop(101)
    guests.set_node_online("pve2", False)
    found = rows(pve.sync(only="101"), "virtual_machines")
    assert [(r.action, "pve2 is offline" in (r.reason or "")) for r in found] == [("blocked", True)]
    guests.set_node_online("pve2", True)
    guests.guests[101] = gone
    guests.set_node_online("pve1", False)
    assert pve.sync(only="101").changes == []


def test_a_number_that_nobody_knows(pve: Pipeline, guests: ProxmoxState) -> None:
    pve.sync()
    with pytest.raises(ServerError, match=r"endpoint 'paris-pve'.*no guest 999.*VM.Audit on /vms/999"):
        pve.sync(only="999")
    assert {r.key for r in rows(pve.again(), "virtual_machines")} == {f"web{n}" for n in range(101, 106)}


def test_names_that_collide_are_seen_with_the_others_in_view(pve: Pipeline, guests: ProxmoxState) -> None:
    pve.apply()
    rename(guests, 104, "web101")
    assert [after(r) for r in rows(pve.sync(only="104"), "virtual_machines")] == [{"name": "web101 (104)"}]


def test_a_snapshot_that_was_incomplete_stays_so(pve: Pipeline, guests: ProxmoxState) -> None:
    guests.set_node_online("pve2", False)
    whole = pve.snapshot()
    assert not whole.complete
    part = pve.snapshot(only="101")
    assert "node pve2 is offline" in part.reasons
    assert part.whole_started == whole.started
    assert part.row_counts["guests"] == 5
