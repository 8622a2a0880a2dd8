"""A change is written only to the object that the diff saw; somebody's edit since then survives."""

from __future__ import annotations

import pytest

from netbox_sync_lab.netbox import LabNetBox
from tests.apply.conftest import ApplyHarness, NetBoxFixtures, furnish, verdicts
from tests.apply.drafts import Draft, of
from tests.support import NetBox


def ports(netbox: NetBox, fixtures: NetBoxFixtures, count: int) -> list[dict]:
    return [
        netbox.create("dcim/interfaces", device=fixtures.device["id"], name=f"Gi0/{n}", type="other")
        for n in range(count)
    ]


def test_an_object_edited_after_the_diff_is_left_as_it_was_edited(
    harness: ApplyHarness, netbox: NetBox, fixtures: NetBoxFixtures
) -> None:
    rows = ports(netbox, fixtures, 4)
    draft = Draft()
    for row in rows:
        draft.update("interfaces", row["name"], row, {"description": ("", "from source")})
    plan = draft.publish(harness.warehouse)
    harness.approve(plan)
    netbox.edit("dcim/interfaces", rows[1]["id"], description="by hand")

    result = harness.apply(plan)

    assert verdicts(result) == {"Gi0/0": "applied", "Gi0/1": "stale", "Gi0/2": "applied", "Gi0/3": "applied"}
    stale = next(v for v in result.verdicts if v.verdict == "stale")
    assert "NetBox's object was changed since the diff" in stale.message
    assert not result.ok
    found = {
        row["name"]: row["description"]
        for row in netbox.all("dcim/interfaces", device_id=fixtures.device["id"])
    }
    assert found == {
        "Gi0/0": "from source",
        "Gi0/1": "by hand",
        "Gi0/2": "from source",
        "Gi0/3": "from source",
    }


def test_an_edit_of_another_field_makes_a_change_stale_too(
    harness: ApplyHarness, netbox: NetBox, fixtures: NetBoxFixtures
) -> None:
    draft = Draft()
    draft.update("devices", "sw1", fixtures.device, {"serial": ("", "X1")})
    plan = draft.publish(harness.warehouse)
    harness.approve(plan)
    netbox.edit("dcim/devices", fixtures.device["id"], comments="moved to row 4")

    assert verdicts(harness.apply(plan)) == {"sw1": "stale"}
    assert netbox.one("dcim/devices", id=fixtures.device["id"])["serial"] == ""


def test_an_object_that_is_gone_is_stale_for_updates_and_deletes(
    harness: ApplyHarness, netbox: NetBox, fixtures: NetBoxFixtures
) -> None:
    rows = ports(netbox, fixtures, 4)
    draft = Draft()
    draft.update("interfaces", "Gi0/0", rows[0], {"description": ("", "x")})
    draft.update("interfaces", "Gi0/1", rows[1], {"description": ("", "x")})
    draft.delete("interfaces", "Gi0/2", rows[2])
    draft.delete("interfaces", "Gi0/3", rows[3])
    plan = draft.publish(harness.warehouse)
    harness.approve(plan)
    netbox.delete("dcim/interfaces", rows[1]["id"])
    netbox.delete("dcim/interfaces", rows[3]["id"])

    result = harness.apply(plan)

    assert verdicts(result) == {"Gi0/0": "applied", "Gi0/1": "stale", "Gi0/2": "applied", "Gi0/3": "stale"}
    assert {v.message for v in result.verdicts if v.verdict == "stale"} == {"the object is gone from NetBox"}


def test_an_object_edited_after_the_diff_is_not_deleted(
    harness: ApplyHarness, netbox: NetBox, fixtures: NetBoxFixtures
) -> None:
    row = ports(netbox, fixtures, 1)[0]
    draft = Draft()
    draft.delete("interfaces", "Gi0/0", row)
    plan = draft.publish(harness.warehouse)
    harness.approve(plan)
    netbox.edit("dcim/interfaces", row["id"], description="still in use")

    assert verdicts(harness.apply(plan)) == {"Gi0/0": "stale"}
    assert netbox.one("dcim/interfaces", id=row["id"])["description"] == "still in use"


def test_an_edit_between_our_own_two_writes_is_not_overwritten(
    server: LabNetBox, lab_harness: ApplyHarness, lab_netbox: NetBox, lab_fixtures: NetBoxFixtures
) -> None:
    row = ports(lab_netbox, lab_fixtures, 1)[0]
    draft = Draft()
    first = draft.update("interfaces", "Gi0/0", row, {"description": ("", "x")})
    second = draft.update(
        "primary_macs", "Gi0/0", row, {"primary_mac_address": (None, None)}, object_type="dcim/interfaces"
    )
    plan = draft.publish(lab_harness.warehouse)
    lab_harness.approve_and_apply(plan, [first])
    lab_netbox.edit("dcim/interfaces", row["id"], label="by hand")

    result = lab_harness.approve_and_apply(plan, [second])

    assert [(v.change_id, v.verdict) for v in result.verdicts] == [(second, "stale")]


def test_an_edit_after_our_own_delete_moved_the_machine_keeps_the_machine(
    harness: ApplyHarness, netbox: NetBox, fixtures: NetBoxFixtures
) -> None:
    nic = netbox.create("virtualization/interfaces", virtual_machine=fixtures.vm["id"], name="eth0")
    ip = netbox.create(
        "ipam/ip-addresses",
        address=fixtures.ip(9),
        assigned_object_type="virtualization.vminterface",
        assigned_object_id=nic["id"],
    )
    vm = netbox.edit("virtualization/virtual-machines", fixtures.vm["id"], primary_ip4=ip["id"])
    draft = Draft()
    address = draft.delete("ip_addresses", fixtures.ip(9), ip)
    machine = draft.delete("virtual_machines", "web", vm)
    plan = draft.publish(harness.warehouse)
    harness.approve_and_apply(plan, [address])
    netbox.edit("virtualization/virtual-machines", vm["id"], comments="needed after all")

    result = harness.approve_and_apply(plan, [machine])

    assert [(v.change_id, v.verdict) for v in result.verdicts] == [(machine, "stale")]
    assert netbox.one("virtualization/virtual-machines", id=vm["id"])["comments"] == "needed after all"


@pytest.mark.parametrize("action", ["update", "delete"])
def test_the_guard_of_one_object_never_lets_another_through(
    harness: ApplyHarness, netbox: NetBox, fixtures: NetBoxFixtures, action: str
) -> None:
    rows = ports(netbox, fixtures, 60)
    draft = Draft()
    for row in rows:
        if action == "update":
            draft.update("interfaces", row["name"], row, {"description": ("", "x")})
        else:
            draft.delete("interfaces", row["name"], row)
    plan = draft.publish(harness.warehouse)
    harness.approve(plan)
    edited = [row for row in rows if row["id"] % 3 == 0]
    for row in edited:
        netbox.edit("dcim/interfaces", row["id"], label="by hand")

    result = harness.apply(plan)

    assert result.counts["stale"] == len(edited) and result.counts["applied"] == 60 - len(edited)
    stale = {v.netbox_id for v in result.verdicts if v.verdict == "stale"}
    assert stale == {row["id"] for row in edited}


def test_an_address_that_somebody_created_meanwhile_is_not_created_twice(
    harness: ApplyHarness, netbox: NetBox, fixtures: NetBoxFixtures
) -> None:
    nic = netbox.create("virtualization/interfaces", virtual_machine=fixtures.vm["id"], name="eth0")
    draft = Draft()
    for host in (1, 2):
        draft.create(
            "ip_addresses",
            fixtures.ip(host),
            {"address": fixtures.ip(host), "assigned_object": of(nic, type="virtualization.vminterface")},
        )
    plan = draft.publish(harness.warehouse)
    harness.approve(plan)
    netbox.create(
        "ipam/ip-addresses",
        address=fixtures.ip(1),
        assigned_object_type="virtualization.vminterface",
        assigned_object_id=nic["id"],
    )

    assert verdicts(harness.apply(plan)) == {fixtures.ip(1): "stale", fixtures.ip(2): "applied"}
    assert len(netbox.all("ipam/ip-addresses", vminterface_id=nic["id"])) == 2


def test_below_4_6_the_objects_are_compared_just_before_and_the_verdict_says_so(
    tmp_path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with LabNetBox(version="4.5.3") as server:
        monkeypatch.setenv("NETBOX_TOKEN", server.token)
        netbox, harness = NetBox(server.url, server.token), ApplyHarness(tmp_path, server.url)
        fixtures = furnish(netbox)
        for slug in ("a", "b", "c"):
            netbox.create("extras/tags", name=slug, slug=slug)
        rows = ports(netbox, fixtures, 2)
        tagged = netbox.edit("dcim/devices", fixtures.device["id"], tags=[{"slug": "a"}, {"slug": "b"}])
        draft = Draft()
        draft.update("devices", "sw1", tagged, {"tags": (["a"], ["c"])})
        for row in rows:
            draft.update("interfaces", row["name"], row, {"description": ("", "x")})
        plan = draft.publish(harness.warehouse)
        harness.approve(plan)
        netbox.edit("dcim/interfaces", rows[1]["id"], label="by hand")

        result = harness.apply(plan)

        assert verdicts(result) == {"sw1": "applied", "Gi0/0": "applied", "Gi0/1": "stale"}
        assert all(v.weak_guard for v in result.verdicts)
        found = netbox.one("dcim/devices", id=tagged["id"])
        assert sorted(tag["slug"] for tag in found["tags"]) == ["b", "c"]


def test_a_netbox_too_old_is_refused_before_anything_is_written(tmp_path, monkeypatch) -> None:
    from netbox_sync_dagster.server_errors import ServerError

    with LabNetBox(version="4.1.11") as server:
        monkeypatch.setenv("NETBOX_TOKEN", server.token)
        harness = ApplyHarness(tmp_path, server.url)
        draft = Draft()
        draft.create("tags", "t", {"name": "t", "slug": "t"})
        plan = draft.publish(harness.warehouse)
        harness.approve(plan)
        with pytest.raises(ServerError, match=r"version '4\.1\.11' cannot be written to.* 4\.2 or newer"):
            harness.apply(plan)
        assert server.count("POST") == 0
