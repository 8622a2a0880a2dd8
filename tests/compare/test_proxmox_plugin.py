"""Storages, backups, snapshots, tasks and replications in the models of the plugin netbox-proxbox."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from netbox_sync_lab.librenms import LabLibreNMS, LibreNMSState
from netbox_sync_lab.netbox import LabNetBox
from netbox_sync_lab.proxmox import LabProxmox, ProxmoxState
from tests.support import NetBox, Pipeline, after, row, rows

MARCH = 1_709_258_400  # 2024-03-01 02:00:00 UTC
ROOT = "plugins/proxbox"
RECORDS = ("storages", "backups", "snapshots", "tasks", "replications")


@pytest.fixture
def plugin(
    cluster: ProxmoxState, proxmox: LabProxmox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Pipeline]:
    """The cluster against a NetBox that has the plugin; ``guest_records`` is auto."""
    monkeypatch.setenv("PROXMOX_TOKEN", proxmox.token_value)
    with LabNetBox(token="lab-token", plugins={"netbox_proxbox": "0.0.24"}) as server:
        monkeypatch.setenv("NETBOX_TOKEN", server.token)
        netbox = NetBox(server.url, server.token)
        netbox.create("dcim/sites", name="Paris", slug="paris")
        maker = netbox.create("dcim/manufacturers", name="Dell", slug="dell")
        netbox.create("dcim/device-types", manufacturer=maker["id"], model="R650", slug="r650")
        netbox.create("dcim/device-roles", name="Node", slug="node", color="00ff00")
        netbox.create("virtualization/cluster-types", name="Proxmox VE", slug="proxmox-ve")
        endpoint = {
            "name": "paris-pve",
            "kind": "proxmox",
            "url": proxmox.url,
            "tls": {"ca": proxmox.ca_path},
            "user": proxmox.user,
            "token_name": proxmox.token_name,
            "token_env": "PROXMOX_TOKEN",
            "guest_records": "auto",
            "policies": {"delete": ["virtual_machines", *RECORDS]},
            "defaults": {"site": "paris", "role": "node", "device_type": "R650"},
        }
        yield Pipeline(tmp_path / "data", netbox, endpoint)


@pytest.fixture
def guest(cluster: ProxmoxState) -> Any:
    """Guest web with a backup, two snapshots, a task and a replication job; five guests beside it."""
    for number in range(2, 7):
        cluster.add_qemu(100 + number, node="pve2", name=f"mail{number}")
    found = cluster.add_qemu(
        101,
        node="pve1",
        name="web",
        snapshots=[
            {"name": "clean", "snaptime": MARCH},
            {"name": "patched", "snaptime": MARCH + 60, "parent": "clean", "description": "after the patch"},
        ],
    )
    cluster.add_backup("local", 101, ctime=MARCH, node="pve1")
    cluster.add_replication(101, "pve2", comment="to the other room")
    cluster.add_task("pve1", "qmstart", "101", starttime=MARCH)
    return found


def test_everything_goes_into_the_plugins_models_and_stays(plugin: Pipeline, guest: Any) -> None:
    assert plugin.apply_all().rows == ()
    netbox = plugin.netbox
    local = netbox.one(f"{ROOT}/storage", name="local")
    assert (local["cluster"]["name"], local["storage_type"], local["nodes"]) == ("paris", "dir", "pve1,pve2")
    backup = netbox.one(f"{ROOT}/backups")
    assert (backup["virtual_machine"]["name"], backup["storage"], backup["vmid"]) == ("web", "local", 101)
    assert (backup["proxmox_storage"]["id"], backup["subtype"]["value"]) == (local["id"], "qemu")
    assert backup["creation_time"].startswith("2024-03-01T02:00:00")
    assert {s["name"]: (s["node"], s["parent"] or "") for s in netbox.all(f"{ROOT}/snapshots")} == {
        "clean": ("pve1", ""),
        "patched": ("pve1", "clean"),
    }
    task = netbox.one(f"{ROOT}/task-history")
    assert (task["task_type"], task["status"], task["virtual_machine"]["name"]) == ("qmstart", "OK", "web")
    job = netbox.one(f"{ROOT}/replications")
    assert (job["replication_id"], job["target"], job["comment"]) == ("101-0", "pve2", "to the other room")
    # Custom fields are for a NetBox without the plugin.
    assert "proxmox_backups" not in [field["name"] for field in netbox.all("extras/custom-fields")]


def test_the_plugins_own_word_on_a_snapshot_stays(plugin: Pipeline, guest: Any) -> None:
    """netbox-proxbox calls a snapshot stale; Proxmox has it. Nobody said that the field is ours."""
    plugin.apply()
    records = plugin.netbox.all(f"{ROOT}/snapshots", name="clean")
    assert [record["status"]["value"] for record in records] == ["active"]
    plugin.netbox.edit(f"{ROOT}/snapshots", records[0]["id"], status="stale")
    [found] = plugin.sync().rows
    assert (found.resource, found.action) == ("snapshots", "drifted")
    plugin.configure(policies={"owns": ["snapshots.status"]})
    [change] = plugin.sync().changes
    assert after(change) == {"status": "active"}


def test_only_what_changed_changes(plugin: Pipeline, guest: Any, cluster: ProxmoxState) -> None:
    plugin.apply()
    guest.snapshots[1]["description"] = "after the patch of March"
    cluster.add_backup("local", 101, ctime=MARCH + 86_400, node="pve1")
    plan = plugin.sync()
    assert [(r.resource, r.action) for r in plan.rows] == [("backups", "create"), ("snapshots", "update")]
    assert after(rows(plan, "snapshots")[0]) == {"description": "after the patch of March"}
    plugin.apply()
    # A migration moves the snapshots along: they are the same ones.
    cluster.migrate(101, "pve2")
    changes = plugin.sync().changes
    assert {(r.resource, r.action) for r in changes} >= {
        ("virtual_machines", "update"),
        ("snapshots", "update"),
    }
    assert {r.action for r in changes} == {"update"}


def test_what_is_gone_goes_only_with_evidence(plugin: Pipeline, guest: Any, cluster: ProxmoxState) -> None:
    plugin.apply()
    guest.snapshots.clear()
    cluster.storages["local"].volumes.clear()
    cluster.replications.clear()
    cluster.storages["local"].active = False
    found = {r.resource: r for r in plugin.sync().rows if r.resource in RECORDS and r.action != "update"}
    assert found["backups"].action == "blocked"
    assert "but that is no evidence: " in (found["backups"].reason or "")
    assert found["snapshots"].reason == "no longer in Proxmox"
    cluster.storages["local"].active = True
    plan = plugin.sync()
    assert {(r.resource, r.action) for r in plan.rows} == {
        ("backups", "delete"),
        ("snapshots", "delete"),
        ("replications", "delete"),
    }
    assert plugin.apply_all().rows == ()
    assert [plugin.netbox.all(f"{ROOT}/{name}") for name in ("backups", "snapshots", "replications")] == [
        [],
        [],
        [],
    ]
    # History stays.
    assert len(plugin.netbox.all(f"{ROOT}/task-history")) == 1


def test_a_guest_that_is_deleted_takes_its_records_along_one_by_one(
    plugin: Pipeline, guest: Any, cluster: ProxmoxState
) -> None:
    plugin.apply()
    del cluster.guests[101]
    cluster.replications.clear()
    plan = plugin.sync()
    machine = row(plan, "virtual_machines", "web [vmid 101]")
    assert (machine.action, machine.reason) == ("delete", "vmid 101 is no longer in Proxmox")
    gone = {r.change_id for r in plan.rows if r.resource in RECORDS}
    assert len(gone) == 5
    assert gone <= set(machine.depends_on)
    assert plugin.apply_all().rows == ()
    assert len(plugin.netbox.all("virtualization/virtual-machines")) == 5


def test_what_others_keep_in_the_plugin_stays(plugin: Pipeline, guest: Any) -> None:
    plugin.apply()
    machine = plugin.netbox.one("virtualization/virtual-machines", name="web")["id"]
    theirs = {"name": "theirs", "vmid": 101, "node": "pve1", "subtype": "qemu", "status": "active"}
    plugin.netbox.create(f"{ROOT}/snapshots", virtual_machine=machine, **theirs)
    [found] = plugin.sync().rows
    assert (found.action, found.reason) == (
        "drifted",
        "no longer in Proxmox, but netbox-sync did not create it (policies.delete_unowned)",
    )


def test_a_netbox_without_the_plugin_is_told_of(pve: Pipeline, guest: Any) -> None:
    pve.configure(guest_records="plugin")
    plan = pve.apply_all()
    assert [r for r in plan.rows if r.resource in RECORDS] == []
    reasons = [reason for resource, _, reason in pve.left_out() if resource == "backups"]
    assert reasons == [
        "guest_records is plugin, but NetBox does not have the models of the plugin netbox-proxbox"
    ]


def test_an_endpoint_of_another_kind_leaves_the_records_alone(
    plugin: Pipeline, guest: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plugin.apply()
    state = LibreNMSState()
    state.add_device("sw1", hardware="R650", serial="X1")
    with LabLibreNMS(state, token="lnms-token") as server:
        monkeypatch.setenv("LIBRENMS_TOKEN", server.token)
        librenms = Pipeline(
            tmp_path / "librenms",
            plugin.netbox,
            {
                "name": "production",
                "kind": "librenms",
                "url": server.url,
                "import_devices": "all",
                "policies": {"delete": list(RECORDS), "delete_unowned": list(RECORDS)},
                "defaults": {"site": "paris", "role": "node", "device_type": "R650"},
            },
        )
        plan = librenms.sync()
    assert row(plan, "devices", "sw1").action == "create"
    assert [r for r in plan.rows if r.resource in RECORDS] == []
