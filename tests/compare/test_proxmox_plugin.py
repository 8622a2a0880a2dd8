"""Storages, backups, snapshots, tasks and replications in the models of the plugin netbox-proxbox."""

from __future__ import annotations

from typing import Any

import pytest

from netbox_sync_lab.librenms import LabLibreNMS, LibreNMSState
from netbox_sync_lab.proxmox import Guest
from tests.compare.guests import ALONE, APPLY, SYNC, GuestCase, Steps, share_cluster, under
from tests.compare.together import librenms_endpoint
from tests.support import Pipeline, after, row, rows

MARCH = 1_709_258_400  # 2024-03-01 02:00:00 UTC
ROOT = "plugins/proxbox"
RECORDS = ("storages", "backups", "snapshots", "tasks", "replications")
POLICIES: dict[str, Any] = {"delete": ["virtual_machines", *RECORDS]}
# A NetBox that has the plugin; ``guest_records`` is auto.
PLUGIN: dict[str, Any] = {
    "plugins": {"netbox_proxbox": "0.0.24"},
    "guest_records": "auto",
    "policies": POLICIES,
}


def recorded(case: GuestCase, vmid: int, name: str) -> Guest:
    """A guest with a backup, two snapshots, a task and a replication job."""
    found = case.cluster.add_qemu(
        vmid,
        node="pve1",
        name=name,
        snapshots=[
            {"name": "clean", "snaptime": MARCH},
            {"name": "patched", "snaptime": MARCH + 60, "parent": "clean", "description": "after the patch"},
        ],
    )
    case.cluster.add_backup("local", vmid, ctime=MARCH, node="pve1")
    case.cluster.add_replication(vmid, "pve2", comment="to the other room")
    case.cluster.add_task("pve1", "qmstart", str(vmid), starttime=MARCH)
    return found


def end_replications(case: GuestCase, vmid: int) -> None:
    jobs = case.cluster.replications
    jobs[:] = [job for job in jobs if job["guest"] != vmid]


def held(case: GuestCase, records: str, name: str) -> list[dict[str, Any]]:
    """NetBox's records of this virtual machine."""
    found = case.netbox.all(f"{ROOT}/{records}")
    return [item for item in found if (item["virtual_machine"] or {}).get("name") == name]


@share_cluster(**PLUGIN)
def test_everything_goes_into_the_plugins_models_and_stays(case: GuestCase) -> Steps:
    recorded(case, 101, "web")
    yield APPLY
    plan = yield SYNC
    assert plan.rows == ()
    assert rows(case.whole, "storages") == []
    local = case.netbox.one(f"{ROOT}/storage", name="local")
    assert (local["cluster"]["name"], local["storage_type"], local["nodes"]) == ("paris", "dir", "pve1,pve2")
    [backup] = held(case, "backups", "web")
    assert (backup["storage"], backup["vmid"]) == ("local", 101)
    assert (backup["proxmox_storage"]["id"], backup["subtype"]["value"]) == (local["id"], "qemu")
    assert backup["creation_time"].startswith("2024-03-01T02:00:00")
    assert {s["name"]: (s["node"], s["parent"] or "") for s in held(case, "snapshots", "web")} == {
        "clean": ("pve1", ""),
        "patched": ("pve1", "clean"),
    }
    [task] = held(case, "task-history", "web")
    assert (task["task_type"], task["status"]) == ("qmstart", "OK")
    [job] = held(case, "replications", "web")
    assert (job["replication_id"], job["target"], job["comment"]) == ("101-0", "pve2", "to the other room")
    # Custom fields are for a NetBox without the plugin.
    assert "proxmox_backups" not in [field["name"] for field in case.netbox.all("extras/custom-fields")]


@share_cluster(**PLUGIN)
def test_the_plugins_own_word_on_a_snapshot_stays(case: GuestCase) -> Steps:
    """netbox-proxbox calls a snapshot stale; Proxmox has it. Nobody said that the field is ours."""
    recorded(case, 102, "stale")
    yield APPLY
    records = [record for record in held(case, "snapshots", "stale") if record["name"] == "clean"]
    assert [record["status"]["value"] for record in records] == ["active"]
    case.netbox.edit(f"{ROOT}/snapshots", records[0]["id"], status="stale")
    plan = yield SYNC
    [found] = plan.rows
    assert (found.resource, found.action) == ("snapshots", "drifted")
    plan = yield under(policies={"owns": ["snapshots.status"]})
    [change] = plan.changes
    assert after(change) == {"status": "active"}


@share_cluster(**PLUGIN)
def test_only_what_changed_changes(case: GuestCase) -> Steps:
    guest = recorded(case, 103, "changing")
    yield APPLY
    guest.snapshots[1]["description"] = "after the patch of March"
    case.cluster.add_backup("local", 103, ctime=MARCH + 86_400, node="pve1")
    plan = yield APPLY
    assert [(r.resource, r.action) for r in plan.rows] == [("backups", "create"), ("snapshots", "update")]
    assert after(rows(plan, "snapshots")[0]) == {"description": "after the patch of March"}
    # A migration moves the snapshots along: they are the same ones.
    case.cluster.migrate(103, "pve2")
    plan = yield SYNC
    changes = plan.changes
    assert {(r.resource, r.action) for r in changes} >= {
        ("virtual_machines", "update"),
        ("snapshots", "update"),
    }
    assert {r.action for r in changes} == {"update"}


@share_cluster(**PLUGIN)
def test_what_is_gone_goes_only_with_evidence(case: GuestCase) -> Steps:
    guest = recorded(case, 104, "cleaned")
    yield APPLY
    yield ALONE
    local = case.cluster.storages["local"]
    guest.snapshots.clear()
    local.volumes[:] = [volume for volume in local.volumes if volume["vmid"] != 104]
    end_replications(case, 104)
    local.active = False
    plan = yield SYNC
    found = {r.resource: r for r in plan.rows if r.resource in RECORDS and r.action != "update"}
    assert found["backups"].action == "blocked"
    assert "but that is no evidence: " in (found["backups"].reason or "")
    assert found["snapshots"].reason == "no longer in Proxmox"
    local.active = True
    plan = yield APPLY
    assert {(r.resource, r.action) for r in plan.rows} == {
        ("backups", "delete"),
        ("snapshots", "delete"),
        ("replications", "delete"),
    }
    plan = yield SYNC
    assert plan.rows == ()
    assert [held(case, name, "cleaned") for name in ("backups", "snapshots", "replications")] == [[], [], []]
    # History stays.
    assert len(held(case, "task-history", "cleaned")) == 1


@share_cluster(**PLUGIN)
def test_a_guest_that_is_deleted_takes_its_records_along_one_by_one(case: GuestCase) -> Steps:
    recorded(case, 105, "deleted")
    for number in range(2, 7):
        case.cluster.add_qemu(200 + number, node="pve2", name=f"mail{number}")
    yield APPLY
    del case.cluster.guests[105]
    end_replications(case, 105)
    plan = yield APPLY
    machine = row(plan, "virtual_machines", "deleted [vmid 105]")
    assert (machine.action, machine.reason) == ("delete", "vmid 105 is no longer in Proxmox")
    gone = {r.change_id for r in plan.rows if r.resource in RECORDS}
    assert len(gone) == 5
    assert gone <= set(machine.depends_on)
    plan = yield SYNC
    assert plan.rows == ()
    machines = case.netbox.all("virtualization/virtual-machines")
    assert sorted(vm["name"] for vm in machines if vm["name"] in case.cluster.names) == [
        f"mail{number}" for number in range(2, 7)
    ]


@share_cluster(**PLUGIN)
def test_what_others_keep_in_the_plugin_stays(case: GuestCase) -> Steps:
    recorded(case, 106, "shared")
    yield APPLY
    machine = case.netbox.one("virtualization/virtual-machines", name="shared")["id"]
    theirs = {"name": "theirs", "vmid": 106, "node": "pve1", "subtype": "qemu", "status": "active"}
    case.netbox.create(f"{ROOT}/snapshots", virtual_machine=machine, **theirs)
    plan = yield SYNC
    [found] = plan.rows
    assert (found.action, found.reason) == (
        "drifted",
        "no longer in Proxmox, but netbox-sync did not create it (policies.delete_unowned)",
    )


@share_cluster(guest_records="plugin")
def test_a_netbox_without_the_plugin_is_told_of(case: GuestCase) -> Steps:
    recorded(case, 101, "web")
    yield SYNC
    assert [r for r in case.whole.rows if r.resource in RECORDS] == []
    reasons = [reason for resource, _, reason in case.pipeline.left_out() if resource == "backups"]
    assert reasons == [
        "guest_records is plugin, but NetBox does not have the models of the plugin netbox-proxbox"
    ]


@share_cluster(**PLUGIN)
def test_an_endpoint_of_another_kind_leaves_the_records_alone(case: GuestCase) -> Steps:
    recorded(case, 107, "kept")
    yield APPLY
    state = LibreNMSState()
    state.add_device("sw1", hardware="C9300-48P", serial="X1")
    with LabLibreNMS(state, token="lnms-token") as server, pytest.MonkeyPatch.context() as environment:
        environment.setenv("LIBRENMS_TOKEN", server.token)
        policies = {"delete": list(RECORDS), "delete_unowned": list(RECORDS)}
        endpoint = {**librenms_endpoint(server.url), "policies": policies}
        home = case.pipeline.warehouse.home.parent / "librenms"
        plan = Pipeline(home, case.netbox, endpoint).sync()
    assert row(plan, "devices", "sw1").action == "create"
    assert [r for r in plan.rows if r.resource in RECORDS] == []
