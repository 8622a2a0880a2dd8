"""Guests as virtual machines: identity, names, status, size, tags."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import pytest

from netbox_sync_dagster.compare.plan import Plan
from netbox_sync_lab.netbox import LabNetBox
from netbox_sync_lab.netbox.schema import CHOICES
from netbox_sync_lab.proxmox import LabProxmox, ProxmoxState
from tests.compare.guests import APPLY, PLAIN, SYNC, GuestCase, Steps, share_cluster, under
from tests.support import NetBox, Pipeline, after, before, row, rows

VMS = "virtualization/virtual-machines"
ESTATE = "guests of paris"


def vmids(plan: Plan) -> dict[int, str]:
    """{vmid: name} of what is created."""
    return {after(r)["cf.proxmox_vmid"]: after(r)["name"] for r in rows(plan, "virtual_machines", "create")}


@share_cluster(**PLAIN)
def test_a_guest_becomes_a_virtual_machine(case: GuestCase) -> Steps:
    """P30."""
    case.cluster.add_qemu(
        101,
        node="pve1",
        name="web01",
        maxmem=2147483648,
        maxcpu=4,
        tags=";;aa;aa; bb ",
        config={"description": "Front end\nsecond line\n", "onboot": 1},
    )
    plan = yield SYNC
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
        "tags": ["aa", "bb"],
        "cf.proxmox_cluster": "paris",
        "cf.proxmox_vmid": 101,
    }
    assert {"aa", "bb"} <= {r.key for r in rows(case.whole, "tags", "create")}


@share_cluster(**PLAIN)
def test_cores_and_memory_that_are_no_round_numbers(case: GuestCase) -> Steps:
    case.cluster.add_qemu(102, node="pve1", name="odd", maxcpu=0, maxmem=512 * 2**20 + 2**20 - 1)
    plan = yield APPLY
    found = after(row(plan, "virtual_machines", "odd"))
    assert (found.get("vcpus"), found["memory"]) == (None, 512)
    plan = yield SYNC
    assert plan.changes == []


@share_cluster(**PLAIN)
def test_everything_applied_leaves_nothing_to_do(case: GuestCase) -> Steps:
    """P33."""
    case.cluster.add_qemu(
        103,
        node="pve1",
        name="whole",
        tags="web",
        config={"net0": "virtio=BC:24:11:00:00:01,bridge=vmbr0,tag=20", "scsi0": "rbd:a,size=1G"},
    )
    case.cluster.add_lxc(
        104, node="pve2", name="dns", config={"net0": "name=eth0,hwaddr=BC:24:11:00:00:05,ip=10.0.0.9/24"}
    )
    yield APPLY
    machines = [case.netbox.one(VMS, name=name) for name in ("whole", "dns")]
    plan = yield APPLY
    # Nor is anything taken for somebody else's work, as it would be if NetBox had got another value.
    assert [(r.action, r.key) for r in plan.rows if r.action != "blocked"] == []
    plan = yield SYNC
    assert plan.changes == []
    again = [case.netbox.one(VMS, name=name) for name in ("whole", "dns")]
    assert [vm["last_updated"] for vm in again] == [vm["last_updated"] for vm in machines]


@share_cluster(**PLAIN)
def test_status(case: GuestCase) -> Steps:
    """P26."""
    for number, said in enumerate(("running", "stopped", "paused", "suspended", "prelaunch")):
        case.cluster.add_qemu(110 + number, node="pve1", name=said, status=said)
    plan = yield SYNC
    assert {r.key: after(r)["status"] for r in rows(plan, "virtual_machines")} == {
        "running": "active",
        "stopped": "offline",
        "paused": "paused",
        "suspended": "paused",
        "prelaunch": "paused",
    }


def test_a_target_that_knows_neither_paused_nor_start_on_boot(
    pve: Pipeline, cluster: ProxmoxState, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
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


@share_cluster(**PLAIN)
def test_nameless_guests(case: GuestCase) -> Steps:
    """P27."""
    case.cluster.add_qemu(121, node="pve1")
    case.cluster.add_lxc(122, node="pve1")
    plan = yield SYNC
    assert vmids(plan) == {121: "vm-121", 122: "ct-122"}


@pytest.mark.parametrize(("name", "order"), [("gateway", (200, 220, 230)), ("router", (330, 320, 300))])
@share_cluster(**PLAIN)
def test_names_that_collide(case: GuestCase, name: str, order: tuple[int, ...]) -> Steps:
    """P28."""
    first, second, third = sorted(order)
    said = {first: name, second: name.title(), third: name}
    for vmid in order:
        case.cluster.add_qemu(vmid, node="pve1", name=said[vmid])
    plan = yield SYNC
    assert vmids(plan) == {first: name, second: f"{name.title()} ({second})", third: f"{name} ({third})"}


@share_cluster(**PLAIN)
def test_one_vmid_in_two_clusters_is_two_machines(case: GuestCase) -> Steps:
    """P29."""
    case.cluster.add_qemu(123, node="pve1", name="twice")
    yield APPLY
    other = ProxmoxState(cluster="lyon")
    other.add_node("lyon1", network=[])
    other.add_qemu(123, node="lyon1", name="twice")
    with (
        LabProxmox(other) as server,
        pytest.MonkeyPatch.context() as environment,
        tempfile.TemporaryDirectory() as folder,
    ):
        environment.setenv("LYON_TOKEN", server.token_value)
        lyon = second_endpoint(case, Path(folder), server, name="lyon-pve", token_env="LYON_TOKEN")
        assert vmids(lyon.apply()) == {123: "twice"}
        assert lyon.sync().changes == []
    machines = case.netbox.all(VMS, name="twice")
    assert sorted((vm["cluster"]["name"], vm["custom_fields"]["proxmox_vmid"]) for vm in machines) == [
        ("lyon", 123),
        ("paris", 123),
    ]
    plan = yield SYNC
    assert plan.changes == []


def second_endpoint(case: GuestCase, folder: Path, server: LabProxmox, **more: Any) -> Pipeline:
    """The endpoint of the shared cluster for another server, with another warehouse."""
    first = case.pipeline.config.model_dump(mode="json", exclude_unset=True)["endpoints"][0]
    return Pipeline(folder, case.netbox, {**first, "url": server.url, "tls": {"ca": server.ca_path}, **more})


@share_cluster(**PLAIN)
def test_one_cluster_through_two_endpoints_is_one_set_of_guests(case: GuestCase) -> Steps:
    case.cluster.add_qemu(
        124,
        node="pve1",
        name="seen-twice",
        tags="aa",
        config={"net0": "virtio=BC:24:11:00:01:24,bridge=vmbr0"},
    )
    yield APPLY
    with LabProxmox(case.cluster, local_node="pve2") as server, tempfile.TemporaryDirectory() as folder:
        second = second_endpoint(case, Path(folder), server, name="second")
        assert case.seen(second.sync()).changes == []


@share_cluster(**PLAIN)
def test_a_migration_is_one_change_of_the_device(case: GuestCase) -> Steps:
    """P32."""
    case.cluster.add_qemu(
        125,
        node="pve1",
        name="migrant",
        tags="aa",
        config={"net0": "virtio=BC:24:11:00:01:25,tag=5", "scsi0": "rbd:a,size=1G"},
    )
    yield APPLY
    case.cluster.migrate(125, "pve2")
    plan = yield APPLY
    changes = plan.changes
    assert [(r.resource, r.key, list(after(r))) for r in changes] == [
        ("virtual_machines", "migrant", ["device"])
    ]
    assert (before(changes[0])["device"]["name"], after(changes[0])["device"]["name"]) == ("pve1", "pve2")
    plan = yield SYNC
    assert plan.changes == []


@share_cluster(**PLAIN)
def test_a_rename_in_proxmox_is_an_update_and_one_in_netbox_stays(case: GuestCase) -> Steps:
    guest = case.cluster.add_qemu(126, node="pve1", name="www01")
    yield APPLY
    guest.name = "www02"
    plan = yield APPLY
    assert [(r.key, after(r)) for r in plan.changes] == [("www02", {"name": "www02"})]
    known = case.netbox.one(VMS, name="www02")
    case.netbox.edit(VMS, known["id"], name="www-shop")
    plan = yield SYNC
    assert plan.changes == []
    assert row(plan, "virtual_machines", "www02").action == "drifted"


@share_cluster(**PLAIN)
def test_a_name_that_another_guest_has_in_netbox_is_a_conflict(case: GuestCase) -> Steps:
    case.cluster.add_qemu(127, node="pve1", name="mail01")
    yield APPLY
    case.cluster.remove(127)
    case.cluster.add_qemu(128, node="pve1", name="mail01")
    plan = yield SYNC
    found = row(plan, "virtual_machines", "mail01")
    assert (found.action, found.reason) == (
        "conflict",
        "NetBox has the name in this cluster for another guest: mail01 (vmid 127)",
    )


@share_cluster(**PLAIN)
def test_two_machines_with_one_vmid_are_a_conflict(case: GuestCase) -> Steps:
    case.cluster.add_qemu(129, node="pve1", name="original")
    yield APPLY
    known = case.netbox.one(VMS, name="original")
    case.netbox.create(
        VMS,
        name="copy",
        cluster=known["cluster"]["id"],
        custom_fields={"proxmox_cluster": "paris", "proxmox_vmid": 129},
    )
    case.also("copy")
    plan = yield SYNC
    found = row(plan, "virtual_machines", "original")
    assert found.action == "conflict"
    assert (found.reason or "").startswith("several NetBox virtual machines have vmid 129 of paris: copy")
    assert plan.changes == []


@share_cluster(**PLAIN)
def test_an_operators_description_stays(case: GuestCase) -> Steps:
    guest = case.cluster.add_qemu(134, node="pve1", name="described")
    yield APPLY
    known = case.netbox.one(VMS, name="described")
    case.netbox.edit(VMS, known["id"], description="mine")
    plan = yield SYNC
    assert rows(plan, "virtual_machines") == []
    guest.config["description"] = "theirs"
    plan = yield SYNC
    found = row(plan, "virtual_machines", "described")
    assert (found.action, found.reason) == (
        "drifted",
        "description: NetBox has a value that netbox-sync did not write (policies.owns)",
    )


# -- Templates, roles, platforms and tags -----------------------------------------------------------


@share_cluster(**PLAIN)
def test_a_machine_without_a_vmid_is_found_by_its_name_in_the_cluster(case: GuestCase) -> Steps:
    yield APPLY
    home = case.netbox.one("virtualization/clusters", name="paris")
    node = case.netbox.one("dcim/devices", name="pve1")
    known = case.netbox.create(VMS, name="SHOP01", cluster=home["id"], vcpus=2, memory=2048)
    case.cluster.add_qemu(141, node="pve1", name="shop01", config={"ostype": "other"})
    plan = yield SYNC
    found = row(plan, "virtual_machines", "shop01")
    assert (found.action, found.netbox_id) == ("update", known["id"])
    assert after(found) == {
        "device": {"id": node["id"], "name": "pve1"},
        "cf.proxmox_cluster": "paris",
        "cf.proxmox_vmid": 141,
    }
    assert rows(case.whole, "clusters") == []


@share_cluster(**PLAIN)
def test_templates_are_left_out_or_get_their_role(case: GuestCase) -> Steps:
    case.cluster.add_qemu(9000, node="pve1", name="golden", status="stopped", template=True)
    case.cluster.add_qemu(142, node="pve1", name="plain")
    plan = yield SYNC
    assert vmids(plan) == {142: "plain"}
    case.netbox.create("dcim/device-roles", name="Template", slug="template", color="aaaaaa", vm_role=True)
    plan = yield under(include_templates=True)
    assert after(row(plan, "virtual_machines", "golden"))["role"]["name"] == "Template"
    assert "role" not in after(row(plan, "virtual_machines", "plain"))


@share_cluster(**PLAIN)
def test_roles_and_platforms_come_from_mappings(case: GuestCase) -> Steps:
    case.netbox.create("dcim/device-roles", name="Container", slug="container", color="aaaaaa", vm_role=True)
    case.netbox.create("dcim/platforms", name="Windows", slug="windows")
    case.netbox.create("dcim/platforms", name="Debian", slug="debian")
    case.cluster.add_qemu(143, node="pve1", name="mapped", config={"ostype": "win11"})
    case.cluster.add_qemu(144, node="pve1", name="unmapped", config={"ostype": "other"})
    case.cluster.add_lxc(145, node="pve1", name="in-a-container")
    plan = yield SYNC
    found = {r.key: (after(r).get("role"), after(r).get("platform")) for r in rows(plan, "virtual_machines")}
    assert {key: tuple(v and v["name"] for v in pair) for key, pair in found.items()} == {
        "mapped": (None, "Windows"),
        "unmapped": (None, None),
        "in-a-container": ("Container", "Debian"),
    }
