"""What this product did itself is never somebody else's change: undos, clears by NetBox, other endpoints' applies."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

from netbox_sync_dagster.apply import plan_undo
from netbox_sync_dagster.compare.plan import load_plan
from netbox_sync_dagster.config.rules import RulesConfig
from netbox_sync_lab.proxmox import ProxmoxState, agent_interface
from tests.apply.test_fixed_point import decided
from tests.compare.guests import ALONE, APPLY, SYNC, GuestCase, Steps, proxmox_lab, share_cluster
from tests.support import rows

GUEST_PARTS = ["virtual_machines", "vm_interfaces", "virtual_disks", "mac_addresses", "ip_addresses"]
DELETES = {"stale_addresses": "delete", "delete": GUEST_PARTS}
# Field of a device -> what every installation has for it.
BASICS = {"site": "site", "device_type": "type", "role": "role"}


def guest(
    cluster: ProxmoxState, vmid: int, *, host: int, net: str = "net0", mac: int = 0, **more: Any
) -> None:
    """One guest with a card, a disk and an address; in place of the one that is there under this number."""
    cluster.guests.pop(vmid, None)
    address = f"BC:24:11:00:{mac:02X}:{vmid % 100:02X}"
    content = {"node": "pve1", "name": f"vm{vmid}", "tags": "prod", **more}
    cluster.add_qemu(
        vmid,
        config={
            "agent": "1",
            net: f"virtio={address},bridge=vmbr0,tag=20",
            "scsi0": f"local:vm-{vmid}-disk-0,size=1G",
        },
        agent_interfaces=[agent_interface("ens18", address, f"10.61.0.{host}/24")],
        **content,
    )


def take_back(case: GuestCase, apply_id: str | None = None) -> None:
    """Undo what an apply wrote of this test, by default its last one; everything has to go through."""
    pipeline = case.pipeline
    undo = plan_undo(pipeline.warehouse, pipeline.config.netbox, apply_id or case.apply_id or "")
    mine = case.seen(load_plan(pipeline.warehouse, undo.name))
    assert mine.rows
    assert [(r.resource, r.key, r.reason) for r in mine.rows if not r.is_change] == []
    assert pipeline.write(case.whole, [row.change_id for row in mine.rows]) == []
    case.apply_id = pipeline.apply_id


def machine_of(case: GuestCase, name: str) -> dict[str, Any]:
    """The virtual machine of this name in NetBox."""
    return case.netbox.one("virtualization/virtual-machines", name=name)


# -- an undo is ours ------------------------------------------------------------------------------


@share_cluster(also_live=True, policies=DELETES)
def test_after_an_undo_the_first_plan_is_there_again_and_can_be_applied(case: GuestCase) -> Steps:
    """Nobody has to accept that NetBox has twelve machines fewer: netbox-sync deleted them."""
    for number in range(12):
        guest(case.cluster, 101 + number, host=10 + number)
    first = yield APPLY
    take_back(case)

    again = yield APPLY
    assert case.whole.manifest["gates"] == []
    assert decided(again) == decided(first)
    left = yield SYNC
    assert [(r.action, r.resource, r.key) for r in left.rows] == []


@share_cluster(also_live=True, policies=DELETES)
def test_a_plan_that_deletes_is_there_again_after_its_undo(case: GuestCase) -> Steps:
    """What an undo made again counts as the old object: ours to delete, and with tags that others put on."""
    guest(case.cluster, 121, host=31)
    guest(case.cluster, 122, host=32)
    yield APPLY
    case.netbox.create("extras/tags", name="mine", slug="mine")
    tags = [{"slug": "prod"}, {"slug": "mine"}]
    case.netbox.edit("virtualization/virtual-machines", machine_of(case, "vm122")["id"], tags=tags)
    case.cluster.remove(122)
    guest(case.cluster, 121, host=99)
    first = yield APPLY
    assert Counter(r.action for r in first.changes) == {"create": 1, "update": 1, "delete": 6}
    take_back(case)
    again = yield SYNC
    assert decided(again) == decided(first)

    # The guest is there again: what an undo wrote is ours, and the tag of somebody else stays.
    guest(case.cluster, 122, host=32)
    guest(case.cluster, 121, host=31)
    last = yield SYNC
    assert last.rows == ()
    assert sorted(tag["slug"] for tag in machine_of(case, "vm122")["tags"]) == ["mine", "prod"]


def test_a_removed_guest_takes_the_contact_of_a_rule_along_and_brings_it_back(tmp_path: Path) -> None:
    (tmp_path / "virtual_machines.sql").write_text(
        "SELECT key, 'contacts:owner' AS field, 'ada' AS value FROM desired.virtual_machines",
        encoding="utf-8",
    )
    with proxmox_lab({"policies": DELETES}) as (cluster, _, pve, _):
        contact = pve.netbox.create("tenancy/contacts", name="Ada")
        pve.netbox.create("tenancy/contact-roles", name="Owner", slug="owner")
        pve.config = pve.config.model_copy(update={"rules": RulesConfig(folder=str(tmp_path))})
        for vmid in range(101, 106):
            guest(cluster, vmid, host=vmid)
        pve.apply()
        assert len(pve.netbox.all("tenancy/contact-assignments")) == 5
        cluster.remove(102)
        first = pve.apply()
        assert [(r.action, r.parent) for r in rows(first, "contact_assignments")] == [("delete", "vm102")]
        left = [row["object"]["name"] for row in pve.netbox.all("tenancy/contact-assignments")]
        assert sorted(left) == ["vm101", "vm103", "vm104", "vm105"]
        undo = plan_undo(pve.warehouse, pve.config.netbox, pve.apply_id or "")
        assert pve.write(load_plan(pve.warehouse, undo.name)) == []
        again = pve.netbox.one("virtualization/virtual-machines", name="vm102")["id"]
        assigned = pve.netbox.one("tenancy/contact-assignments", object_id=again)
        assert assigned["contact"]["id"] == contact["id"]
        # Ours again: the same plan comes back.
        assert Counter(r.action for r in pve.sync().changes) == Counter(r.action for r in first.changes)


@share_cluster(policies=DELETES)
def test_an_undo_of_an_undo_brings_the_apply_back(case: GuestCase) -> Steps:
    guest(case.cluster, 131, host=41)
    yield APPLY
    take_back(case)
    assert case.netbox.all("virtualization/virtual-machines", name="vm131") == []
    take_back(case)
    plan = yield SYNC
    assert plan.rows == ()


@share_cluster(policies=DELETES)
def test_what_somebody_changed_after_an_undo_is_his(case: GuestCase) -> Steps:
    guest(case.cluster, 132, host=42, maxmem=2**30)
    yield APPLY
    guest(case.cluster, 132, host=42, maxmem=2**31)
    yield APPLY
    take_back(case)
    machine = machine_of(case, "vm132")
    assert machine["memory"] == 1024
    case.netbox.edit("virtualization/virtual-machines", machine["id"], memory=77)
    plan = yield SYNC
    (row,) = rows(plan, "virtual_machines")
    assert (row.action, row.reason) == (
        "conflict",
        "memory: changed in NetBox and in the source since netbox-sync wrote it",
    )


@share_cluster(policies=DELETES)
def test_a_primary_address_that_an_apply_adopted_goes_back(case: GuestCase) -> Steps:
    """NetBox lets no address leave its interface while it is the primary one: the undo takes that back first."""
    guest(case.cluster, 133, host=43)
    free = case.netbox.create("ipam/ip-addresses", address="10.61.0.43/24")
    yield APPLY
    assert case.netbox.one("ipam/ip-addresses", id=free["id"])["assigned_object_id"] is not None
    take_back(case)
    assert case.netbox.one("ipam/ip-addresses", id=free["id"])["assigned_object_id"] is None
    assert case.netbox.all("virtualization/virtual-machines", name="vm133") == []


# -- what NetBox does because of our changes -----------------------------------------------------


@share_cluster(also_live=True, policies=DELETES)
def test_a_primary_address_follows_a_guest_to_its_new_address(case: GuestCase) -> Steps:
    """Both values were written by this product. The old address goes after another is the primary one."""
    guest(case.cluster, 141, host=51)
    yield APPLY
    guest(case.cluster, 141, host=103)
    plan = yield APPLY
    (primary,), (gone,) = rows(plan, "primary_ips"), rows(plan, "ip_addresses", "delete")
    assert primary.action == "update"
    assert primary.change_id in gone.depends_on
    left = yield SYNC
    assert left.rows == ()
    there = case.netbox.all("ipam/ip-addresses", virtual_machine="vm141")
    assert [address["address"] for address in there] == ["10.61.0.103/24"]


@share_cluster(policies=DELETES)
def test_a_primary_address_that_somebody_chose_stays(case: GuestCase) -> Steps:
    guest(case.cluster, 142, host=52)
    yield APPLY
    machine = machine_of(case, "vm142")
    card = case.netbox.one("virtualization/interfaces", virtual_machine_id=machine["id"])
    mine = case.netbox.create(
        "ipam/ip-addresses",
        address="10.61.0.200/24",
        assigned_object_type="virtualization.vminterface",
        assigned_object_id=card["id"],
    )
    case.netbox.edit("virtualization/virtual-machines", machine["id"], primary_ip4=mine["id"])
    guest(case.cluster, 142, host=104)
    plan = yield SYNC
    (row,) = rows(plan, "primary_ips")
    assert (row.action, row.reason) == (
        "drifted",
        "NetBox has another primary address; primary_ip is set_if_empty",
    )


@share_cluster(also_live=True, policies=DELETES)
def test_a_guest_that_is_made_again_under_its_vmid_converges(case: GuestCase) -> Steps:
    """Other card, MAC and address. What NetBox cleared when the old address went is nobody's change."""
    guest(case.cluster, 143, host=53)
    yield APPLY
    guest(case.cluster, 143, host=54, net="net1", mac=9)
    yield APPLY
    # What had to wait for a delete may follow.
    yield APPLY
    left = yield SYNC
    assert left.rows == ()
    assert machine_of(case, "vm143")["primary_ip4"]["address"] == "10.61.0.54/24"


# -- references to what the same plan creates -----------------------------------------------------


@share_cluster(also_live=True, policies=DELETES)
def test_a_lag_that_a_plan_creates_is_written_to_its_members_at_once(case: GuestCase) -> Steps:
    """NetBox has eno1 and eno2, and no bond yet."""
    case.also("pve3")
    case.cluster.add_node(
        "pve3",
        network=[
            {"iface": "eno1", "type": "eth", "active": 1},
            {"iface": "eno2", "type": "eth", "active": 1},
            {"iface": "bond0", "type": "bond", "slaves": "eno1 eno2", "bond_mode": "802.3ad", "active": 1},
            {"iface": "vmbr0", "type": "bridge", "bridge_ports": "bond0", "active": 1},
        ],
    )
    place = {name: case.basics[known]["id"] for name, known in BASICS.items()}
    node = case.netbox.create("dcim/devices", name="pve3", **place)
    for name in ("eno1", "eno2"):
        case.netbox.create("dcim/interfaces", device=node["id"], name=name, type="other")
    plan = yield APPLY
    assert {r.key for r in rows(plan, "interfaces", "update")} == {"pve3 eno1", "pve3 eno2"}
    left = yield SYNC
    assert left.changes == []


# -- fields that NetBox takes only together ----------------------------------------------------------


@share_cluster(also_live=True, policies={"disowns": ["devices.cluster"]})
def test_a_guest_is_blocked_while_the_cluster_of_its_node_is_not_written(case: GuestCase) -> Steps:
    """NetBox refuses a virtual machine whose device is not in its cluster."""
    place = {name: case.basics[known]["id"] for name, known in BASICS.items()}
    case.netbox.create("dcim/devices", name="pve1", **place)
    guest(case.cluster, 101, host=10)
    guest(case.cluster, 102, host=11, node="pve2")
    plan = yield APPLY
    found = {r.key: (r.action, r.reason) for r in rows(plan, "virtual_machines")}
    assert found["vm101"][0] == "blocked"
    assert "NetBox takes only a device of its cluster paris, and pve1 is in no cluster" in str(
        found["vm101"][1]
    )
    assert "policies.disowns names it" in str(found["vm101"][1])
    assert found["vm102"][0] == "create"


# -- what others have done meanwhile ------------------------------------------------------------------


@share_cluster(policies=DELETES)
def test_what_a_person_has_made_meanwhile_is_not_done_by_us(case: GuestCase) -> Steps:
    # What is approved here and fails would be tried again with the others' changes.
    yield ALONE
    guest(case.cluster, 151, host=61)
    plan = yield SYNC
    case.netbox.create("ipam/ip-addresses", address="10.61.0.61/24")
    refused = case.pipeline.write(case.whole, [row.change_id for row in plan.changes])
    assert [line.partition(": ")[0] for line in refused] == [
        "failed ip_addresses 10.61.0.61",
        "blocked primary_ips vm151 IPv4",
    ]
