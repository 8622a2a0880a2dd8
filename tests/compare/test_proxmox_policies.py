"""What only a policy or a setting brings into NetBox: bridges, times of backups, types, tenants, old addresses."""

from __future__ import annotations

from typing import Any

from netbox_sync_lab.proxmox import Guest
from tests.compare.guests import ALONE, APPLY, SYNC, GuestCase, Steps, share_cluster, under
from tests.support import after, before, row, rows

VMS = "virtualization/virtual-machines"
INTERFACES = "virtualization/interfaces"
MARCH = 1_709_258_400  # 2024-03-01 02:00:00 UTC
DEFAULTS = {"site": "paris", "role": "access", "device_type": "C9300-48P"}
DESCRIBED: dict[str, Any] = {
    "guest_bridge": "description",
    "guest_records": "custom_fields",
    "policies": {"delete": ["virtual_machines", "mac_addresses"]},
}
IN_FIELDS: dict[str, Any] = {
    "guest_bridge": "custom_field",
    "guest_records": "auto",
    "defaults": {**DEFAULTS, "tenant": "ops"},
}


@share_cluster(**DESCRIBED)
def test_the_bridge_as_description(case: GuestCase) -> Steps:
    config = {"net0": "virtio=BC:24:11:00:00:01,bridge=vmbr0", "net1": "virtio=BC:24:11:00:00:02"}
    guest = case.cluster.add_qemu(101, node="pve1", name="bridged", config=config)
    plan = yield APPLY
    found = rows(plan, "vm_interfaces", "create")
    assert [after(r).get("description") for r in found] == ["vmbr0", None]
    plan = yield SYNC
    assert plan.rows == ()
    guest.config["net0"] = "virtio=BC:24:11:00:00:01,bridge=vmbr1"
    plan = yield SYNC
    assert [after(r) for r in plan.changes] == [{"description": "vmbr1"}]


@share_cluster(**IN_FIELDS)
def test_the_bridge_as_custom_field(case: GuestCase) -> Steps:
    config = {"net0": "virtio=BC:24:11:00:00:01,bridge=vmbr0"}
    guest = case.cluster.add_qemu(101, node="pve1", name="bridged", config=config)
    yield APPLY
    assert "proxmox_bridge" in [r.key for r in rows(case.whole, "custom_fields", "create")]
    plan = yield SYNC
    assert plan.rows == ()
    interface = case.netbox.one(INTERFACES, virtual_machine="bridged")
    assert (interface["custom_fields"]["proxmox_bridge"], interface["description"]) == ("vmbr0", "")
    guest.config["net0"] = "virtio=BC:24:11:00:00:01"
    plan = yield SYNC
    [change] = plan.changes
    assert (before(change), after(change)) == (
        {"cf.proxmox_bridge": "vmbr0"},
        {"cf.proxmox_bridge": None},
    )


def backed_up(case: GuestCase, vmid: int, name: str) -> Guest:
    """A guest with two backups, two snapshots, disks on two storages and a replication job."""
    case.cluster.add_backup("local", vmid, ctime=MARCH - 86_400, node="pve1")
    case.cluster.add_backup("local", vmid, ctime=MARCH, node="pve1")
    guest = case.cluster.add_qemu(
        vmid,
        node="pve1",
        name=name,
        config={"scsi0": f"local-zfs:vm-{vmid}-disk-0,size=8G", "scsi1": f"ceph:vm-{vmid}-disk-1,size=8G"},
        snapshots=[
            {"name": "before-upgrade", "snaptime": MARCH},
            {"name": "after-upgrade", "snaptime": MARCH + 60, "parent": "before-upgrade"},
        ],
    )
    case.cluster.add_replication(vmid, "pve2")
    return guest


def end_replications(case: GuestCase, vmid: int) -> None:
    jobs = case.cluster.replications
    jobs[:] = [job for job in jobs if job["guest"] != vmid]


@share_cluster(**DESCRIBED)
def test_backups_and_snapshots_as_custom_fields(case: GuestCase) -> Steps:
    guest = backed_up(case, 102, "recorded")
    plan = yield under(guest_records="none")
    assert "cf.proxmox_backups" not in after(row(plan, "virtual_machines", "recorded"))
    yield APPLY
    held = case.netbox.one(VMS, name="recorded")["custom_fields"]
    assert {name: held[name] for name in held if name not in ("proxmox_cluster", "proxmox_vmid")} == {
        "proxmox_backups": 2,
        "proxmox_last_backup": "2024-03-01T02:00:00Z",
        "proxmox_snapshots": 2,
        "proxmox_newest_snapshot": "after-upgrade",
        "proxmox_storages": "ceph, local-zfs",
        "proxmox_replications": "pve2 (*/15)",
    }
    guest.snapshots.pop()
    case.cluster.add_backup("local", 102, ctime=MARCH + 86_400, node="pve1")
    plan = yield APPLY
    [change] = plan.rows
    assert after(change) == {
        "cf.proxmox_backups": 3,
        "cf.proxmox_last_backup": "2024-03-02T02:00:00+00:00",
        "cf.proxmox_snapshots": 1,
        "cf.proxmox_newest_snapshot": "before-upgrade",
    }
    guest.snapshots.clear()
    guest.config["scsi1"] = "local-zfs:vm-102-disk-1,size=8G"
    end_replications(case, 102)
    plan = yield APPLY
    [change] = rows(plan, "virtual_machines", "update")
    assert after(change) == {
        "cf.proxmox_snapshots": 0,
        "cf.proxmox_newest_snapshot": None,
        "cf.proxmox_storages": "local-zfs",
        "cf.proxmox_replications": None,
    }
    plan = yield SYNC
    assert plan.rows == ()


@share_cluster(**DESCRIBED)
def test_the_custom_fields_are_created_on_approval_and_only_by_policy(case: GuestCase) -> Steps:
    backed_up(case, 103, "waiting")
    assert case.netbox.all("extras/custom-fields") == []
    plan = yield SYNC
    fields = rows(case.whole, "custom_fields")
    assert {r.key: r.action for r in fields if r.key.startswith("proxmox_")} == dict.fromkeys(
        [
            *("proxmox_backups", "proxmox_cluster", "proxmox_last_backup", "proxmox_newest_snapshot"),
            *("proxmox_node", "proxmox_replications", "proxmox_snapshots", "proxmox_storages"),
            "proxmox_vmid",
        ],
        "create",
    )
    assert case.netbox.all("extras/custom-fields") == []
    machine = row(plan, "virtual_machines", "waiting")
    field = row(case.whole, "custom_fields", "proxmox_backups")
    assert field.change_id in machine.depends_on


@share_cluster(**DESCRIBED)
def test_unread_replications_are_unknown(case: GuestCase) -> Steps:
    backed_up(case, 104, "replicated")
    yield APPLY
    yield ALONE
    end_replications(case, 104)
    case.proxmox.fail_always(status=500, path_prefix="/api2/json/cluster/replication")
    plan = yield SYNC
    assert rows(plan, "virtual_machines") == []


@share_cluster(**IN_FIELDS)
def test_what_one_unread_storage_may_hold_is_unknown(case: GuestCase) -> Steps:
    backed_up(case, 102, "stored")
    yield APPLY
    yield ALONE
    case.cluster.storages["local"].volumes.clear()
    case.cluster.set_node_online("pve2", False)
    plan = yield SYNC
    assert rows(plan, "virtual_machines") == []
    case.cluster.set_node_online("pve2", True)
    plan = yield SYNC
    assert after(row(plan, "virtual_machines", "stored")) == {
        "cf.proxmox_backups": 0,
        "cf.proxmox_last_backup": None,
    }


@share_cluster(**IN_FIELDS)
def test_the_default_tenant_is_for_new_objects(case: GuestCase) -> Steps:
    case.netbox.create("tenancy/tenants", name="Ops", slug="ops")
    case.cluster.add_qemu(103, node="pve1", name="rented")
    plan = yield under(defaults={**DEFAULTS, "tenant": "Opps"})
    found = row(plan, "virtual_machines", "rented")
    assert found.action == "blocked"
    assert 'NetBox has no tenant "Opps" (from defaults)' in (found.reason or "")
    yield APPLY
    machine = case.netbox.one(VMS, name="rented")
    for item in (machine, *case.netbox.all("dcim/devices")):
        assert item["tenant"]["name"] == "Ops"
    case.netbox.edit(VMS, machine["id"], tenant=None)
    plan = yield SYNC
    assert plan.rows == ()


@share_cluster(**DESCRIBED)
def test_virtual_machine_types_where_netbox_has_them(case: GuestCase) -> Steps:
    case.cluster.add_qemu(105, node="pve1", name="typed")
    case.cluster.add_lxc(106, node="pve1", name="dns")
    types = "virtualization/virtual-machine-types"
    case.netbox.create(types, name="Container", slug="container")
    yield APPLY
    machines = [case.netbox.one(VMS, name=name) for name in ("typed", "dns")]
    kinds = {vm["name"]: (vm["virtual_machine_type"] or {}).get("name") for vm in machines}
    assert kinds == {"typed": None, "dns": "Container"}
    case.netbox.create(types, name="KVM guest", slug="kvm")
    mapped = {"mappings": {"virtual_machine_types": {"qemu": "kvm", "lxc": "Container"}}}
    plan = yield under(apply=True, **mapped)
    [change] = plan.changes
    assert after(change) == {"virtual_machine_type": {"id": 2, "name": "KVM guest"}}
    plan = yield under(**mapped)
    assert plan.rows == ()


@share_cluster(**DESCRIBED)
def test_a_replaced_mac_address_goes(case: GuestCase) -> Steps:
    guest = case.cluster.add_qemu(
        107, node="pve1", name="replaced", config={"net0": "virtio=BC:24:11:00:00:07"}
    )
    yield APPLY
    interface = case.netbox.one(INTERFACES, virtual_machine="replaced")
    known = case.netbox.one("dcim/mac-addresses", mac_address="BC:24:11:00:00:07")
    case.netbox.create(
        "dcim/mac-addresses",
        mac_address="02:00:00:00:00:99",
        assigned_object_type="virtualization.vminterface",
        assigned_object_id=interface["id"],
    )
    guest.config["net0"] = "virtio=BC:24:11:00:00:08"
    key = f"replaced net0 BC:24:11:00:00:07 (replaced, id {known['id']})"
    plan = yield under(policies={})
    old = row(plan, "mac_addresses", key)
    assert (old.action, old.reason) == (
        "blocked",
        "the interface has BC:24:11:00:00:08 in Proxmox now, but policies.delete does not name mac_addresses",
    )
    plan = yield APPLY
    assert row(plan, "mac_addresses", key).action == "delete"
    plan = yield SYNC
    assert plan.rows == ()
    [interface] = case.netbox.all(INTERFACES, virtual_machine="replaced")
    assert {m["mac_address"] for m in interface["mac_addresses"]} == {
        "BC:24:11:00:00:08",
        "02:00:00:00:00:99",
    }
    assert interface["mac_address"] == "BC:24:11:00:00:08"


@share_cluster(**DESCRIBED)
def test_a_clone_is_a_guest_of_its_own(case: GuestCase) -> Steps:
    config = {"net0": "virtio=BC:24:11:00:00:11,tag=20", "scsi0": "local-lvm:a,size=8G"}
    case.cluster.add_qemu(111, node="pve1", name="web", tags="blue", config=config)
    yield APPLY
    # Proxmox gives a clone a new number and new MAC addresses; the name may stay.
    case.cluster.add_qemu(
        112,
        node="pve2",
        name="web",
        tags="blue",
        config={**config, "net0": "virtio=BC:24:11:00:00:12,tag=20"},
    )
    plan = yield APPLY
    assert [r.action for r in plan.rows if r.parent == "web"] == []
    assert after(row(plan, "virtual_machines", "web (112)"))["cf.proxmox_vmid"] == 112
    plan = yield SYNC
    assert plan.rows == ()
    assert [len(case.netbox.all(VMS, name=name)) for name in ("web", "web (112)")] == [1, 1]


@share_cluster(**DESCRIBED)
def test_a_template_that_becomes_one_later(case: GuestCase) -> Steps:
    guest = case.cluster.add_qemu(113, node="pve1", name="golden")
    case.cluster.add_qemu(114, node="pve1", name="plain")
    yield APPLY
    guest.template = True
    guest.status = "stopped"
    # It is left out from now on, but it is not gone: a row says so, and nothing is deleted.
    plan = yield SYNC
    [kept] = plan.rows
    assert (kept.action, kept.resource, kept.key) == ("drifted", "virtual_machines", "golden (113)")
    assert kept.reason == "the guest is a template, and include_templates is off; NetBox still has it"
    plan = yield under(include_templates=True)
    assert after(row(plan, "virtual_machines", "golden")) == {"status": "offline"}
