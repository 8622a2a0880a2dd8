"""What only a policy or a setting brings into NetBox: bridges, times of backups, types, tenants, old addresses."""

from __future__ import annotations

from typing import Any

from netbox_sync_lab.proxmox import LabProxmox, ProxmoxState
from tests.support import NetBox, Pipeline, after, before, row, rows

VMS = "virtualization/virtual-machines"
MARCH = 1_709_258_400  # 2024-03-01 02:00:00 UTC


def test_the_bridge_as_description(pve: Pipeline, cluster: ProxmoxState) -> None:
    guest = cluster.add_qemu(
        101,
        node="pve1",
        name="web",
        config={"net0": "virtio=BC:24:11:00:00:01,bridge=vmbr0", "net1": "virtio=BC:24:11:00:00:02"},
    )
    pve.configure(guest_bridge="description")
    found = rows(pve.sync(), "vm_interfaces", "create")
    assert [after(r).get("description") for r in found] == ["vmbr0", None]
    assert pve.apply_all().rows == ()
    guest.config["net0"] = "virtio=BC:24:11:00:00:01,bridge=vmbr1"
    assert [after(r) for r in pve.sync().changes] == [{"description": "vmbr1"}]


def test_the_bridge_as_custom_field(pve: Pipeline, cluster: ProxmoxState, netbox: NetBox) -> None:
    guest = cluster.add_qemu(
        101, node="pve1", name="web", config={"net0": "virtio=BC:24:11:00:00:01,bridge=vmbr0"}
    )
    pve.configure(guest_bridge="custom_field")
    assert "proxmox_bridge" in [r.key for r in rows(pve.sync(), "custom_fields", "create")]
    assert pve.apply_all().rows == ()
    interface = netbox.one("virtualization/interfaces")
    assert (interface["custom_fields"]["proxmox_bridge"], interface["description"]) == ("vmbr0", "")
    guest.config["net0"] = "virtio=BC:24:11:00:00:01"
    [change] = pve.sync().changes
    assert (before(change), after(change)) == (
        {"cf.proxmox_bridge": "vmbr0"},
        {"cf.proxmox_bridge": None},
    )


def backed_up(cluster: ProxmoxState) -> Any:
    cluster.add_backup("local", 101, ctime=MARCH - 86_400, node="pve1")
    cluster.add_backup("local", 101, ctime=MARCH, node="pve1")
    guest = cluster.add_qemu(
        101,
        node="pve1",
        name="web",
        config={"scsi0": "local-zfs:vm-101-disk-0,size=8G", "scsi1": "ceph:vm-101-disk-1,size=8G"},
        snapshots=[
            {"name": "before-upgrade", "snaptime": MARCH},
            {"name": "after-upgrade", "snaptime": MARCH + 60, "parent": "before-upgrade"},
        ],
    )
    cluster.add_replication(101, "pve2")
    return guest


def test_backups_and_snapshots_as_custom_fields(pve: Pipeline, cluster: ProxmoxState, netbox: NetBox) -> None:
    guest = backed_up(cluster)
    assert "cf.proxmox_backups" not in after(row(pve.sync(), "virtual_machines", "web"))
    pve.configure(guest_records="custom_fields")
    assert pve.apply_all().rows == ()
    held = netbox.one(VMS)["custom_fields"]
    assert {name: held[name] for name in held if name not in ("proxmox_cluster", "proxmox_vmid")} == {
        "proxmox_backups": 2,
        "proxmox_last_backup": "2024-03-01T02:00:00Z",
        "proxmox_snapshots": 2,
        "proxmox_newest_snapshot": "after-upgrade",
        "proxmox_storages": "ceph, local-zfs",
        "proxmox_replications": "pve2 (*/15)",
    }
    guest.snapshots.pop()
    cluster.add_backup("local", 101, ctime=MARCH + 86_400, node="pve1")
    [change] = pve.sync().changes
    assert after(change) == {
        "cf.proxmox_backups": 3,
        "cf.proxmox_last_backup": "2024-03-02T02:00:00+00:00",
        "cf.proxmox_snapshots": 1,
        "cf.proxmox_newest_snapshot": "before-upgrade",
    }
    pve.apply()
    guest.snapshots.clear()
    guest.config["scsi1"] = "local-zfs:vm-101-disk-1,size=8G"
    cluster.replications.clear()
    [change] = rows(pve.sync(), "virtual_machines", "update")
    assert after(change) == {
        "cf.proxmox_snapshots": 0,
        "cf.proxmox_newest_snapshot": None,
        "cf.proxmox_storages": "local-zfs",
        "cf.proxmox_replications": None,
    }
    assert pve.apply_all().rows == ()


def test_the_custom_fields_are_created_on_approval_and_only_by_policy(
    pve: Pipeline, cluster: ProxmoxState, netbox: NetBox
) -> None:
    backed_up(cluster)
    pve.configure(guest_records="custom_fields")
    wanted = {r.key: r.action for r in rows(pve.sync(), "custom_fields") if r.key.startswith("proxmox_")}
    assert wanted == dict.fromkeys(
        [
            *("proxmox_backups", "proxmox_cluster", "proxmox_last_backup", "proxmox_newest_snapshot"),
            *(
                "proxmox_node",
                "proxmox_replications",
                "proxmox_snapshots",
                "proxmox_storages",
                "proxmox_vmid",
            ),
        ],
        "create",
    )
    assert netbox.all("extras/custom-fields") == []
    machine = row(pve.sync(), "virtual_machines", "web")
    field = row(pve.sync(), "custom_fields", "proxmox_backups")
    assert field.change_id in machine.depends_on


def test_unread_replications_are_unknown(pve: Pipeline, cluster: ProxmoxState, proxmox: LabProxmox) -> None:
    backed_up(cluster)
    pve.configure(guest_records="custom_fields")
    pve.apply()
    cluster.replications.clear()
    proxmox.fail_always(status=500, path_prefix="/api2/json/cluster/replication")
    assert rows(pve.sync(), "virtual_machines") == []


def test_what_one_unread_storage_may_hold_is_unknown(pve: Pipeline, cluster: ProxmoxState) -> None:
    backed_up(cluster)
    pve.configure(guest_records="auto")
    pve.apply()
    cluster.storages["local"].volumes.clear()
    cluster.set_node_online("pve2", False)
    assert rows(pve.sync(), "virtual_machines") == []
    cluster.set_node_online("pve2", True)
    assert after(row(pve.sync(), "virtual_machines", "web")) == {
        "cf.proxmox_backups": 0,
        "cf.proxmox_last_backup": None,
    }


def test_the_default_tenant_is_for_new_objects(pve: Pipeline, cluster: ProxmoxState, netbox: NetBox) -> None:
    tenant = netbox.create("tenancy/tenants", name="Ops", slug="ops")
    cluster.add_qemu(101, node="pve1", name="web")
    defaults = {"site": "paris", "role": "access", "device_type": "C9300-48P"}
    pve.configure(defaults={**defaults, "tenant": "Opps"})
    found = row(pve.sync(), "virtual_machines", "web")
    assert found.action == "blocked"
    assert 'NetBox has no tenant "Opps" (from defaults)' in (found.reason or "")
    pve.configure(defaults={**defaults, "tenant": "ops"})
    assert pve.apply_all().rows == ()
    for path in (VMS, "dcim/devices"):
        assert {item["tenant"]["name"] for item in netbox.all(path)} == {"Ops"}
    netbox.edit(VMS, netbox.one(VMS)["id"], tenant=None)
    assert pve.sync().rows == ()
    assert tenant["id"] == 1


def test_virtual_machine_types_where_netbox_has_them(
    pve: Pipeline, cluster: ProxmoxState, netbox: NetBox
) -> None:
    cluster.add_qemu(101, node="pve1", name="web")
    cluster.add_lxc(102, node="pve1", name="dns")
    netbox.create("virtualization/virtual-machine-types", name="Container", slug="container")
    pve.apply()
    kinds = {vm["name"]: (vm["virtual_machine_type"] or {}).get("name") for vm in netbox.all(VMS)}
    assert kinds == {"web": None, "dns": "Container"}
    netbox.create("virtualization/virtual-machine-types", name="KVM guest", slug="kvm")
    pve.configure(mappings={"virtual_machine_types": {"qemu": "kvm", "lxc": "Container"}})
    [change] = pve.sync().changes
    assert after(change) == {"virtual_machine_type": {"id": 2, "name": "KVM guest"}}
    assert pve.apply_all().rows == ()


def test_a_replaced_mac_address_goes(pve: Pipeline, cluster: ProxmoxState, netbox: NetBox) -> None:
    guest = cluster.add_qemu(101, node="pve1", name="web", config={"net0": "virtio=BC:24:11:00:00:01"})
    pve.apply()
    interface = netbox.one("virtualization/interfaces")
    mine = netbox.create(
        "dcim/mac-addresses",
        mac_address="02:00:00:00:00:99",
        assigned_object_type="virtualization.vminterface",
        assigned_object_id=interface["id"],
    )
    guest.config["net0"] = "virtio=BC:24:11:00:00:02"
    plan = pve.sync()
    key = "web net0 BC:24:11:00:00:01 (replaced, id 1)"
    old = row(plan, "mac_addresses", key)
    assert (old.action, old.reason) == (
        "blocked",
        "the interface has BC:24:11:00:00:02 in Proxmox now, but policies.delete does not name mac_addresses",
    )
    pve.configure(policies={"delete": ["mac_addresses"]})
    assert row(pve.sync(), "mac_addresses", key).action == "delete"
    assert pve.apply_all().rows == ()
    assert {m["mac_address"] for m in netbox.all("dcim/mac-addresses")} == {
        "BC:24:11:00:00:02",
        mine["mac_address"],
    }
    assert netbox.one("virtualization/interfaces")["mac_address"] == "BC:24:11:00:00:02"


def test_a_clone_is_a_guest_of_its_own(pve: Pipeline, cluster: ProxmoxState, netbox: NetBox) -> None:
    config = {"net0": "virtio=BC:24:11:00:00:01,tag=20", "scsi0": "local-lvm:a,size=8G"}
    cluster.add_qemu(101, node="pve1", name="web", tags="blue", config=config)
    pve.apply()
    # Proxmox gives a clone a new number and new MAC addresses; the name may stay.
    cluster.add_qemu(
        102,
        node="pve2",
        name="web",
        tags="blue",
        config={**config, "net0": "virtio=BC:24:11:00:00:02,tag=20"},
    )
    plan = pve.sync()
    assert [r.action for r in plan.rows if r.parent == "web"] == []
    assert after(row(plan, "virtual_machines", "web (102)"))["cf.proxmox_vmid"] == 102
    assert pve.apply_all().rows == ()
    assert {vm["name"] for vm in netbox.all(VMS)} == {"web", "web (102)"}


def test_a_template_that_becomes_one_later(pve: Pipeline, cluster: ProxmoxState, proxmox: LabProxmox) -> None:
    guest = cluster.add_qemu(101, node="pve1", name="golden")
    cluster.add_qemu(102, node="pve1", name="web")
    pve.configure(policies={"delete": ["virtual_machines"]})
    pve.apply()
    guest.template = True
    guest.status = "stopped"
    # It is left out from now on, but it is not gone: a row says so, and nothing is deleted.
    [kept] = pve.sync().rows
    assert (kept.action, kept.resource, kept.key) == ("drifted", "virtual_machines", "golden (101)")
    assert kept.reason == "the guest is a template, and include_templates is off; NetBox still has it"
    pve.configure(include_templates=True)
    assert after(row(pve.sync(), "virtual_machines", "golden")) == {"status": "offline"}
