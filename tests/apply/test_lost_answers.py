"""Answers that do not come: what was written is found by reading, and never written again."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from netbox_sync_lab.netbox import LabNetBox
from tests.apply.conftest import ApplyHarness, NetBoxFixtures, furnish, verdicts
from tests.apply.drafts import Draft, of, ref
from tests.apply.late_proxy import LateProxy
from tests.support import NetBox

FAULTS = {
    "502 after the write": {"status": 502, "after_write": True},
    "502 without a write": {"status": 502},
    "504 after the write": {"status": 504, "after_write": True},
    "connection lost after the write": {"drop": True, "after_write": True},
    "connection lost without a write": {"drop": True},
    "login page after the write": {"status": 200, "after_write": True},
}


@pytest.fixture
def lab_harness(tmp_path: Path, server: LabNetBox) -> ApplyHarness:
    """A request whose answer is lost is taken to run on for two seconds at most."""
    harness = ApplyHarness(tmp_path / "data", server.url)
    harness.configure(timeout=2, longest_request=2)
    return harness


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_creates_exist_once_whatever_happened_to_the_answer(
    server: LabNetBox,
    lab_harness: ApplyHarness,
    lab_netbox: NetBox,
    lab_fixtures: NetBoxFixtures,
    fault: dict,
) -> None:
    nic = lab_netbox.create("virtualization/interfaces", virtual_machine=lab_fixtures.vm["id"], name="eth0")
    draft = Draft()
    assigned = of(nic, type="virtualization.vminterface")
    for n in range(1, 6):
        draft.create("vlans", f"v{n}", {"vid": n, "name": f"v{n}", "group": of(lab_fixtures.group)})
        draft.create("ip_addresses", f"i{n}", {"address": lab_fixtures.ip(n), "assigned_object": assigned})
        draft.create(
            "mac_addresses", f"m{n}", {"mac_address": f"02:00:00:00:00:0{n}", "assigned_object": assigned}
        )
    plan = draft.publish(lab_harness.warehouse)
    lab_harness.approve(plan)
    for path in ("vlans", "ip-addresses"):
        server.fail_next(**fault, method="POST", path_prefix=f"/api/ipam/{path}/")
    server.fail_next(**fault, method="POST", path_prefix="/api/dcim/mac-addresses/")

    result = lab_harness.apply(plan)

    assert result.ok, result.verdicts
    assert len(lab_netbox.all("ipam/vlans", group_id=lab_fixtures.group["id"])) == 5
    assert len(lab_netbox.all("ipam/ip-addresses", vminterface_id=nic["id"])) == 5
    assert len(lab_netbox.all("dcim/mac-addresses", vminterface_id=nic["id"])) == 5
    assert sorted(v.netbox_id for v in result.verdicts if v.resource == "vlans") == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_updates_and_deletes_happen_once_whatever_happened_to_the_answer(
    server: LabNetBox,
    lab_harness: ApplyHarness,
    lab_netbox: NetBox,
    lab_fixtures: NetBoxFixtures,
    fault: dict,
) -> None:
    rows = [
        lab_netbox.create("dcim/interfaces", device=lab_fixtures.device["id"], name=f"p{n}", type="other")
        for n in range(4)
    ]
    draft = Draft()
    for row in rows[:2]:
        draft.update("interfaces", row["name"], row, {"description": ("", "x")})
    for row in rows[2:]:
        draft.delete("interfaces", row["name"], row)
    plan = draft.publish(lab_harness.warehouse)
    lab_harness.approve(plan)
    for method in ("PATCH", "DELETE"):
        server.fail_next(**fault, method=method)

    result = lab_harness.apply(plan)

    assert result.ok, result.verdicts
    found = lab_netbox.all("dcim/interfaces", device_id=lab_fixtures.device["id"])
    assert {row["name"]: row["description"] for row in found} == {"p0": "x", "p1": "x"}
    for row in found:
        changes = lab_netbox.all(
            "core/object-changes", changed_object_type="dcim.interface", changed_object_id=row["id"]
        )
        assert [c["action"]["value"] for c in changes].count("update") == 1


def test_a_request_that_timed_out_and_was_carried_out_is_not_sent_twice(
    server: LabNetBox, lab_harness: ApplyHarness, lab_netbox: NetBox, lab_fixtures: NetBoxFixtures
) -> None:
    lab_harness.configure(timeout=1)
    draft = Draft()
    for n in range(1, 4):
        draft.create("ip_addresses", lab_fixtures.ip(n), {"address": lab_fixtures.ip(n), "status": "active"})
    plan = draft.publish(lab_harness.warehouse)
    lab_harness.approve(plan)
    server.fail_next(
        status=None, after_write=True, delay=1.5, method="POST", path_prefix="/api/ipam/ip-addresses/"
    )

    result = lab_harness.apply(plan)

    assert result.ok, result.verdicts
    assert {v.message for v in result.verdicts} == {"NetBox did not answer in time; found in NetBox"}
    assert len(lab_netbox.all("ipam/ip-addresses", parent=f"{lab_fixtures.network}.0/24")) == 3


@pytest.mark.parametrize("resource", ["ip_addresses", "vlans", "interfaces"])
def test_a_lost_request_that_arrives_late_is_written_once(
    harness: ApplyHarness, netbox: NetBox, fixtures: NetBoxFixtures, resource: str
) -> None:
    nic = netbox.create("virtualization/interfaces", virtual_machine=fixtures.vm["id"], name="eth0")
    port = netbox.create("dcim/interfaces", device=fixtures.device["id"], name="p", type="other")
    draft = Draft()
    if resource == "ip_addresses":
        assigned = of(nic, type="virtualization.vminterface")
        draft.create(resource, "x", {"address": fixtures.ip(1), "assigned_object": assigned})
    elif resource == "vlans":
        draft.create(resource, "x", {"vid": 10, "name": "ten", "group": of(fixtures.group)})
    else:
        draft.update(resource, "x", port, {"description": ("", "new")})
    plan = draft.publish(harness.warehouse)
    method = "PATCH" if resource == "interfaces" else "POST"
    with LateProxy(netbox.url, late_method=method, delay=1) as proxy:
        harness.configure(url=proxy.url, timeout=3)
        result = harness.approve_and_apply(plan)

        assert result.ok, result.verdicts
    assert {v.message for v in result.verdicts} == {
        "the connection to NetBox broke (RemoteProtocolError); found in NetBox"
    }
    if resource == "ip_addresses":
        assert len(netbox.all("ipam/ip-addresses", vminterface_id=nic["id"])) == 1
    elif resource == "vlans":
        assert len(netbox.all("ipam/vlans", group_id=fixtures.group["id"])) == 1
    else:
        changes = netbox.all(
            "core/object-changes", changed_object_type="dcim.interface", changed_object_id=port["id"]
        )
        assert sorted(change["action"]["value"] for change in changes) == ["create", "update"]


def test_an_identical_object_that_somebody_else_made_is_not_taken_for_ours(
    server: LabNetBox, lab_harness: ApplyHarness, lab_netbox: NetBox, lab_fixtures: NetBoxFixtures
) -> None:
    draft = Draft()
    draft.create("vlans", "10", {"vid": 10, "name": "ten", "group": of(lab_fixtures.group)})
    plan = draft.publish(lab_harness.warehouse)
    lab_harness.approve(plan)
    lab_netbox.create("ipam/vlans", vid=10, name="ten", group=lab_fixtures.group["id"])
    server.fail_next(status=502, method="POST", path_prefix="/api/ipam/vlans/")

    result = lab_harness.apply(plan)

    assert verdicts(result) == {"10": "uncertain"}
    assert "that this apply may not have created" in result.verdicts[0].message


def test_throttling_waits_as_long_as_netbox_asks(
    server: LabNetBox, lab_harness: ApplyHarness, lab_netbox: NetBox, lab_fixtures: NetBoxFixtures
) -> None:
    draft = Draft()
    draft.create("vlans", "10", {"vid": 10, "name": "ten", "group": of(lab_fixtures.group)})
    plan = draft.publish(lab_harness.warehouse)
    lab_harness.approve(plan)
    server.fail_next(status=429, headers={"Retry-After": "2"}, method="POST")
    started = time.monotonic()

    assert lab_harness.apply(plan).ok

    assert time.monotonic() - started >= 2
    assert server.count("POST", "/api/ipam/vlans/") == 2


def test_a_netbox_that_stays_broken_fails_the_change_and_leaves_no_trace_of_it(
    server: LabNetBox, lab_harness: ApplyHarness, lab_netbox: NetBox, lab_fixtures: NetBoxFixtures
) -> None:
    draft = Draft()
    draft.create("vlans", "10", {"vid": 10, "name": "ten", "group": of(lab_fixtures.group)})
    draft.update("devices", "sw1", lab_fixtures.device, {"serial": ("", "X1")})
    plan = draft.publish(lab_harness.warehouse)
    lab_harness.approve(plan)
    server.fail_next(4, status=503, method="POST", path_prefix="/api/ipam/vlans/")

    result = lab_harness.apply(plan)

    assert verdicts(result) == {"10": "failed", "sw1": "applied"}
    failed = next(v for v in result.verdicts if v.key == "10")
    assert failed.message == "NetBox answered 503; NetBox does not have it"
    # The same approval, a moment later.
    assert verdicts(lab_harness.apply(plan)) == {"10": "applied"}


def test_what_cannot_be_settled_is_uncertain_until_the_next_apply_reads_it(
    server: LabNetBox, lab_harness: ApplyHarness, lab_netbox: NetBox, lab_fixtures: NetBoxFixtures
) -> None:
    draft = Draft()
    draft.create("vlans", "10", {"vid": 10, "name": "ten", "group": of(lab_fixtures.group)})
    plan = draft.publish(lab_harness.warehouse)
    lab_harness.approve(plan)
    server.fail_next(drop=True, method="POST", after_write=True)
    server.fail_next(20, status=502, method="GET", path_prefix="/api/ipam/vlans/")

    first = lab_harness.apply(plan)
    assert verdicts(first) == {"10": "uncertain"} and not first.ok
    server.clear_faults()
    server.reset_requests()
    second = lab_harness.apply(plan)

    assert [(v.key, v.verdict) for v in second.settled] == [("10", "applied")]
    assert verdicts(second) == {"10": "applied"}
    assert server.count("POST") == 0
    assert len(lab_netbox.all("ipam/vlans", group_id=lab_fixtures.group["id"])) == 1


def test_an_object_that_netbox_writes_in_another_way_is_found(
    server: LabNetBox, lab_harness: ApplyHarness, lab_netbox: NetBox, lab_fixtures: NetBoxFixtures
) -> None:
    nic = lab_netbox.create("virtualization/interfaces", virtual_machine=lab_fixtures.vm["id"], name="eth0")
    lab_netbox.create("dcim/interfaces", device=lab_fixtures.device["id"], name="ETH0", type="other")
    assigned = of(nic, type="virtualization.vminterface")
    draft = Draft()
    draft.create("ip_addresses", "v6", {"address": "2001:0DB8:0::1/64", "assigned_object": assigned})
    draft.create("mac_addresses", "mac", {"mac_address": "02:aa:bb:cc:dd:ee", "assigned_object": assigned})
    draft.create("interfaces", "eth0", {"device": of(lab_fixtures.device), "name": "eth0 ", "type": "other"})
    plan = draft.publish(lab_harness.warehouse)
    lab_harness.approve(plan)
    for path in ("/api/ipam/ip-addresses/", "/api/dcim/mac-addresses/", "/api/dcim/interfaces/"):
        server.fail_next(status=502, after_write=True, method="POST", path_prefix=path)

    result = lab_harness.apply(plan)

    assert result.ok and len(result.verdicts) == 3, result.verdicts
    paths = ("/api/ipam/ip-addresses/", "/api/dcim/mac-addresses/")
    assert [server.count("POST", path) for path in paths] == [1, 1]
    assert lab_netbox.one("dcim/interfaces", name="eth0")["name"] == "eth0"


def test_below_4_6_a_lost_update_is_read_until_it_cannot_arrive_any_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with LabNetBox(version="4.5.3") as old:
        monkeypatch.setenv("NETBOX_TOKEN", old.token)
        netbox = NetBox(old.url, old.token)
        fixtures = furnish(netbox)
        draft = Draft()
        draft.update("devices", "sw1", fixtures.device, {"serial": ("", "X1")})
        with LateProxy(old.url, late_method="PATCH", delay=1) as proxy:
            harness = ApplyHarness(tmp_path / "data", proxy.url)
            harness.configure(timeout=3)

            result = harness.approve_and_apply(draft.publish(harness.warehouse))

        assert result.ok, result.verdicts
        assert old.count("PATCH", "/api/dcim/devices/") == 1
        assert netbox.one("dcim/devices", id=fixtures.device["id"])["serial"] == "X1"


@pytest.mark.parametrize("server", ["4.2.9"], indirect=True)
def test_without_messages_what_refers_to_a_create_whose_answer_was_lost_is_written(
    server: LabNetBox, lab_harness: ApplyHarness, lab_netbox: NetBox, lab_fixtures: NetBoxFixtures
) -> None:
    draft = Draft()
    for name in ("p", "q"):
        draft.create("interfaces", name, {"device": of(lab_fixtures.device), "name": name, "type": "other"})
        on = ref("interfaces", name, type="dcim.interface")
        draft.create("mac_addresses", name, {"mac_address": "02:00:00:00:00:01", "assigned_object": on})
        draft.add(
            "primary_macs",
            "update",
            name,
            {"primary_mac_address": (None, ref("mac_addresses", name))},
            object_type="dcim/interfaces",
            target=json.dumps(ref("interfaces", name), sort_keys=True),
        )
    server.fail_next(status="reset", after_write=True, method="POST", path_prefix="/api/dcim/interfaces/")

    result = lab_harness.approve_and_apply(draft.publish(lab_harness.warehouse))

    assert result.ok, result.verdicts
    found = lab_netbox.all("dcim/interfaces", device_id=lab_fixtures.device["id"])
    shown = [(row["name"], row["primary_mac_address"]["mac_address"]) for row in found]
    assert shown == [("p", "02:00:00:00:00:01"), ("q", "02:00:00:00:00:01")]


@pytest.mark.parametrize("server", ["4.2.9"], indirect=True)
def test_without_messages_an_edit_that_followed_a_create_whose_answer_was_lost_survives(
    server: LabNetBox, lab_harness: ApplyHarness, lab_netbox: NetBox, lab_fixtures: NetBoxFixtures
) -> None:
    draft = Draft()
    device = of(lab_fixtures.device)
    created = draft.create("interfaces", "p", {"device": device, "name": "p", "type": "other"})
    draft.add(
        "interfaces",
        "update",
        "p later",
        {"description": ("", "ours")},
        object_type="dcim/interfaces",
        target=json.dumps(ref("interfaces", "p"), sort_keys=True),
        depends_on=[created],
    )
    plan = draft.publish(lab_harness.warehouse)
    server.fail_next(status="reset", after_write=True, method="POST", path_prefix="/api/dcim/interfaces/")
    lab_harness.approve(plan, [created])
    # The answer is lost, and the connection that asks for the outcome breaks too.
    server.fail_next(20, status=503, method="GET", path_prefix="/api/dcim/interfaces/")
    assert verdicts(lab_harness.apply(plan)) == {"p": "uncertain"}
    server.clear_faults()
    port = lab_netbox.one("dcim/interfaces", device_id=lab_fixtures.device["id"])
    lab_netbox.edit("dcim/interfaces", port["id"], description="mine")

    result = lab_harness.approve_and_apply(plan)
    assert verdicts(result)["p later"] == "stale"
    assert lab_netbox.one("dcim/interfaces", id=port["id"])["description"] == "mine"
