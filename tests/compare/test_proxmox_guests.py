"""Guests as virtual machines: identity, names, status, size, tags, and what happens when one is gone."""

from __future__ import annotations

import pytest

from netbox_sync_lab.netbox import LabNetBox
from netbox_sync_lab.netbox.schema import CHOICES
from netbox_sync_lab.proxmox import LabProxmox, ProxmoxState
from tests.kept import begun
from tests.support import NetBox, Pipeline, after, before, row, rows

VMS = "virtualization/virtual-machines"


def vmids(plan):
    """{vmid: name} of what is created."""
    return {after(r)["cf.proxmox_vmid"]: after(r)["name"] for r in rows(plan, "virtual_machines", "create")}


def test_a_guest_becomes_a_virtual_machine(pve, cluster):
    """P30."""
    cluster.add_qemu(
        101,
        node="pve1",
        name="web01",
        maxmem=2147483648,
        maxcpu=4,
        tags=";;a;a; b ",
        config={"description": "Front end\nsecond line\n", "onboot": 1},
    )
    plan = pve.sync()
    found = after(row(plan, "virtual_machines", "web01"))
    assert found == {
        "name": "web01",
        "cluster": {"key": "paris", "name": "paris", "ref": "clusters"},
        "device": {"key": "pve1", "name": "pve1", "ref": "devices"},
        "status": "active",
        "vcpus": 4.0,
        "memory": 2048,
        "start_on_boot": "on",
        "description": "Front end",
        "tags": ["a", "b"],
        "cf.proxmox_cluster": "paris",
        "cf.proxmox_vmid": 101,
    }
    assert [r.key for r in rows(plan, "tags", "create")] == ["a", "b"]


def test_cores_and_memory_that_are_no_round_numbers(pve, cluster):
    cluster.add_qemu(101, node="pve1", name="odd", maxcpu=0, maxmem=512 * 2**20 + 2**20 - 1)
    found = after(row(pve.sync(), "virtual_machines", "odd"))
    assert (found.get("vcpus"), found["memory"]) == (None, 512)
    assert pve.apply_all().changes == []


def test_everything_applied_leaves_nothing_to_do(pve, cluster, netbox):
    """P33."""
    cluster.add_qemu(
        101,
        node="pve1",
        name="web01",
        tags="web",
        config={"net0": "virtio=BC:24:11:00:00:01,bridge=vmbr0,tag=20", "scsi0": "rbd:a,size=1G"},
    )
    cluster.add_lxc(
        201, node="pve2", name="dns", config={"net0": "name=eth0,hwaddr=BC:24:11:00:00:05,ip=10.0.0.9/24"}
    )
    # Nor is anything taken for somebody else's work, as it would be if NetBox had got another value.
    assert [(r.action, r.key) for r in pve.apply_all().rows if r.action != "blocked"] == []
    assert len(netbox.all(VMS)) == 2
    stamps = [vm["last_updated"] for vm in netbox.all(VMS)]
    assert pve.apply_all().changes == []
    assert [vm["last_updated"] for vm in netbox.all(VMS)] == stamps


def test_status(pve, cluster):
    """P26."""
    for number, said in enumerate(("running", "stopped", "paused", "suspended", "prelaunch")):
        cluster.add_qemu(100 + number, node="pve1", name=said, status=said)
    assert {r.key: after(r)["status"] for r in rows(pve.sync(), "virtual_machines")} == {
        "running": "active",
        "stopped": "offline",
        "paused": "paused",
        "suspended": "paused",
        "prelaunch": "paused",
    }


def test_a_target_that_knows_neither_paused_nor_start_on_boot(pve, cluster, tmp_path, monkeypatch):
    known = [pair for pair in CHOICES["virtualmachine.status"] if pair[0] != "paused"]
    monkeypatch.setitem(CHOICES, "virtualmachine.status", known)
    cluster.add_qemu(101, node="pve1", name="web01", status="paused", config={"onboot": 1})
    with LabNetBox(version="4.4.10") as old:
        monkeypatch.setenv("NETBOX_TOKEN", old.token)
        endpoint = pve.config.model_dump(mode="json", exclude_unset=True)["endpoints"][0]
        pipeline = Pipeline(tmp_path / "old", NetBox(old.url, old.token), endpoint)
        found = rows(pipeline.sync(), "virtual_machines")[0]
    assert {f.name: f.after for f in found.fields if f.name in ("status", "start_on_boot")} == {
        "status": "offline"
    }


def test_a_node_that_is_down_says_nothing_about_its_guests(pve, cluster):
    """P26, P34."""
    guest = cluster.add_qemu(
        101, node="pve2", name="web01", config={"scsi0": "rbd:a,size=1G", "net0": "virtio=BC:24:11:00:00:01"}
    )
    pve.configure(policies={"delete": ["virtual_machines", "vm_interfaces", "virtual_disks"]})
    pve.apply()
    cluster.set_node_online("pve2", False)
    guest.config.clear()
    plan = pve.sync()
    assert [(r.resource, r.key, after(r)) for r in plan.changes] == [
        ("devices", "pve2", {"status": "offline"})
    ]


def test_a_guest_of_a_node_that_is_down_is_not_created(pve, cluster):
    cluster.add_qemu(101, node="pve2", name="web01")
    cluster.set_node_online("pve2", False)
    found = row(pve.sync(), "virtual_machines", "vm-101")
    assert found.action == "blocked"
    assert "pve2 is offline" in (found.reason or "")


def test_nameless_guests(pve, cluster):
    """P27."""
    cluster.add_qemu(103, node="pve1")
    cluster.add_lxc(104, node="pve1")
    assert vmids(pve.sync()) == {103: "vm-103", 104: "ct-104"}


@pytest.mark.parametrize("order", [(100, 120, 130), (130, 120, 100)])
def test_names_that_collide(pve, cluster, order):
    """P28."""
    said = {100: "gateway", 120: "Gateway", 130: "gateway"}
    for vmid in order:
        cluster.add_qemu(vmid, node="pve1", name=said[vmid])
    assert vmids(pve.sync()) == {100: "gateway", 120: "Gateway (120)", 130: "gateway (130)"}


def test_one_vmid_in_two_clusters_is_two_machines(pve, cluster, netbox, tmp_path, monkeypatch):
    """P29."""
    cluster.add_qemu(100, node="pve1", name="web")
    pve.apply()
    other = ProxmoxState(cluster="lyon")
    other.add_node("lyon1", network=[])
    other.add_qemu(100, node="lyon1", name="web")
    with LabProxmox(other) as server:
        monkeypatch.setenv("LYON_TOKEN", server.token_value)
        endpoint = {
            **pve.config.model_dump(mode="json", exclude_unset=True)["endpoints"][0],
            "name": "lyon-pve",
            "url": server.url,
            "tls": {"ca": server.ca_path},
            "token_env": "LYON_TOKEN",
        }
        lyon = Pipeline(tmp_path / "lyon", netbox, endpoint)
        assert vmids(lyon.sync()) == {100: "web"}
        assert lyon.apply_all().changes == []
    assert sorted((vm["cluster"]["name"], vm["custom_fields"]["proxmox_vmid"]) for vm in netbox.all(VMS)) == [
        ("lyon", 100),
        ("paris", 100),
    ]
    assert pve.sync().changes == []


def test_one_cluster_through_two_endpoints_is_one_set_of_guests(pve, cluster, proxmox, netbox, tmp_path):
    cluster.add_qemu(
        100, node="pve1", name="web", tags="a", config={"net0": "virtio=BC:24:11:00:00:01,bridge=vmbr0"}
    )
    pve.apply()
    with LabProxmox(cluster, local_node="pve2") as server:
        endpoint = pve.config.model_dump(mode="json", exclude_unset=True)["endpoints"][0]
        second = Pipeline(
            tmp_path / "second",
            netbox,
            {**endpoint, "name": "second", "url": server.url, "tls": {"ca": server.ca_path}},
        )
        assert second.sync().changes == []


def test_a_migration_is_one_change_of_the_device(pve, cluster):
    """P32."""
    cluster.add_qemu(
        101,
        node="pve1",
        name="web01",
        tags="a",
        config={"net0": "virtio=BC:24:11:00:00:01,tag=5", "scsi0": "rbd:a,size=1G"},
    )
    pve.apply()
    cluster.migrate(101, "pve2")
    changes = pve.sync().changes
    assert [(r.resource, r.key, list(after(r))) for r in changes] == [
        ("virtual_machines", "web01", ["device"])
    ]
    assert (before(changes[0])["device"]["name"], after(changes[0])["device"]["name"]) == ("pve1", "pve2")
    assert pve.apply_all().changes == []


def test_a_rename_in_proxmox_is_an_update_and_one_in_netbox_stays(pve, cluster, netbox):
    guest = cluster.add_qemu(101, node="pve1", name="web01")
    pve.apply()
    guest.name = "web02"
    assert [(r.key, after(r)) for r in pve.sync().changes] == [("web02", {"name": "web02"})]
    pve.apply()
    known = netbox.one(VMS, name="web02")
    netbox.edit(VMS, known["id"], name="shop")
    plan = pve.sync()
    assert plan.changes == []
    assert row(plan, "virtual_machines", "web02").action == "drifted"


def test_a_machine_without_a_vmid_is_found_by_its_name_in_the_cluster(pve, cluster, netbox, basics):
    kind = netbox.one("virtualization/cluster-types", slug="proxmox-ve")
    home = netbox.create(
        "virtualization/clusters",
        name="paris",
        type=kind["id"],
        scope_type="dcim.site",
        scope_id=basics["site"]["id"],
    )
    known = netbox.create(VMS, name="WEB01", cluster=home["id"], vcpus=2, memory=2048)
    cluster.add_qemu(101, node="pve1", name="web01")
    plan = pve.sync()
    found = row(plan, "virtual_machines", "web01")
    assert (found.action, found.netbox_id) == ("update", known["id"])
    assert after(found) == {
        "device": {"key": "pve1", "name": "pve1", "ref": "devices"},
        "cf.proxmox_cluster": "paris",
        "cf.proxmox_vmid": 101,
    }
    assert rows(plan, "clusters") == []


def test_a_name_that_another_guest_has_in_netbox_is_a_conflict(pve, cluster):
    cluster.add_qemu(101, node="pve1", name="web01")
    pve.apply()
    cluster.remove(101)
    cluster.add_qemu(105, node="pve1", name="web01")
    found = row(pve.sync(), "virtual_machines", "web01")
    assert (found.action, found.reason) == (
        "conflict",
        "NetBox has the name in this cluster for another guest: web01 (vmid 101)",
    )


def test_a_rename_to_the_name_of_a_machine_made_by_hand_is_a_conflict(pve, cluster, netbox):
    """NetBox takes a name once in a cluster."""
    guest = cluster.add_qemu(101, node="pve1", name="web")
    pve.configure(policies={"owns": ["virtual_machines.name"]})
    pve.apply()
    home = netbox.one("virtualization/clusters", name="paris")
    netbox.create(VMS, name="DB", cluster=home["id"])
    guest.name = "db"
    found = row(pve.sync(), "virtual_machines", "db")
    assert (found.action, found.reason) == (
        "conflict",
        "name: NetBox has the name db in this cluster for another guest: DB (no vmid)",
    )


def test_two_machines_with_one_vmid_are_a_conflict(pve, cluster, netbox):
    cluster.add_qemu(101, node="pve1", name="web01")
    pve.apply()
    known = netbox.one(VMS, name="web01")
    netbox.create(
        VMS,
        name="copy",
        cluster=known["cluster"]["id"],
        custom_fields={"proxmox_cluster": "paris", "proxmox_vmid": 101},
    )
    plan = pve.sync()
    found = row(plan, "virtual_machines", "web01")
    assert found.action == "conflict"
    assert (found.reason or "").startswith("several NetBox virtual machines have vmid 101 of paris: copy")
    assert plan.changes == []


def test_templates_are_left_out_or_get_their_role(pve, cluster, netbox):
    cluster.add_qemu(9000, node="pve1", name="golden", status="stopped", template=True)
    cluster.add_qemu(101, node="pve1", name="web01")
    assert vmids(pve.sync()) == {101: "web01"}
    netbox.create("dcim/device-roles", name="Template", slug="template", color="aaaaaa", vm_role=True)
    pve.configure(include_templates=True)
    plan = pve.sync()
    assert after(row(plan, "virtual_machines", "golden"))["role"]["name"] == "Template"
    assert "role" not in after(row(plan, "virtual_machines", "web01"))


def test_roles_and_platforms_come_from_mappings(pve, cluster, netbox):
    netbox.create("dcim/device-roles", name="Container", slug="container", color="aaaaaa", vm_role=True)
    netbox.create("dcim/platforms", name="Linux", slug="linux")
    netbox.create("dcim/platforms", name="Debian", slug="debian")
    pve.configure(mappings={"platforms": {"l26": "Linux"}})
    cluster.add_qemu(101, node="pve1", name="web01")
    cluster.add_qemu(102, node="pve1", name="odd", config={"ostype": "other"})
    cluster.add_lxc(201, node="pve1", name="dns")
    plan = pve.sync()
    found = {r.key: (after(r).get("role"), after(r).get("platform")) for r in rows(plan, "virtual_machines")}
    assert {key: tuple(v and v["name"] for v in pair) for key, pair in found.items()} == {
        "web01": (None, "Linux"),
        "odd": (None, None),
        "dns": ("Container", "Debian"),
    }


def test_only_tags_from_proxmox_are_taken_off(pve, cluster, netbox):
    """P31 and the ownership of tags."""
    guest = cluster.add_qemu(101, node="pve1", name="web01", tags="web;prod")
    pve.apply()
    known = netbox.one(VMS, name="web01")
    netbox.create("extras/tags", name="ops", slug="ops")
    netbox.edit(VMS, known["id"], tags=[{"slug": "ops"}, {"slug": "prod"}, {"slug": "web"}])
    assert pve.sync().changes == []
    guest.tags = "web;new"
    found = row(pve.sync(), "virtual_machines", "web01")
    assert (before(found), after(found)) == (
        {"tags": ["ops", "prod", "web"]},
        {"tags": ["new", "ops", "web"]},
    )
    assert pve.apply_all().changes == []
    assert [tag["slug"] for tag in netbox.one(VMS, name="web01")["tags"]] == ["new", "ops", "web"]


def test_a_tag_that_was_there_before_is_never_taken_off(pve, cluster, netbox):
    guest = cluster.add_qemu(101, node="pve1", name="web01")
    pve.apply()
    known = netbox.one(VMS, name="web01")
    netbox.create("extras/tags", name="web", slug="web")
    netbox.edit(VMS, known["id"], tags=[{"slug": "web"}])
    guest.tags = "web"
    assert pve.sync().changes == []
    guest.tags = "prod"
    pve.apply()
    guest.tags = ""
    pve.apply()
    assert [tag["slug"] for tag in netbox.one(VMS, name="web01")["tags"]] == ["web"]


def test_a_tag_taken_off_in_netbox_is_not_put_on_again(pve, cluster, netbox):
    cluster.add_qemu(101, node="pve1", name="web01", tags="web;prod")
    pve.apply()
    known = netbox.one(VMS, name="web01")
    netbox.edit(VMS, known["id"], tags=[{"slug": "web"}])
    plan = pve.sync()
    assert plan.changes == []
    found = row(plan, "virtual_machines", "web01")
    assert (found.action, found.fields[0].reason) == (
        "drifted",
        "taken off in NetBox since netbox-sync put it on: prod",
    )


def test_tags_take_the_colours_of_the_tag_style(pve, cluster):
    cluster.options["tag-style"] = {"color-map": "prod:ff0000:ffffff;web:00FF00"}
    cluster.add_qemu(101, node="pve1", name="web01", tags="web;prod;x.y")
    assert {r.key: (after(r)["name"], after(r).get("color")) for r in rows(pve.sync(), "tags")} == {
        "prod": ("prod", "ff0000"),
        "web": ("web", "00ff00"),
        "x-y": ("x.y", "9a9c7f"),
    }


def test_an_operators_description_stays(pve, cluster, netbox):
    guest = cluster.add_qemu(101, node="pve1", name="web01")
    pve.apply()
    known = netbox.one(VMS, name="web01")
    netbox.edit(VMS, known["id"], description="mine")
    assert rows(pve.sync(), "virtual_machines") == []
    guest.config["description"] = "theirs"
    found = row(pve.sync(), "virtual_machines", "web01")
    assert (found.action, found.reason) == (
        "drifted",
        "description: NetBox has a value that netbox-sync did not write (policies.owns)",
    )


# -- Guests that are gone ---------------------------------------------------------------------------


@pytest.fixture
def many(pve, cluster):
    """Twenty guests in NetBox: one that disappears does not make a shrunken snapshot."""
    pve.configure(policies={"delete": ["virtual_machines"]})

    def make():
        for vmid in range(101, 121):
            cluster.add_lxc(
                vmid,
                node="pve1",
                name=f"ct{vmid}",
                config={
                    "net0": f"name=eth0,hwaddr=BC:24:11:00:00:{vmid:02X},ip=10.0.0.{vmid}/24",
                    "rootfs": "local-lvm:x,size=1G",
                },
            )
        assert pve.apply_all().changes == []

    begun("many", pve, [cluster], make)
    return cluster


def test_a_guest_that_is_gone_is_a_delete_with_all_that_hangs_on_it(pve, many, netbox):
    """P34."""
    many.remove(107)
    plan = pve.sync()
    assert [(r.resource, r.action, r.key) for r in plan.changes] == [
        ("virtual_disks", "delete", "ct107 [vmid 107] rootfs"),
        ("ip_addresses", "delete", "10.0.0.107/24 on ct107 [vmid 107] eth0"),
        ("mac_addresses", "delete", "ct107 [vmid 107] eth0 BC:24:11:00:00:6B (id 7)"),
        ("vm_interfaces", "delete", "ct107 [vmid 107] eth0"),
        ("virtual_machines", "delete", "ct107 [vmid 107]"),
    ]
    machine = plan.changes[-1]
    assert set(machine.depends_on) == {plan.changes[0].change_id, plan.changes[3].change_id}
    assert pve.apply_all().changes == []
    assert netbox.all(VMS, name="ct107") == []
    assert len(netbox.all(VMS)) == 19


def test_the_deletes_of_a_guest_say_all_that_they_take_away(pve, many, netbox):
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
    many.remove(107)
    deletes = {r.resource: before(r) for r in pve.sync().changes}

    owner = {"id": tenant["id"], "name": "ACME"}
    gone = deletes["virtual_machines"]
    assert (gone["tenant"], gone["comments"], gone["cf.proxmox_vmid"]) == (owner, "mine", 107)
    assert "web" in gone["tags"]
    assert gone["primary_ip4"] == {"id": address["id"], "name": "10.0.0.107/24"}
    assert deletes["ip_addresses"]["tenant"] == owner
    assert deletes["ip_addresses"]["dns_name"] == "ct107.example.org"
    assert deletes["vm_interfaces"]["vrf"] == {"id": vrf["id"], "name": "blue"}
    assert deletes["vm_interfaces"]["primary_mac_address"]["name"] == "BC:24:11:00:00:6B"


def test_no_delete_without_evidence(pve, many, proxmox):
    """A node is down, or an access rule hides the guest."""
    many.remove(107)
    many.set_node_online("pve2", False)
    found = row(pve.sync(), "virtual_machines", "ct107 [vmid 107]")
    assert found.action == "blocked"
    assert found.reason == (
        "vmid 107 is no longer in Proxmox, but that is no evidence: "
        "cluster paris has no quorum, so its state is not certain; node pve2 is offline"
    )

    many.set_node_online("pve2", True)
    rights = ["VM.Audit", "Sys.Audit", "Datastore.Audit", "VM.GuestAgent.Audit", "SDN.Audit", "Pool.Audit"]
    proxmox.add_token(
        proxmox.user, proxmox.token_name, proxmox.token_value, privileges={"/": rights, "/vms/108": []}
    )
    # 107 is gone for certain: asked by its number Proxmox does not know it. 108 may be there.
    assert {r.key: r.action for r in rows(pve.sync(), "virtual_machines")} == {
        "ct107 [vmid 107]": "delete",
        "ct108 [vmid 108]": "blocked",
    }


def test_policies_for_guests_that_are_gone(pve, many):
    many.remove(107)
    fact = "vmid 107 is no longer in Proxmox"
    pve.configure(policies={})
    pve.sync()
    for policies, action, reason in (
        ({}, "blocked", f"{fact}, but policies.delete does not name virtual_machines"),
        ({"missing_guests": "leave"}, "drifted", f"{fact}; missing_guests is leave"),
        ({"missing_guests": "decommissioning"}, "update", f"{fact}; missing_guests is decommissioning"),
    ):
        pve.configure(policies=policies)
        found = row(pve.again(), "virtual_machines", "ct107 [vmid 107]")
        assert (found.action, found.reason) == (action, reason)
    assert after(found) == {"status": "decommissioning"}
    assert pve.apply_all().changes == []


def test_what_others_made_is_not_deleted(pve, many, netbox):
    interface = netbox.one("virtualization/interfaces", virtual_machine="ct107")
    netbox.create(
        "ipam/ip-addresses",
        address="192.0.2.7/24",
        assigned_object_type="virtualization.vminterface",
        assigned_object_id=interface["id"],
    )
    many.remove(107)
    home = netbox.one("virtualization/clusters", name="paris")
    held = {"proxmox_cluster": "paris", "proxmox_vmid": 999}
    netbox.create(VMS, name="old", cluster=home["id"], custom_fields=held)
    netbox.create(VMS, name="by hand", cluster=home["id"])
    plan = pve.sync()
    assert plan.changes == []
    assert {r.key: r.reason for r in rows(plan, "virtual_machines")} == {
        "ct107 [vmid 107]": (
            "vmid 107 is no longer in Proxmox, but netbox-sync did not create its dependents: 192.0.2.7/24"
        ),
        "old [vmid 999]": (
            "vmid 999 is no longer in Proxmox, but netbox-sync did not create it (policies.delete_unowned)"
        ),
    }
