"""netbox.branch: what is approved goes into a branch, main is unchanged until a person merges it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from netbox_sync_dagster.apply import plan_undo
from netbox_sync_dagster.apply.foreseen import foreseen_blocks
from netbox_sync_dagster.approve import ApprovalError, open_ledger
from netbox_sync_dagster.server_errors import ServerError
from netbox_sync_dagster.sources.netbox.branch import HEADER
from netbox_sync_lab.librenms import LabLibreNMS, LibreNMSState
from netbox_sync_lab.netbox import LabNetBox
from tests.apply.conftest import ApplyHarness, NetBoxFixtures, furnish, verdicts
from tests.apply.drafts import Draft, of
from tests.apply.fault_proxy import FaultProxy
from tests.support import NetBox, Pipeline

BRANCHES = "plugins/branching/branches"


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[LabNetBox]:
    with LabNetBox(branching=True) as lab:
        monkeypatch.setenv("NETBOX_TOKEN", lab.token)
        yield lab


@pytest.fixture
def name(netbox: NetBox, fixtures: NetBoxFixtures) -> str:
    """The branch's name: one that no other test uses."""
    if netbox.http.get(f"{BRANCHES}/").status_code == 404:
        pytest.skip("needs a NetBox with the netbox-branching plugin")
    return f"sync {fixtures.suffix}"


@pytest.fixture
def harness(harness: ApplyHarness, name: str) -> ApplyHarness:
    harness.configure(branch=name, branch_wait=60)
    return harness


def inside(netbox: NetBox, name: str) -> NetBox:
    """The same NetBox as somebody sees it who has switched to the branch."""
    found = NetBox(netbox.url, netbox.token)
    found.http.headers[HEADER] = netbox.one(BRANCHES, name=name, q=name)["schema_id"]
    return found


def merge(netbox: NetBox, name: str) -> None:
    row = next(row for row in netbox.all(BRANCHES, q=name) if row["name"] == name)
    answer = netbox.http.post(f"{BRANCHES}/{row['id']}/merge/", json={"commit": True})
    assert answer.status_code == 200, answer.text
    for _ in range(100):
        if netbox.http.get(f"{BRANCHES}/{row['id']}/").json()["status"]["value"] == "merged":
            return
        time.sleep(0.2)
    raise AssertionError("NetBox did not merge the branch")


def changes(fixtures: NetBoxFixtures) -> Draft:
    draft = Draft()
    draft.create("vlans", "10", {"vid": 10, "name": "ten", "group": of(fixtures.group)})
    draft.update("devices", "sw1", fixtures.device, {"serial": ("", "X1")})
    draft.delete("virtual_machines", "web", fixtures.vm)
    return draft


def serial(netbox: NetBox, fixtures: NetBoxFixtures) -> str:
    return netbox.one("dcim/devices", id=fixtures.device["id"])["serial"]


def test_what_is_approved_goes_into_a_branch_of_its_own_and_main_stays(
    harness: ApplyHarness, netbox: NetBox, fixtures: NetBoxFixtures, name: str
) -> None:
    harness.configure(journal=True)
    result = harness.approve_and_apply(changes(fixtures).publish(harness.warehouse))

    assert verdicts(result) == {"10": "applied", "sw1": "applied", "web": "applied"}
    assert result.notes == []
    assert serial(netbox, fixtures) == ""
    assert netbox.all("ipam/vlans", group_id=fixtures.group["id"]) == []
    assert netbox.one("virtualization/virtual-machines", id=fixtures.vm["id"])
    assert netbox.all("extras/journal-entries", assigned_object_id=fixtures.device["id"]) == []
    branch = inside(netbox, name)
    assert serial(branch, fixtures) == "X1"
    assert branch.one("ipam/vlans", group_id=fixtures.group["id"])["vid"] == 10
    assert branch.all("virtualization/virtual-machines", id=fixtures.vm["id"]) == []

    assert result.branch is not None
    assert (result.branch.branch.status, result.branch.branch.merged) == ("ready", False)
    assert (result.branch.changed >= 3, result.branch.conflicts) == (True, 0)
    assert result.branch.branch.url == f"{netbox.url}/plugins/branching/branches/{result.branch.branch.id}/"
    con = open_ledger(harness.warehouse)
    said = con.execute("SELECT branch, target FROM ledger.applies").fetchall()
    noted = con.execute("SELECT count(*) FROM ledger.operations WHERE object_change_id IS NULL").fetchall()
    con.close()
    assert said == [(name, f"{netbox.url} branch {branch.http.headers[HEADER]}")]
    assert noted == [(0,)]


def test_the_open_branch_is_used_again_and_a_merged_one_is_followed_by_another(
    harness: ApplyHarness, netbox: NetBox, fixtures: NetBoxFixtures, name: str
) -> None:
    assert harness.approve_and_apply(changes(fixtures).publish(harness.warehouse)).ok
    device = inside(netbox, name).one("dcim/devices", id=fixtures.device["id"])
    second = Draft()
    second.update("devices", "sw1", device, {"serial": ("X1", "X2")})
    assert harness.approve_and_apply(second.publish(harness.warehouse)).ok
    assert len(netbox.all(BRANCHES, q=name)) == 1

    merge(netbox, name)
    assert serial(netbox, fixtures) == "X2"
    device = netbox.one("dcim/devices", id=fixtures.device["id"])
    third = Draft()
    third.update("devices", "sw1", device, {"serial": ("X2", "X3")})
    result = harness.approve_and_apply(third.publish(harness.warehouse))

    assert result.ok and result.branch is not None
    assert result.branch.branch.name == f"{name} 2"
    assert (serial(netbox, fixtures), serial(inside(netbox, f"{name} 2"), fixtures)) == ("X2", "X3")


def test_an_object_that_somebody_changed_in_the_branch_is_stale(
    harness: ApplyHarness, netbox: NetBox, fixtures: NetBoxFixtures, name: str
) -> None:
    first = Draft()
    first.create("vlans", "10", {"vid": 10, "name": "ten", "group": of(fixtures.group)})
    assert harness.approve_and_apply(first.publish(harness.warehouse)).ok
    inside(netbox, name).edit("dcim/devices", fixtures.device["id"], comments="in the branch")
    second = Draft()
    second.update("devices", "sw1", fixtures.device, {"serial": ("", "X1")})

    assert verdicts(harness.approve_and_apply(second.publish(harness.warehouse))) == {"sw1": "stale"}


def test_an_undo_goes_back_in_the_branch_and_after_the_merge_in_another(
    harness: ApplyHarness, netbox: NetBox, fixtures: NetBoxFixtures, name: str
) -> None:
    draft = Draft()
    draft.create("vlans", "10", {"vid": 10, "name": "ten", "group": of(fixtures.group)})
    draft.update("devices", "sw1", fixtures.device, {"serial": ("", "X1")})
    result = harness.approve_and_apply(draft.publish(harness.warehouse))
    undo = plan_undo(harness.warehouse, harness.target, result.apply_id or "")
    undone = harness.approve_and_apply(undo)
    assert verdicts(undone) == {"10": "applied", "sw1": "applied"}
    assert serial(inside(netbox, name), fixtures) == ""
    more = Draft()
    more.create("vlans", "20", {"vid": 20, "name": "twenty", "group": of(fixtures.group)})
    more.update("clusters", "pve", fixtures.cluster, {"comments": ("", "in rack 4")})
    merged = harness.approve_and_apply(more.publish(harness.warehouse))
    assert merged.ok

    merge(netbox, name)
    assert netbox.one("virtualization/clusters", id=fixtures.cluster["id"])["comments"] == "in rack 4"
    last = plan_undo(harness.warehouse, harness.target, merged.apply_id or "")
    assert [(row.action, row.key) for row in last.rows] == [("update", "pve"), ("delete", "20")]
    assert harness.approve_and_apply(last).ok
    cluster = inside(netbox, f"{name} 2").one("virtualization/clusters", id=fixtures.cluster["id"])
    assert cluster["comments"] == ""


def test_what_netbox_keeps_out_of_branches_is_not_written_past_it(
    harness: ApplyHarness, netbox: NetBox, fixtures: NetBoxFixtures, name: str
) -> None:
    field = f"cf_{fixtures.suffix}"
    draft = Draft()
    content = {"name": field, "type": "text", "object_types": ["dcim.device"]}
    draft.create("custom_fields", field, content, object_type="extras/custom-fields")
    draft.update("devices", "sw1", fixtures.device, {"serial": ("", "X1")})
    plan = draft.publish(harness.warehouse)
    harness.approve(plan)
    foreseen = foreseen_blocks(harness.warehouse, plan, target=harness.target)
    result = harness.apply(plan)

    assert verdicts(result) == {field: "blocked", "sw1": "applied"}
    assert list(foreseen.values()) == [result.verdicts[0].message]
    assert result.verdicts[0].message.startswith("netbox-branching keeps custom_fields out of branches")
    assert netbox.all("extras/custom-fields", name=field) == []


def test_a_proxy_that_drops_the_header_writes_nothing_into_main(
    server: LabNetBox, lab_harness: ApplyHarness, lab_netbox: NetBox, lab_fixtures: NetBoxFixtures
) -> None:
    plan = changes(lab_fixtures).publish(lab_harness.warehouse)
    lab_harness.approve(plan)
    with FaultProxy(server.url, drop_header=HEADER) as proxy:
        lab_harness.configure(url=proxy.url, branch="sync")
        with pytest.raises(ServerError, match="so X-NetBox-Branch does not reach it; let the proxy"):
            lab_harness.apply(plan)
    assert serial(lab_netbox, lab_fixtures) == ""
    assert server.count("PATCH") == server.count("DELETE") == 0


def test_without_the_plugin_nothing_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with LabNetBox() as bare:
        monkeypatch.setenv("NETBOX_TOKEN", bare.token)
        netbox, harness = NetBox(bare.url, bare.token), ApplyHarness(tmp_path, bare.url)
        harness.configure(branch="sync")
        plan = changes(furnish(netbox)).publish(harness.warehouse)
        harness.approve(plan)
        with pytest.raises(ServerError, match="has no netbox-branching plugin; install it there"):
            harness.apply(plan)
        assert bare.count("PATCH") == 0


def test_a_branch_that_is_merged_in_the_middle_of_an_apply_lets_nothing_through_to_main(
    server: LabNetBox, lab_harness: ApplyHarness, lab_netbox: NetBox, lab_fixtures: NetBoxFixtures
) -> None:
    lab_harness.configure(branch="sync", timeout=2, batch_size=1, max_in_flight=1)
    rows = [
        lab_netbox.create("dcim/interfaces", device=lab_fixtures.device["id"], name=f"p{n}", type="other")
        for n in range(3)
    ]
    draft = Draft()
    for row in rows:
        draft.update("interfaces", row["name"], row, {"description": ("", "x")})
    plan = draft.publish(lab_harness.warehouse)
    lab_harness.approve(plan)

    def merge_after_the_first(done: int, _: int) -> None:
        if done == 1:
            merge(lab_netbox, "sync")

    result = lab_harness.apply(plan, progress=merge_after_the_first)

    assert verdicts(result) == {"p0": "applied", "p1": "uncertain", "p2": "uncertain"}
    found = lab_netbox.all("dcim/interfaces", device_id=lab_fixtures.device["id"])
    assert {row["name"]: row["description"] for row in found} == {"p0": "x", "p1": "", "p2": ""}
    # Sent again by nobody: what is in doubt was for a branch that is gone.
    assert [v.key for v in lab_harness.apply(plan).settled] == []


def test_an_answer_lost_in_a_branch_is_looked_for_there(
    server: LabNetBox, lab_harness: ApplyHarness, lab_netbox: NetBox, lab_fixtures: NetBoxFixtures
) -> None:
    lab_harness.configure(branch="sync", timeout=2)
    plan = changes(lab_fixtures).publish(lab_harness.warehouse)
    lab_harness.approve(plan)
    server.fail_next(drop=True, after_write=True, method="POST", path_prefix="/api/ipam/vlans/")
    server.fail_next(drop=True, after_write=True, method="PATCH")

    result = lab_harness.apply(plan)

    assert result.ok, result.verdicts
    assert server.count("POST", "/api/ipam/vlans/") == server.count("PATCH") == 1


def test_an_undo_of_what_went_with_its_branch_is_refused(
    server: LabNetBox, lab_harness: ApplyHarness, lab_netbox: NetBox, lab_fixtures: NetBoxFixtures
) -> None:
    lab_harness.configure(branch="sync")
    result = lab_harness.approve_and_apply(changes(lab_fixtures).publish(lab_harness.warehouse))
    assert server.branching is not None
    server.branching.delete(lab_netbox.one(BRANCHES)["id"])
    with pytest.raises(ApprovalError, match=r"neither the branch that is open for netbox\.branch nor merged"):
        plan_undo(lab_harness.warehouse, lab_harness.target, result.apply_id or "")


def test_a_branch_that_does_not_get_ready_and_two_that_are_open_are_refused(
    server: LabNetBox, lab_harness: ApplyHarness, lab_netbox: NetBox, lab_fixtures: NetBoxFixtures
) -> None:
    lab_harness.configure(branch="sync", branch_wait=0.1)
    plan = changes(lab_fixtures).publish(lab_harness.warehouse)
    lab_harness.approve(plan)
    with pytest.raises(
        ServerError, match=r"is still '(new|provisioning)' after 0\.1 seconds; look whether NetBox's rqworker"
    ):
        lab_harness.apply(plan)
    lab_netbox.create(BRANCHES, name="sync 2")
    with pytest.raises(ServerError, match=r"several branches are open for netbox\.branch: 'sync', 'sync 2'"):
        lab_harness.apply(plan)
    assert serial(lab_netbox, lab_fixtures) == ""


def _switch(state: LibreNMSState, name: str) -> Any:
    switch = state.add_device(name, hardware="C9300-48P", serial=f"FOC {name}")
    return state.add_port(switch, "Gi0/1", ifAlias="uplink", ifType="ethernetCsmacd")


def test_the_whole_way_reads_and_writes_the_branch_until_it_is_merged(
    harness: ApplyHarness,
    netbox: NetBox,
    fixtures: NetBoxFixtures,
    name: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Custom fields are no matter of branches: they are there before.
    if not netbox.all("extras/custom-fields", name="librenms_id"):
        content = {
            "name": "librenms_id",
            "type": "integer",
            "object_types": ["dcim.device", "dcim.interface"],
        }
        netbox.create("extras/custom-fields", **content)
    state = LibreNMSState()
    switch = f"sw9-{fixtures.suffix}"
    port = _switch(state, switch)
    with LabLibreNMS(state) as librenms:
        monkeypatch.setenv("LIBRENMS_TOKEN", librenms.token)
        endpoint = {
            "name": "production",
            "kind": "librenms",
            "url": librenms.url,
            "import_devices": "all",
            "defaults": {
                "site": fixtures.site["slug"],
                "role": fixtures.role["slug"],
                "device_type": fixtures.device_type["slug"],
            },
            "mappings": {"device_types": {"C9300-48P": fixtures.device_type["model"]}},
        }
        pipeline = Pipeline(tmp_path / "home", netbox, endpoint)
        pipeline.config = pipeline.config.model_validate(
            {
                **pipeline.config.model_dump(mode="json", exclude_unset=True),
                "netbox": {"url": netbox.url, "branch": name},
            }
        )
        assert [(r.resource, r.key) for r in pipeline.apply_all().changes] == []
        at_site = {"site_id": fixtures.site["id"]}
        assert [d["name"] for d in netbox.all("dcim/devices", **at_site)] == [fixtures.device["name"]]
        before = {d["name"] for d in inside(netbox, name).all("dcim/devices", **at_site)}
        assert before == {fixtures.device["name"], switch}

        merge(netbox, name)
        # What was written in the branch counts as written: a change in LibreNMS is an update, not a conflict, and the only
        # difference.
        port["ifAlias"] = "to the core"
        plan = pipeline.sync()
        assert [(r.action, r.resource, r.key) for r in plan.changes] == [
            ("update", "interfaces", f"{switch} Gi0/1")
        ]
        iface = netbox.one("dcim/interfaces", device=switch, name="Gi0/1", **at_site)
        netbox.edit("dcim/interfaces", iface["id"], description="by hand")
        edited = [(r.action, r.resource) for r in pipeline.sync().rows if r.resource == "interfaces"]
        assert edited == [("conflict", "interfaces")]
