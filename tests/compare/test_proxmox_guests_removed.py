"""Virtual machines of guests that are gone, or that nobody sees because their node is down."""

from __future__ import annotations

from typing import Any

import pytest

from netbox_sync_lab.proxmox import Guest
from tests.compare.guests import ALONE, APPLY, PLAIN, SYNC, GuestCase, Steps, alone_in, share_cluster, under
from tests.support import after, before, row, rows

ESTATE = "guests of paris"
VMS = "virtualization/virtual-machines"
DELETE: dict[str, Any] = {"policies": {"delete": ["virtual_machines"], "owns": ["virtual_machines.name"]}}
DELETES = {"delete": ["virtual_machines", "vm_interfaces", "virtual_disks"]}


def container(case: GuestCase, vmid: int) -> Guest:
    """A container with an address and a disk."""
    return case.cluster.add_lxc(
        vmid,
        node="pve1",
        name=f"ct{vmid}",
        config={
            "net0": f"name=eth0,hwaddr=BC:24:11:00:00:{vmid:02X},ip=10.0.0.{vmid}/24",
            "rootfs": "local-lvm:x,size=1G",
        },
    )


@share_cluster(**DELETE)
def test_a_guest_that_is_gone_is_a_delete_with_all_that_hangs_on_it(case: GuestCase) -> Steps:
    """P34. Beside twenty others: one that disappears does not make a shrunken snapshot."""
    for vmid in range(160, 181):
        container(case, vmid)
    yield APPLY
    case.cluster.remove(167)
    plan = yield APPLY
    [mac] = [r.netbox_id for r in rows(plan, "mac_addresses")]
    assert [(r.resource, r.action, r.key) for r in plan.changes] == [
        ("virtual_disks", "delete", "ct167 [vmid 167] rootfs"),
        ("ip_addresses", "delete", "10.0.0.167/24 on ct167 [vmid 167] eth0"),
        ("mac_addresses", "delete", f"ct167 [vmid 167] eth0 BC:24:11:00:00:A7 (id {mac})"),
        ("vm_interfaces", "delete", "ct167 [vmid 167] eth0"),
        ("virtual_machines", "delete", "ct167 [vmid 167]"),
    ]
    machine = plan.changes[-1]
    assert set(machine.depends_on) == {plan.changes[0].change_id, plan.changes[3].change_id}
    plan = yield SYNC
    assert plan.changes == []
    assert case.netbox.all(VMS, name="ct167") == []
    assert len([vm for vm in case.netbox.all(VMS) if vm["name"] in case.cluster.names]) == 20


@share_cluster(**DELETE)
def test_the_deletes_of_a_guest_say_all_that_they_take_away(case: GuestCase) -> Steps:
    container(case, 107)
    yield APPLY
    netbox = case.netbox
    machine = netbox.one(VMS, name="ct107")
    interface = netbox.one("virtualization/interfaces", virtual_machine="ct107")
    address = netbox.one("ipam/ip-addresses", address="10.0.0.107/24")
    tenant = netbox.create("tenancy/tenants", name="ACME", slug="acme")
    netbox.create("extras/tags", name="web", slug="web")
    tags = [{"slug": tag["slug"]} for tag in machine["tags"]] + [{"slug": "web"}]
    netbox.edit(VMS, machine["id"], tenant=tenant["id"], tags=tags, comments="mine")
    netbox.edit("ipam/ip-addresses", address["id"], tenant=tenant["id"], dns_name="ct107.example.org")
    vrf = netbox.create("ipam/vrfs", name="blue")
    netbox.edit("virtualization/interfaces", interface["id"], vrf=vrf["id"])
    case.cluster.remove(107)
    plan = yield SYNC
    deletes = {r.resource: before(r) for r in plan.changes}

    owner = {"id": tenant["id"], "name": "ACME"}
    gone = deletes["virtual_machines"]
    assert (gone["tenant"], gone["comments"], gone["cf.proxmox_vmid"]) == (owner, "mine", 107)
    assert "web" in gone["tags"]
    assert gone["primary_ip4"] == {"id": address["id"], "name": "10.0.0.107/24"}
    assert deletes["ip_addresses"]["tenant"] == owner
    assert deletes["ip_addresses"]["dns_name"] == "ct107.example.org"
    assert deletes["vm_interfaces"]["vrf"] == {"id": vrf["id"], "name": "blue"}
    assert deletes["vm_interfaces"]["primary_mac_address"]["name"] == "BC:24:11:00:00:6B"


@pytest.mark.parametrize(
    ("vmid", "policies", "action", "reason"),
    [
        (151, {}, "blocked", "but policies.delete does not name virtual_machines"),
        (152, {"missing_guests": "leave"}, "drifted", "missing_guests is leave"),
        (153, {"missing_guests": "decommissioning"}, "update", "missing_guests is decommissioning"),
    ],
)
@share_cluster(**DELETE)
def test_policies_for_guests_that_are_gone(
    case: GuestCase, vmid: int, policies: dict[str, Any], action: str, reason: str
) -> Steps:
    container(case, vmid)
    yield APPLY
    case.cluster.remove(vmid)
    plan = yield under(policies=policies)
    found = row(plan, "virtual_machines", f"ct{vmid} [vmid {vmid}]")
    said = f"vmid {vmid} is no longer in Proxmox{', ' if action == 'blocked' else '; '}{reason}"
    assert (found.action, found.reason) == (action, said)
    assert after(found) == ({"status": "decommissioning"} if action == "update" else {})


@share_cluster(**PLAIN)
def test_a_guest_that_is_gone_is_marked_once(case: GuestCase) -> Steps:
    case.cluster.add_lxc(135, node="pve1", name="ct135")
    yield APPLY
    case.cluster.remove(135)
    yield APPLY
    assert case.netbox.one(VMS, name="ct135")["status"]["value"] == "decommissioning"
    plan = yield SYNC
    assert plan.changes == []


@share_cluster(**DELETE)
def test_a_guest_that_proxmox_creates_clones_or_restores_is_not_compared(case: GuestCase) -> Steps:
    """Its configuration is the lock alone, and the name of a clone comes at the end: ct221 would lose all it has, and the clone
    be "vm-222"."""
    restored = container(case, 221)
    finished = restored.config
    yield APPLY
    # The clone may be a guest that is gone, under another vmid.
    yield ALONE
    restored.config, restored.status, restored.lock = {"lock": "create"}, "stopped", "create"
    case.cluster.add_qemu(
        222, node="pve1", name="VM 222", status="stopped", config={"name": "", "lock": "clone"}
    )
    plan = yield SYNC
    assert plan.changes == []
    assert {r.key: (r.action, r.reason) for r in rows(plan, "virtual_machines")} == {
        "vm-222": (
            "blocked",
            "not in NetBox, and Proxmox does not show enough to create it: the guest is being cloned (lock: clone), so its"
            " configuration is not complete",
        )
    }
    said = "Proxmox is creating, cloning or restoring it (lock: {}), so its configuration is not complete"
    assert set(case.left_out()) == {
        ("virtual_machines", "ct221", said.format("create")),
        ("virtual_machines", "vm-222", said.format("clone")),
    }
    restored.config, restored.status, restored.lock = finished, "running", None
    case.cluster.remove(222)
    plan = yield SYNC
    assert plan.rows == ()


@share_cluster(**DELETE)
def test_what_others_made_is_not_deleted(case: GuestCase) -> Steps:
    container(case, 109)
    yield APPLY
    netbox = case.netbox
    interface = netbox.one("virtualization/interfaces", virtual_machine="ct109")
    netbox.create(
        "ipam/ip-addresses",
        address="192.0.2.7/24",
        assigned_object_type="virtualization.vminterface",
        assigned_object_id=interface["id"],
    )
    case.cluster.remove(109)
    home = netbox.one("virtualization/clusters", name="paris")
    held = {"proxmox_cluster": "paris", "proxmox_vmid": 999}
    netbox.create(VMS, name="old", cluster=home["id"], custom_fields=held)
    netbox.create(VMS, name="by hand", cluster=home["id"])
    case.also("old", "by hand")
    plan = yield SYNC
    assert plan.changes == []
    assert {r.key: r.reason for r in rows(plan, "virtual_machines")} == {
        "ct109 [vmid 109]": (
            "vmid 109 is no longer in Proxmox, but netbox-sync did not create its dependents: 192.0.2.7/24"
        ),
        "old [vmid 999]": (
            "vmid 999 is no longer in Proxmox, but netbox-sync did not create it (policies.delete_unowned)"
        ),
    }


@share_cluster(**DELETE)
def test_a_rename_to_the_name_of_a_machine_made_by_hand_is_a_conflict(case: GuestCase) -> Steps:
    """NetBox takes a name once in a cluster."""
    guest = case.cluster.add_qemu(110, node="pve1", name="web")
    yield APPLY
    home = case.netbox.one("virtualization/clusters", name="paris")
    case.netbox.create(VMS, name="DB", cluster=home["id"])
    guest.name = "db"
    plan = yield SYNC
    found = row(plan, "virtual_machines", "db")
    assert (found.action, found.reason) == (
        "conflict",
        "name: NetBox has the name db in this cluster for another guest: DB (no vmid)",
    )


@share_cluster(**DELETE)
def test_no_delete_without_evidence(case: GuestCase) -> Steps:
    """A node is down, or an access rule hides the guest."""
    container(case, 127)
    container(case, 128)
    yield APPLY
    yield ALONE
    case.cluster.remove(127)
    case.cluster.set_node_online("pve2", False)
    plan = yield SYNC
    found = row(plan, "virtual_machines", "ct127 [vmid 127]")
    assert found.action == "blocked"
    assert found.reason == (
        "vmid 127 is no longer in Proxmox, but that is no evidence: "
        "cluster paris has no quorum, so its state is not certain; node pve2 is offline"
    )

    case.cluster.set_node_online("pve2", True)
    proxmox = case.proxmox
    rights = ["VM.Audit", "Sys.Audit", "Datastore.Audit", "VM.GuestAgent.Audit", "SDN.Audit", "Pool.Audit"]
    proxmox.add_token(
        proxmox.user, proxmox.token_name, proxmox.token_value, privileges={"/": rights, "/vms/128": []}
    )
    # 127 is gone for certain: asked by its number Proxmox does not know it. 128 may be there.
    plan = yield SYNC
    assert {r.key: r.action for r in rows(plan, "virtual_machines")} == {
        "ct127 [vmid 127]": "delete",
        "ct128 [vmid 128]": "blocked",
    }


# -- A node that is down ----------------------------------------------------------------------------


@share_cluster(**PLAIN)
def test_a_node_that_is_down_says_nothing_about_its_guests(case: GuestCase) -> Steps:
    """P26, P34."""
    config = {"scsi0": "rbd:a,size=1G", "net0": "virtio=BC:24:11:00:01:47"}
    guest = case.cluster.add_qemu(147, node="pve2", name="on-pve2", config=config)
    yield APPLY
    yield alone_in("pve2 is down")
    case.cluster.set_node_online("pve2", False)
    guest.config.clear()
    plan = yield under(policies=DELETES)
    assert plan.changes == []
    assert [(r.key, after(r)) for r in case.whole.changes if r.resource == "devices"] == [
        ("pve2", {"status": "offline"})
    ]


@share_cluster(**PLAIN)
def test_a_guest_of_a_node_that_is_down_is_not_created(case: GuestCase) -> Steps:
    yield APPLY
    yield alone_in("pve2 is down")
    case.cluster.add_qemu(148, node="pve2", name="new-on-pve2")
    case.cluster.set_node_online("pve2", False)
    plan = yield under(policies=DELETES)
    found = row(plan, "virtual_machines", "vm-148")
    assert found.action == "blocked"
    assert "pve2 is offline" in (found.reason or "")
