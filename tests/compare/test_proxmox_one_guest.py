"""Only one guest is read and compared: the others are neither read nor considered removed.

One story of a cluster with the guests web101, web102, ...: each test looks at the plans about its own guests.
"""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from netbox_sync_dagster.compare.plan import Plan
from netbox_sync_dagster.compare.run import compare
from netbox_sync_dagster.server_errors import ServerError
from netbox_sync_dagster.storage.store import CurrentSync
from netbox_sync_lab.proxmox import LabProxmox, ProxmoxState
from tests.compare.guests import proxmox_lab
from tests.compare.stages import of
from tests.support import Pipeline, after, row, rows

VMS = "virtualization/virtual-machines"
DELETE = {"delete": ["virtual_machines", "vm_interfaces", "virtual_disks", "mac_addresses", "ip_addresses"]}
NUMBERS = range(101, 113)


@dataclass
class Story:
    """What the syncs found, in their order; ``guests`` are those of single guests by vmid."""

    first: Plan
    first_reasons: tuple[str, ...]
    first_then: Plan
    second: Plan
    whole: Plan
    unknown: ServerError
    after_unknown: Plan
    refused: list[str]
    guests: dict[int, Plan]
    paths: list[str]
    shown: list[str | None]
    written: list[str]
    written_then: Plan
    names: set[str]
    rest: Plan
    node_down: Plan
    own_node_down: Plan


@pytest.fixture(scope="module")
def story() -> Story:
    with proxmox_lab({"policies": DELETE}) as (cluster, proxmox, pve, _):
        for vmid in NUMBERS:
            add(cluster, vmid)
        return _story(cluster, proxmox, pve)


def add(cluster: ProxmoxState, vmid: int) -> None:
    config = {
        "net0": f"virtio=BC:24:11:00:00:{vmid - 100:02d},bridge=vmbr0",
        "net1": f"virtio=BC:24:11:00:01:{vmid - 100:02d},bridge=vmbr0",
        "scsi0": "local-lvm:a,size=8G",
    }
    cluster.add_qemu(vmid, node="pve1", name=f"web{vmid}", config=config)


def rename(cluster: ProxmoxState, vmid: int, name: str) -> None:
    cluster.guests[vmid].name = name
    cluster.guests[vmid].config["name"] = name


def _story(cluster: ProxmoxState, proxmox: LabProxmox, pve: Pipeline) -> Story:
    # Before the first whole sync.
    cluster.guests[109].tags = cluster.guests[109].config["tags"] = "blue"
    first = pve.sync(only="109")
    reasons = pve.snapshot(only="109").reasons
    refused = pve.write(first)
    first_then, second = pve.sync(only="109"), pve.sync(only="110")
    whole = pve.sync()
    with pytest.raises(ServerError) as unknown:
        pve.sync(only="999")
    after_unknown = pve.again()
    refused += pve.write(after_unknown)
    # All changes are made, and read one by one.
    rename(cluster, 101, "www")
    del cluster.guests[101].config["net1"]
    rename(cluster, 102, "other")
    del cluster.guests[103], cluster.guests[105]
    rename(cluster, 104, "shop")
    rename(cluster, 107, "web106")
    proxmox.requests.clear()
    guests = {101: pve.sync(only="101")}
    paths = [request.path for request in proxmox.requests]
    shown = [
        compare(pve.warehouse, pve.config, pve.endpoint, sync=sync)["only"]
        for sync in (None, CurrentSync(shows_rest=True), None)
    ]
    guests |= {vmid: pve.sync(only=str(vmid)) for vmid in (105, 107, 104)}
    written = pve.write(guests[104])
    written_then = pve.sync(only="104")
    names = {vm["name"] for vm in pve.netbox.all(VMS)}
    rest = pve.sync()
    gone = cluster.guests.pop(108)
    cluster.set_node_online("pve2", False)
    node_down = pve.sync(only="108")
    cluster.set_node_online("pve2", True)
    cluster.guests[108] = gone
    cluster.set_node_online("pve1", False)
    own_node_down = pve.sync(only="108")
    return Story(
        first,
        tuple(reasons),
        first_then,
        second,
        whole,
        unknown.value,
        after_unknown,
        refused,
        guests,
        paths,
        shown,
        written,
        written_then,
        names,
        rest,
        node_down,
        own_node_down,
    )


def test_only_that_guest_is_read_and_compared(story: Story) -> None:
    plan = story.guests[101]
    removed = next(r for r in plan.rows if r.resource == "mac_addresses")
    assert {(r.resource, r.action, r.key) for r in plan.rows} == {
        ("virtual_machines", "update", "www"),
        ("mac_addresses", "delete", f"www net1 BC:24:11:00:01:01 (id {removed.netbox_id})"),
        ("vm_interfaces", "delete", "www net1 (gone)"),
    }
    assert after(row(plan, "virtual_machines", "www")) == {"name": "www"}
    assert [path for path in story.paths if "/qemu/" in path and "/qemu/101/" not in path] == []
    assert [path for path in story.paths if "/qemu/101/" in path] != []
    assert plan.manifest["only"] == "101"
    # A comparison alone shows the same guest, unless it asks for the rest too, and so do those after it.
    assert story.shown == ["101", None, None]
    # The next whole sync sees everything.
    found = of(story.rest, "www", "other", "web103")
    assert [(r.action, r.key) for r in rows(found, "virtual_machines", "delete")] == [
        ("delete", "web103 [vmid 103]")
    ]
    assert {r.key for r in rows(found, "virtual_machines", "update")} == {"www", "other"}


def test_it_can_be_applied_and_leaves_nothing_to_do(story: Story) -> None:
    assert [(r.key, after(r)) for r in story.guests[104].rows] == [("shop", {"name": "shop"})]
    assert story.written == []
    assert story.written_then.rows == ()
    assert story.names == {f"web{vmid}" for vmid in NUMBERS} - {"web104"} | {"shop"}
    assert [after(r) for r in rows(of(story.rest, "shop", "other"), "virtual_machines")] == [
        {"name": "other"}
    ]


def test_a_guest_before_the_first_whole_sync(story: Story) -> None:
    plan = story.first
    assert [r.key for r in rows(plan, "virtual_machines")] == ["web109"]
    assert [r.key for r in rows(plan, "devices")] == ["pve1"]
    assert [r.key for r in rows(plan, "tags")] == ["blue"]
    assert {r.action for r in plan.rows} <= {"create", "update"}
    assert "only guest 109 was read" in " ".join(story.first_reasons)
    assert story.refused == []
    assert story.first_then.rows == ()
    # Nothing that NetBox has besides looks gone.
    assert story.second.rows != ()
    assert rows(story.second, "virtual_machines", "delete") == []


def test_a_guest_that_is_gone_is_a_delete_candidate_alone(story: Story) -> None:
    plan = story.guests[105]
    assert [r.key for r in rows(plan, "virtual_machines", "delete")] == ["web105 [vmid 105]"]
    assert {r.parent for r in plan.rows} == {"web105"}


def test_without_certain_evidence_it_is_no_delete(story: Story) -> None:
    found = rows(story.node_down, "virtual_machines")
    assert [(r.key, r.action, "pve2 is offline" in (r.reason or "")) for r in found] == [
        ("web108 [vmid 108]", "blocked", True)
    ]
    assert story.own_node_down.changes == []


def test_a_number_that_nobody_knows(story: Story) -> None:
    said = str(story.unknown)
    assert "endpoint 'paris-pve'" in said
    assert "no guest 999" in said
    assert "VM.Audit on /vms/999" in said
    # The plan of the sync before is unchanged.
    found = {r.key for r in rows(story.after_unknown, "virtual_machines")}
    assert found == {r.key for r in rows(story.whole, "virtual_machines")}
    assert found == {f"web{vmid}" for vmid in NUMBERS if vmid != 109}


def test_names_that_collide_are_seen_with_the_others_in_view(story: Story) -> None:
    assert [after(r) for r in rows(story.guests[107], "virtual_machines")] == [{"name": "web106 (107)"}]


def test_a_snapshot_that_was_incomplete_stays_so(pve: Pipeline, cluster: ProxmoxState) -> None:
    for vmid in range(101, 106):
        add(cluster, vmid)
    cluster.set_node_online("pve2", False)
    whole = pve.snapshot()
    assert not whole.complete
    part = pve.snapshot(only="101")
    assert "node pve2 is offline" in part.reasons
    assert part.whole_started == whole.started
    assert part.row_counts["guests"] == 5
