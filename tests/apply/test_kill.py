"""kill -9 in the middle of an apply: the next apply ends with every change written exactly once."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from netbox_sync_dagster.approve import open_ledger
from netbox_sync_dagster.compare.plan import Plan
from netbox_sync_dagster.storage.ledger import read_lines
from netbox_sync_dagster.storage.locks import LockHeld
from netbox_sync_lab.netbox import LabNetBox
from tests.apply.children import Child
from tests.apply.conftest import ApplyHarness, NetBoxFixtures
from tests.apply.drafts import Draft, of, ref
from tests.support import NetBox

COUNT = 4


def start(harness: ApplyHarness) -> Child:
    return Child(str(harness.warehouse.home), "lab", harness.target)


def ledger(harness: ApplyHarness) -> Counter[str]:
    """How many lines of each kind the ledger holds."""
    files = (harness.warehouse.ledger / "applies" / "lab").glob("*.jsonl")
    return Counter(line["kind"] for path in files for line in read_lines(path))


def draft_plan(harness: ApplyHarness, netbox: NetBox, fixtures: NetBoxFixtures) -> Plan:
    """Creates with and without a unique key, by reference, updates and deletes; one request for each kind."""
    port = of(fixtures.device)
    old = [
        netbox.create("dcim/interfaces", device=fixtures.device["id"], name=f"old{n}", type="other")
        for n in range(2 * COUNT)
    ]
    draft = Draft()
    for n in range(COUNT):
        assigned = ref("interfaces", f"new{n}", type="dcim.interface")
        draft.create("interfaces", f"new{n}", {"device": port, "name": f"new{n}", "type": "other"})
        draft.create("ip_addresses", f"ip{n}", {"address": fixtures.ip(n + 1), "assigned_object": assigned})
        draft.create(
            "mac_addresses", f"mac{n}", {"mac_address": f"02:00:00:00:00:0{n}", "assigned_object": assigned}
        )
        draft.add(
            "primary_macs",
            "update",
            f"new{n}",
            {"primary_mac_address": (None, ref("mac_addresses", f"mac{n}"))},
            object_type="dcim/interfaces",
            target=json.dumps({"key": f"new{n}", "ref": "interfaces"}, sort_keys=True),
        )
        draft.update("interfaces", f"old{n}", old[n], {"description": ("", "x")})
        draft.delete("interfaces", f"old{COUNT + n}", old[COUNT + n])
    return draft.publish(harness.warehouse)


def check(harness: ApplyHarness, netbox: NetBox, fixtures: NetBoxFixtures, plan: Plan) -> None:
    """NetBox and the ledger both say: every change, exactly once."""
    found = netbox.all("dcim/interfaces", device_id=fixtures.device["id"])
    kept = {f"old{n}": "x" for n in range(COUNT)}
    assert {row["name"]: row["description"] for row in found} == {
        **kept,
        **{f"new{n}": "" for n in range(COUNT)},
    }
    macs = sorted(row["primary_mac_address"]["mac_address"] for row in found if row["name"][:3] == "new")
    assert macs == [f"02:00:00:00:00:0{n}" for n in range(COUNT)]
    addresses = netbox.all("ipam/ip-addresses", device_id=fixtures.device["id"])
    assert sorted(row["address"] for row in addresses) == [fixtures.ip(n + 1) for n in range(COUNT)]
    assert len(netbox.all("dcim/mac-addresses", device_id=fixtures.device["id"])) == COUNT
    messages = Counter(row["message"] for row in netbox.all("core/object-changes") if row["message"])
    ours = {message: n for message, n in messages.items() if message.startswith("netbox-sync lab ")}
    expected = {f"netbox-sync lab {change_id}" for change_id in plan.by_id()}
    assert {message: ours[message] for message in expected} == dict.fromkeys(expected, 1)
    con = open_ledger(harness.warehouse)
    rows = con.execute(
        "SELECT change_id, count(*) FROM ledger.verdicts WHERE verdict = 'applied' GROUP BY ALL"
    ).fetchall()
    con.close()
    assert dict(rows) == dict.fromkeys(plan.by_id(), 1)


@pytest.mark.parametrize("after_write", [False, True], ids=["before the write", "after the write"])
@pytest.mark.parametrize("number", [1, 2, 3, 4, 5, 6])
def test_killed_while_a_request_is_under_way(
    server: LabNetBox,
    lab_harness: ApplyHarness,
    lab_netbox: NetBox,
    lab_fixtures: NetBoxFixtures,
    number: int,
    after_write: bool,
) -> None:
    # Interfaces are created and updated, then MAC addresses, primary MACs, IP addresses, deletes.
    method, path = [
        ("POST", "/api/dcim/interfaces/"),
        ("PATCH", "/api/dcim/interfaces/"),
        ("POST", "/api/dcim/mac-addresses/"),
        ("PATCH", "/api/dcim/interfaces/"),
        ("POST", "/api/ipam/ip-addresses/"),
        ("DELETE", "/api/dcim/interfaces/"),
    ][number - 1]
    lab_harness.configure(timeout=30)
    plan = draft_plan(lab_harness, lab_netbox, lab_fixtures)
    lab_harness.approve(plan)
    server.fail_next(
        status=None, after_write=after_write, delay=20, method=method, path_prefix=path, skip=number == 4
    )
    process = start(lab_harness)
    process.wait_until(lambda: ledger(lab_harness)["sending"] == number)
    if after_write:
        process.wait_until(lambda: is_written(lab_netbox, lab_fixtures, number))
    process.kill()
    assert "end" not in ledger(lab_harness)

    # An address that may still be on its way is waited for as long as a request may take.
    lab_harness.configure(timeout=1)
    result = lab_harness.apply(plan)

    assert result.ok, result.verdicts
    assert len(result.settled) == COUNT
    check(lab_harness, lab_netbox, lab_fixtures, plan)


def is_written(netbox: NetBox, fixtures: NetBoxFixtures, number: int) -> bool:
    """Whether NetBox has carried out the request of that number."""
    rows = netbox.all("dcim/interfaces", device_id=fixtures.device["id"])
    if number == 1:
        return any(row["name"] == "new0" for row in rows)
    if number == 2:
        return any(row["description"] == "x" for row in rows)
    if number == 3:
        return bool(netbox.all("dcim/mac-addresses"))
    if number == 4:
        return any(row["primary_mac_address"] for row in rows)
    if number == 5:
        return bool(netbox.all("ipam/ip-addresses"))
    return all(row["name"] != f"old{COUNT}" for row in rows)


def test_killed_twice_and_between_requests(
    lab_harness: ApplyHarness, lab_netbox: NetBox, lab_fixtures: NetBoxFixtures
) -> None:
    # The second apply waits for what the first one may have sent as long as a request may take.
    lab_harness.configure(batch_size=1, max_in_flight=1, timeout=1)
    plan = draft_plan(lab_harness, lab_netbox, lab_fixtures)
    lab_harness.approve(plan)
    for verdicts in (3, 11):
        process = start(lab_harness)
        process.wait_until(lambda least=verdicts: ledger(lab_harness)["verdict"] >= least)
        process.kill()

    assert lab_harness.apply(plan).ok
    check(lab_harness, lab_netbox, lab_fixtures, plan)


def test_a_second_apply_of_the_endpoint_is_refused_while_one_runs_and_not_after_it_was_killed(
    server: LabNetBox, lab_harness: ApplyHarness, lab_fixtures: NetBoxFixtures
) -> None:
    draft = Draft()
    draft.update("devices", "sw1", lab_fixtures.device, {"serial": ("", "X1")})
    plan = draft.publish(lab_harness.warehouse)
    lab_harness.approve(plan)
    server.fail_next(status=None, delay=20, method="PATCH")
    process = start(lab_harness)
    process.wait_until(lambda: ledger(lab_harness)["sending"] == 1)

    with pytest.raises(LockHeld, match=rf"by alice, process {process.pid} on .*wait until it has ended"):
        lab_harness.apply(plan)
    process.kill()

    # What it sent may still be on its way as long as a request may take.
    lab_harness.configure(timeout=1)
    assert lab_harness.apply(plan).ok


def test_a_torn_last_line_does_not_hide_what_came_before(
    server: LabNetBox, lab_harness: ApplyHarness, lab_netbox: NetBox, lab_fixtures: NetBoxFixtures
) -> None:
    plan = draft_plan(lab_harness, lab_netbox, lab_fixtures)
    lab_harness.approve(plan)
    server.fail_next(status=None, after_write=True, delay=20, method="POST", path_prefix="/api/ipam/")
    process = start(lab_harness)
    process.wait_until(lambda: bool(lab_netbox.all("ipam/ip-addresses")))
    process.kill()
    file: Path = next((lab_harness.warehouse.ledger / "applies" / "lab").glob("*.jsonl"))
    with file.open("a") as handle:
        handle.write('{"kind": "verdict", "change_id": "0123')
    lab_harness.configure(timeout=1)

    assert lab_harness.apply(plan).ok
    check(lab_harness, lab_netbox, lab_fixtures, plan)
