"""A NetBox that is slow gets no request twice, smaller ones, and no storm of questions."""

from __future__ import annotations

import pytest

from netbox_sync_dagster.apply.pace import Pace
from netbox_sync_lab.netbox import LabNetBox
from tests.apply.conftest import ApplyHarness, NetBoxFixtures, verdicts
from tests.apply.drafts import Draft, of
from tests.apply.late_proxy import LateProxy
from tests.apply.slow_proxy import SlowProxy
from tests.support import NetBox

CREATE = ("create", "ipam/vlans")
UPDATE = ("update", "dcim/interfaces")


def vlans(fixtures: NetBoxFixtures, number: int) -> Draft:
    draft = Draft()
    for n in range(1, number + 1):
        draft.create("vlans", f"v{n}", {"vid": n, "name": f"v{n}", "group": of(fixtures.group)})
    return draft


def test_a_batch_that_is_late_is_waited_for_and_the_next_ones_are_smaller(
    harness: ApplyHarness, netbox: NetBox, fixtures: NetBoxFixtures
) -> None:
    # 60 seconds of patience with batches of 200 that take 90, at a fortieth of the time.
    plan = vlans(fixtures, 600).publish(harness.warehouse)
    with SlowProxy(netbox.url, seconds=2.25 / 200) as slow:
        harness.configure(url=slow.url, timeout=1.5)
        result = harness.approve_and_apply(plan)

        assert {v.verdict for v in result.verdicts} == {"applied"}, result.verdicts
        assert slow.sent_twice("name") == []
        assert slow.most_at_once == 2
        assert slow.sizes[:2] == [200, 200]
        assert max(slow.sizes[2:]) <= 60
        # Each late batch was looked for a few times; no object was read on its own.
        assert slow.reads < 30
    assert len(netbox.all("ipam/vlans", group_id=fixtures.group["id"])) == 600


def test_disks_are_sent_one_request_at_a_time(
    harness: ApplyHarness, netbox: NetBox, fixtures: NetBoxFixtures
) -> None:
    """NetBox adds up a virtual machine's disks after each write: of two requests at once, one sum would be short."""
    kind = netbox.create("virtualization/cluster-types", name="PVE", slug="pve")
    cluster = netbox.create("virtualization/clusters", name="paris", type=kind["id"])
    machine = netbox.create("virtualization/virtual-machines", name="web", cluster=cluster["id"])
    draft = Draft()
    for n in range(6):
        content = {"virtual_machine": of(machine), "name": f"scsi{n}", "size": 1024}
        draft.create("virtual_disks", f"web scsi{n}", content)
    plan = draft.publish(harness.warehouse)
    with SlowProxy(netbox.url, seconds=0.05) as slow:
        harness.configure(url=slow.url, batch_size=2)
        result = harness.approve_and_apply(plan)
        assert {v.verdict for v in result.verdicts} == {"applied"}, result.verdicts
        assert (slow.sizes, slow.most_at_once) == ([2, 2, 2], 1)
    assert netbox.one("virtualization/virtual-machines", name="web")["disk"] == 6 * 1024


def test_late_updates_and_deletes_are_sent_once(
    harness: ApplyHarness, netbox: NetBox, fixtures: NetBoxFixtures
) -> None:
    device = fixtures.device["id"]
    ports = [netbox.create("dcim/interfaces", device=device, name=f"p{n}", type="other") for n in range(20)]
    draft = Draft()
    for port in ports[:10]:
        draft.update("interfaces", port["name"], port, {"description": ("", "new")})
    for port in ports[10:]:
        draft.delete("interfaces", port["name"], port)
    plan = draft.publish(harness.warehouse)
    with SlowProxy(netbox.url, seconds=0.15) as slow:
        harness.configure(url=slow.url, timeout=1)
        result = harness.approve_and_apply(plan)

        assert {v.verdict for v in result.verdicts} == {"applied"}, result.verdicts
        assert slow.sent_twice("id") == []
    found = netbox.all("dcim/interfaces", device_id=device)
    assert [row["description"] for row in found] == ["new"] * 10


def test_a_slow_netbox_is_asked_hardly_more_than_a_quick_one(
    lab_harness: ApplyHarness, lab_netbox: NetBox, lab_fixtures: NetBoxFixtures
) -> None:
    asked = {}
    for speed, seconds in (("quick", 0.0001), ("a tenth", 0.01)):
        draft = Draft()
        first = 1 if speed == "quick" else 101
        for n in range(first, first + 100):
            draft.create("vlans", f"v{n}", {"vid": n, "name": f"v{n}", "group": of(lab_fixtures.group)})
            draft.create(
                "ip_addresses", lab_fixtures.ip(n), {"address": lab_fixtures.ip(n), "status": "active"}
            )
        plan = draft.publish(lab_harness.warehouse)
        with SlowProxy(lab_netbox.url, seconds=seconds) as slow:
            lab_harness.configure(url=slow.url, timeout=10)
            assert lab_harness.approve_and_apply(plan).ok
            asked[speed] = slow.reads + len(slow.writes)
    assert asked["a tenth"] <= 1.2 * asked["quick"], asked


@pytest.mark.parametrize("named", [True, False])
def test_one_read_settles_all_that_an_answer_refuses(
    lab_harness: ApplyHarness,
    lab_netbox: NetBox,
    lab_fixtures: NetBoxFixtures,
    server: LabNetBox,
    named: bool,
) -> None:
    plan = vlans(lab_fixtures, 20).publish(lab_harness.warehouse)
    # The first request arrives in front of its repetition, which NetBox refuses therefore.
    with LateProxy(lab_netbox.url, late_method="POST", delay=None) as proxy:
        lab_harness.configure(url=proxy.url, timeout=5, longest_request=0.1)
        if not named:
            server.fail_next(status=400, skip=1, method="POST", path_prefix="/api/ipam/vlans/")
        server.reset_requests()
        result = lab_harness.approve_and_apply(plan)

    assert set(verdicts(result).values()) == {"applied"}
    assert server.count("POST", "/api/ipam/vlans/") == 2
    # Twice while it could have been running, once when its repetition was refused.
    assert server.count("GET", "/api/ipam/vlans/") == 3
    assert len(lab_netbox.all("ipam/vlans", group_id=lab_fixtures.group["id"])) == 20


def test_batches_take_a_quarter_of_the_timeout() -> None:
    pace = Pace(200, 60)
    assert pace.take(CREATE, 1000) == 200
    pace.answered(CREATE, 200, 30)
    assert pace.take(CREATE, 1000) == 100
    pace.answered(CREATE, 100, 12)
    assert pace.take(CREATE, 1000) == 125
    pace.answered(CREATE, 125, 1)
    assert pace.take(CREATE, 1000) == 200


def test_a_small_request_tells_nothing_of_large_ones_unless_it_is_slow() -> None:
    pace = Pace(200, 60)
    pace.answered(CREATE, 1, 0.5)
    assert pace.take(CREATE, 1000) == 200
    pace.answered(CREATE, 1, 5)
    assert pace.take(CREATE, 1000) == 3


def test_a_small_rest_travels_along() -> None:
    pace = Pace(200, 60)
    pace.answered(CREATE, 200, 30)
    assert [pace.take(CREATE, waiting) for waiting in (99, 150, 151)] == [99, 150, 100]
    assert Pace(200, 60).take(CREATE, 201) == 200


def test_a_late_request_is_taken_for_twice_as_long_and_other_kinds_begin_as_small() -> None:
    pace = Pace(200, 60)
    pace.late(CREATE, 200)
    assert (pace.take(CREATE, 1000), pace.take(UPDATE, 1000)) == (25, 25)
    pace.answered(UPDATE, 25, 1)
    assert (pace.take(CREATE, 1000), pace.take(UPDATE, 1000)) == (25, 50)
    pace.late(CREATE, 1)
    assert pace.take(CREATE, 1000) == 1
