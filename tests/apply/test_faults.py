"""Every fault between client and NetBox, for every kind of write: nothing twice, nothing lost, nothing silent."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from netbox_sync_dagster.compare.plan import Plan
from netbox_sync_lab.netbox import LabNetBox
from tests.apply.conftest import ApplyHarness, NetBoxFixtures, furnish, verdicts
from tests.apply.drafts import Draft, of
from tests.apply.fault_proxy import FAULTS, FaultProxy
from tests.support import NetBox

Outcome = tuple[Any, ...]

METHODS = ("POST", "PATCH", "DELETE")
ENDLESS = ("500 before", "503", "429", "reset before", "html before")
KEYS = [f"c{n}" for n in range(4)]


@dataclass
class Case:
    """Four changes in one request, approved, through a proxy in front of NetBox."""

    harness: ApplyHarness
    netbox: NetBox
    fixtures: NetBoxFixtures
    method: str
    plan: Plan
    proxy: FaultProxy

    def written(self) -> dict[str, int]:
        """How often NetBox carried each change out, by its own changelog."""
        model = "ipam.ipaddress" if self.method == "POST" else "dcim.interface"
        action = {"POST": "create", "PATCH": "update", "DELETE": "delete"}[self.method]
        found: Counter[str] = Counter()
        for entry in self.netbox.all("core/object-changes", changed_object_type=model, action=action):
            content = entry["postchange_data"] or entry["prechange_data"]
            if self.method == "POST":
                if content["address"].startswith(f"{self.fixtures.network}."):
                    found[f"c{int(content['address'].split('/')[0].split('.')[3]) - 1}"] += 1
            elif content["device"] == self.fixtures.device["id"]:
                found[content["name"]] += 1
        return dict(found)


def plan_of(harness: ApplyHarness, netbox: NetBox, fixtures: NetBoxFixtures, method: str) -> Plan:
    """Four changes in one request: addresses, of which NetBox would take a second one; ports to edit, to delete."""
    draft = Draft()
    nic = netbox.create("virtualization/interfaces", virtual_machine=fixtures.vm["id"], name="eth0")
    assigned = of(nic, type="virtualization.vminterface")
    for n in range(4):
        if method == "POST":
            draft.create(
                "ip_addresses", f"c{n}", {"address": fixtures.ip(n + 1), "assigned_object": assigned}
            )
            continue
        row = netbox.create("dcim/interfaces", device=fixtures.device["id"], name=f"c{n}", type="other")
        if method == "PATCH":
            draft.update("interfaces", f"c{n}", row, {"description": ("", "x")})
        else:
            draft.delete("interfaces", f"c{n}", row)
    return draft.publish(harness.warehouse)


def at_once(
    home: Path, netbox: NetBox, cases: Iterable[tuple[str, str]], play: Callable[[Case, str], Outcome]
) -> dict[str, Outcome]:
    """What ``play`` returns for each (fault, method), several at a time: most of their time is waiting."""

    def one(number: int, fault: str, method: str) -> Outcome:
        # A request whose answer is lost is taken to run on for two seconds at most.
        with FaultProxy(netbox.url, silence=3) as proxy:
            harness, fixtures = ApplyHarness(home / str(number), proxy.url), furnish(netbox)
            harness.configure(timeout=2, longest_request=2)
            plan = plan_of(harness, netbox, fixtures, method)
            harness.approve(plan)
            return play(Case(harness, netbox, fixtures, method, plan, proxy), fault)

    with ThreadPoolExecutor(16) as pool:
        futures = {
            f"{fault}, {method}": pool.submit(one, number, fault, method)
            for number, (fault, method) in enumerate(cases)
        }
        return {name: future.result() for name, future in futures.items()}


def test_every_fault_is_got_over_and_everything_is_written_once(tmp_path: Path, lab_netbox: NetBox) -> None:
    def play(case: Case, fault: str) -> Outcome:
        case.proxy.fail(fault, case.method)
        result = case.harness.apply(case.plan)
        return verdicts(result), case.written()

    found = at_once(tmp_path, lab_netbox, product(FAULTS, METHODS), play)

    assert len(found) == 45
    once = dict.fromkeys(KEYS, "applied"), dict.fromkeys(KEYS, 1)
    assert {case: outcome for case, outcome in found.items() if outcome != once} == {}


def test_a_fault_without_an_end_fails_every_change_by_name_and_the_same_approval_goes_through_later(
    tmp_path: Path, lab_netbox: NetBox
) -> None:
    def play(case: Case, fault: str) -> Outcome:
        case.proxy.fail(fault, case.method, times=200)
        result = case.harness.apply(case.plan)
        assert all(verdict.message for verdict in result.verdicts)
        before = case.written()
        case.proxy.heal()
        return verdicts(result), before, verdicts(case.harness.apply(case.plan)), case.written()

    found = at_once(tmp_path, lab_netbox, product(ENDLESS, METHODS), play)

    assert len(found) == 15
    later = dict.fromkeys(KEYS, "failed"), {}, dict.fromkeys(KEYS, "applied"), dict.fromkeys(KEYS, 1)
    assert {case: outcome for case, outcome in found.items() if outcome != later} == {}


def test_a_netbox_that_writes_and_then_never_answers_again_leaves_it_to_the_next_apply(
    tmp_path: Path, lab_netbox: NetBox
) -> None:
    def play(case: Case, fault: str) -> Outcome:
        case.proxy.fail(fault, case.method)
        # Reads before the write pass; those that would settle it do not.
        path = "/api/ipam/" if case.method == "POST" else "/api/dcim/interfaces/"
        case.proxy.after(case.method, "502 before", "GET", path, times=200)
        result = case.harness.apply(case.plan)
        assert not result.ok
        case.proxy.heal()
        sent = sum(seen[0] == case.method for seen in case.proxy.seen)
        again = case.harness.apply(case.plan)
        assert again.ok and verdicts(again) == {v.key: v.verdict for v in again.settled}
        assert sum(seen[0] == case.method for seen in case.proxy.seen) == sent
        return verdicts(result), case.written()

    found = at_once(tmp_path, lab_netbox, [("502 after", method) for method in METHODS], play)

    open_then_once = dict.fromkeys(KEYS, "uncertain"), dict.fromkeys(KEYS, 1)
    assert found == {f"502 after, {method}": open_then_once for method in METHODS}


def test_a_delete_that_netbox_passes_over_without_a_word_is_not_called_applied(
    lab_harness: ApplyHarness, lab_netbox: NetBox, lab_fixtures: NetBoxFixtures
) -> None:
    """NetBox answers 204 also for objects of a list that it did not touch."""
    plan = plan_of(lab_harness, lab_netbox, lab_fixtures, "DELETE")
    kept = lab_netbox.one("dcim/interfaces", name="c2")["id"]
    with FaultProxy(lab_netbox.url, edit=lambda rows: [row for row in rows if row["id"] != kept]) as proxy:
        lab_harness.configure(url=proxy.url)
        result = lab_harness.approve_and_apply(plan)

    assert verdicts(result) == {"c0": "applied", "c1": "applied", "c2": "failed", "c3": "applied"}
    message = next(v.message for v in result.verdicts if v.key == "c2")
    assert message == "NetBox passed over it; the token's user may not delete this object"


def test_an_answer_that_leaves_out_a_created_object_makes_it_uncertain_until_it_is_read(
    lab_harness: ApplyHarness, lab_netbox: NetBox, lab_fixtures: NetBoxFixtures
) -> None:
    plan = plan_of(lab_harness, lab_netbox, lab_fixtures, "POST")
    with FaultProxy(lab_netbox.url, answer=lambda rows: rows[:-1]) as proxy:
        lab_harness.configure(url=proxy.url)
        first = lab_harness.approve_and_apply(plan)
        assert verdicts(first) == {"c0": "applied", "c1": "applied", "c2": "applied", "c3": "uncertain"}
    lab_harness.configure(url=lab_netbox.url)
    # Through the proxy it was another address of the same NetBox; what is open is settled under its own.
    with FaultProxy(lab_netbox.url, port=proxy.port) as healed:
        lab_harness.configure(url=healed.url)
        assert verdicts(lab_harness.apply(plan)) == {"c3": "applied"}
    addresses = lab_netbox.all("ipam/ip-addresses", parent=f"{lab_fixtures.network}.0/24")
    assert sorted(row["address"] for row in addresses) == [lab_fixtures.ip(n) for n in (1, 2, 3, 4)]


def test_an_edit_in_the_middle_of_an_apply_survives_in_every_kind_of_object(
    lab_harness: ApplyHarness, lab_netbox: NetBox, lab_fixtures: NetBoxFixtures
) -> None:
    """Somebody edits an object just before the request that would change it is passed on."""
    fixtures, netbox = lab_fixtures, lab_netbox
    port = netbox.create("dcim/interfaces", device=fixtures.device["id"], name="p", type="other")
    nic = netbox.create("virtualization/interfaces", virtual_machine=fixtures.vm["id"], name="eth0")
    disk = netbox.create("virtualization/virtual-disks", virtual_machine=fixtures.vm["id"], name="d", size=1)
    vlan = netbox.create("ipam/vlans", vid=7, name="seven", group=fixtures.group["id"])
    address = netbox.create("ipam/ip-addresses", address=fixtures.ip(1))
    mac = netbox.create("dcim/mac-addresses", mac_address="02:00:00:00:00:01")
    vm = netbox.one("virtualization/virtual-machines", id=fixtures.vm["id"])
    kinds = {
        "devices": fixtures.device,
        "clusters": fixtures.cluster,
        "virtual_machines": vm,
        "interfaces": port,
        "vm_interfaces": nic,
        "virtual_disks": disk,
        "vlans": vlan,
        "ip_addresses": address,
        "mac_addresses": mac,
    }
    draft = Draft()
    for resource, row in kinds.items():
        draft.update(resource, resource, row, {"description": ("", "from the source")})
    plan = draft.publish(lab_harness.warehouse)
    paths = {f"/api/{row.object_type}/": (row.object_type, row.netbox_id or 0) for row in plan.changes}

    def edit(method: str, path: str) -> None:
        if method == "PATCH" and path in paths:
            netbox.edit(*paths.pop(path), description="by hand")

    with FaultProxy(netbox.url, before=edit) as proxy:
        lab_harness.configure(url=proxy.url)
        result = lab_harness.approve_and_apply(plan)

    assert verdicts(result) == dict.fromkeys(kinds, "stale")
    found = {r.resource: netbox.one(r.object_type, id=r.netbox_id)["description"] for r in plan.changes}
    assert found == dict.fromkeys(kinds, "by hand")


def test_an_old_plan_on_a_netbox_that_was_reset_touches_no_other_object(
    tmp_path: Path, server: LabNetBox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a reset other objects have the ids that the plan names."""
    harness = ApplyHarness(tmp_path, server.url)
    netbox = NetBox(server.url, server.token)
    fixtures = furnish(netbox)
    ports = [
        netbox.create("dcim/interfaces", device=fixtures.device["id"], name=f"p{n}", type="other")
        for n in (0, 1)
    ]
    draft = Draft()
    draft.update("interfaces", "p0", ports[0], {"description": ("", "x")})
    draft.delete("interfaces", "p1", ports[1])
    plan = draft.publish(harness.warehouse)
    harness.approve(plan)
    port = server.port
    server.stop()
    with LabNetBox(port=port, token=server.token) as fresh:
        other = NetBox(fresh.url, fresh.token)
        there = furnish(other)
        for n in (0, 1):
            other.create("dcim/interfaces", device=there.device["id"], name=f"q{n}", type="other")
        assert verdicts(harness.apply(plan)) == {"p0": "stale", "p1": "stale"}
        found = {row["name"]: row["description"] for row in other.all("dcim/interfaces")}
    assert found == {"q0": "", "q1": ""}
