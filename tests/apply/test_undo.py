"""Undo: NetBox is as before, through a separate approval, and never over another person's work."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from contract.client import NetBox as Client
from contract.dependents import CASCADES

from netbox_sync_dagster.apply import plan_undo
from netbox_sync_dagster.approve import ApprovalError, open_ledger
from netbox_sync_dagster.cli.app import run
from netbox_sync_dagster.compare.plan import load_plan
from netbox_sync_dagster.sources.netbox.convert import utc_text
from netbox_sync_dagster.storage import WarehouseError
from netbox_sync_lab.netbox import LabNetBox
from tests.apply.conftest import ApplyHarness, NetBoxFixtures, verdicts
from tests.apply.drafts import Draft, of, ref
from tests.apply.undoing import back_and_forth, done, not_applied
from tests.support import NetBox


def furnished(netbox: NetBox, fixtures: NetBoxFixtures) -> dict[str, dict[str, Any]]:
    """A guest with all its dependents and a port, with fields that this product does not know of too."""
    tag = netbox.create("extras/tags", name=f"own {fixtures.suffix}", slug=f"own-{fixtures.suffix}")
    vlan = netbox.create("ipam/vlans", vid=10, name="ten", group=fixtures.group["id"])
    machine = netbox.edit(
        "virtualization/virtual-machines",
        fixtures.vm["id"],
        vcpus=2.5,
        memory=2048,
        comments="kept by hand",
        tags=[{"slug": tag["slug"]}],
    )
    inside = netbox.create(
        "virtualization/interfaces",
        virtual_machine=machine["id"],
        name="eth0",
        mode="access",
        untagged_vlan=vlan["id"],
    )
    child = netbox.create(
        "virtualization/interfaces", virtual_machine=machine["id"], name="eth0.5", parent=inside["id"]
    )
    mac = netbox.create(
        "dcim/mac-addresses",
        mac_address="02:00:00:00:00:AA",
        assigned_object_type="virtualization.vminterface",
        assigned_object_id=inside["id"],
        description=f"of {fixtures.suffix}",
    )
    inside = netbox.edit("virtualization/interfaces", inside["id"], primary_mac_address=mac["id"])
    address = netbox.create(
        "ipam/ip-addresses",
        address=fixtures.ip(9),
        assigned_object_type="virtualization.vminterface",
        assigned_object_id=inside["id"],
        dns_name="web.example.org",
    )
    disk = netbox.create(
        "virtualization/virtual-disks", virtual_machine=machine["id"], name=f"d {fixtures.suffix}", size=10
    )
    machine = netbox.edit("virtualization/virtual-machines", machine["id"], primary_ip4=address["id"])
    port = netbox.create(
        "dcim/interfaces",
        device=fixtures.device["id"],
        name="Gi0/9",
        type="1000base-t",
        description="by hand",
    )
    return {
        "vlan": vlan,
        "vm": machine,
        "inside": inside,
        "child": child,
        "mac": mac,
        "address": address,
        "disk": disk,
        "port": port,
    }


def draft(fixtures: NetBoxFixtures, there: dict[str, dict[str, Any]]) -> Draft:
    """Creates of all kinds on the device, updates of the port, deletes of the guest and its dependents."""
    made = Draft()
    device = of(fixtures.device)
    assigned = ref("interfaces", "new", type="dcim.interface")
    made.create("vlans", "20", {"vid": 20, "name": "twenty", "group": of(fixtures.group)})
    made.create("interfaces", "new", {"device": device, "name": "new", "type": "other", "mtu": 9000})
    made.create("mac_addresses", "m", {"mac_address": "02:00:00:00:00:01", "assigned_object": assigned})
    made.add(
        "primary_macs",
        "update",
        "new",
        {"primary_mac_address": (None, ref("mac_addresses", "m"))},
        object_type="dcim/interfaces",
        target=json.dumps({"key": "new", "name": "new", "ref": "interfaces"}, sort_keys=True),
    )
    made.create("ip_addresses", "a", {"address": fixtures.ip(1), "assigned_object": assigned})
    made.update(
        "primary_ips",
        "sw1",
        fixtures.device,
        {"primary_ip4": (None, ref("ip_addresses", "a"))},
    )
    made.update(
        "interfaces",
        "Gi0/9",
        there["port"],
        {
            "description": ("by hand", "uplink"),
            "mode": (None, "access"),
            "untagged_vlan": (None, ref("vlans", "20")),
        },
    )
    vm = of(fixtures.vm)
    on = {**of(there["inside"]), "type": "virtualization.vminterface"}
    gone = {
        "disk": ("virtual_disks", {"virtual_machine": vm, "name": there["disk"]["name"], "size": 10}),
        "address": ("ip_addresses", {"address": fixtures.ip(9), "assigned_object": on}),
        "mac": ("mac_addresses", {"mac_address": "02:00:00:00:00:AA", "assigned_object": on}),
        "child": ("vm_interfaces", {"virtual_machine": vm, "name": "eth0.5"}),
        "inside": (
            "vm_interfaces",
            {"virtual_machine": vm, "name": "eth0", "primary_mac_address": of(there["mac"])},
        ),
        "vm": ("virtual_machines", {"name": fixtures.vm["name"], "primary_ip4": of(there["address"])}),
    }
    for key, (resource, content) in gone.items():
        made.delete(resource, key, there[key], fields={n: (v, None) for n, v in content.items()})
    return made


def test_after_an_undo_netbox_is_as_before_and_after_its_undo_as_applied(
    harness: ApplyHarness, netbox: NetBox, fixtures: NetBoxFixtures
) -> None:
    """A10."""
    there = furnished(netbox, fixtures)
    # The disk and the primary address moved the machine.
    there["vm"] = netbox.one("virtualization/virtual-machines", id=fixtures.vm["id"])
    back_and_forth(harness, netbox, fixtures, draft(fixtures, there).publish(harness.warehouse))
    con = open_ledger(harness.warehouse)
    said = con.execute("SELECT apply_id, undoes FROM ledger.applies ORDER BY started").fetchall()
    con.close()
    ids = [apply_id for apply_id, _ in said]
    assert [undoes for _, undoes in said] == [None, *ids[:3]]


def test_nothing_is_undone_without_an_approval(
    harness: ApplyHarness, netbox: NetBox, fixtures: NetBoxFixtures
) -> None:
    made = Draft()
    made.update("devices", "sw1", fixtures.device, {"serial": ("", "X1")})
    first = done(harness, made.publish(harness.warehouse))

    plan = plan_undo(harness.warehouse, harness.target, first)
    assert plan.name == f"undo-{first}"
    assert harness.apply(plan).verdicts == []
    assert netbox.one("dcim/devices", id=fixtures.device["id"])["serial"] == "X1"
    done(harness, load_plan(harness.warehouse, plan.name))
    assert netbox.one("dcim/devices", id=fixtures.device["id"])["serial"] == ""


def test_what_was_changed_since_is_a_conflict_and_stays_with_what_it_uses(
    harness: ApplyHarness, netbox: NetBox, fixtures: NetBoxFixtures
) -> None:
    made = Draft()
    made.create("vlans", "20", {"vid": 20, "name": "twenty", "group": of(fixtures.group)})
    port = {"device": of(fixtures.device), "type": "other"}
    made.create(
        "interfaces",
        "edited",
        {**port, "name": "edited", "mode": "access", "untagged_vlan": ref("vlans", "20")},
    )
    made.create("interfaces", "gone", {**port, "name": "gone"})
    made.create("interfaces", "free", {**port, "name": "free"})
    made.update("devices", "sw1", fixtures.device, {"serial": ("", "X1")})
    result = harness.approve_and_apply(made.publish(harness.warehouse))
    ids = {row["name"]: row["id"] for row in netbox.all("dcim/interfaces", device_id=fixtures.device["id"])}
    edited = utc_text(netbox.edit("dcim/interfaces", ids["edited"], description="mine")["last_updated"])
    netbox.delete("dcim/interfaces", ids["gone"])
    commented = utc_text(netbox.edit("dcim/devices", fixtures.device["id"], comments="mine")["last_updated"])

    plan = plan_undo(harness.warehouse, harness.target, result.apply_id or "")
    assert {row.key: (row.action, row.reason) for row in plan.rows} == {
        "edited": ("conflict", f"it was changed in NetBox since (last_updated {edited})"),
        "gone": ("conflict", "it is gone from NetBox since"),
        "free": ("delete", None),
        "20": (
            "conflict",
            f"interfaces edited uses it and stays: it was changed in NetBox since (last_updated {edited})",
        ),
        "sw1": ("conflict", f"it was changed in NetBox since (last_updated {commented})"),
    }
    subjects = {row.key: (row.cause, row.subject and json.loads(row.subject)) for row in plan.rows}
    assert subjects == {
        "edited": ("changed_since", {"last_updated": edited}),
        "gone": ("gone_since", {}),
        "free": (None, None),
        "20": (
            "used_by_what_stays",
            {
                "resource": "interfaces",
                "key": "edited",
                "because": {"cause": "changed_since", "last_updated": edited},
            },
        ),
        "sw1": ("changed_since", {"last_updated": commented}),
    }
    assert {field.cause for row in plan.rows if row.key == "sw1" for field in row.fields} == {"changed_since"}
    assert verdicts(harness.approve_and_apply(plan)) == {"free": "applied"}
    left = {
        row["name"]: row["description"]
        for row in netbox.all("dcim/interfaces", device_id=fixtures.device["id"])
    }
    assert left == {"edited": "mine"}
    assert netbox.one("dcim/devices", id=fixtures.device["id"])["serial"] == "X1"


def test_an_edit_between_the_undo_plan_and_its_apply_survives(
    harness: ApplyHarness, netbox: NetBox, fixtures: NetBoxFixtures
) -> None:
    made = Draft()
    made.update("devices", "sw1", fixtures.device, {"serial": ("", "X1")})
    result = harness.approve_and_apply(made.publish(harness.warehouse))
    plan = plan_undo(harness.warehouse, harness.target, result.apply_id or "")
    harness.approve(plan)
    netbox.edit("dcim/devices", fixtures.device["id"], comments="mine")

    assert verdicts(harness.apply(plan)) == {"sw1": "stale"}
    assert netbox.one("dcim/devices", id=fixtures.device["id"])["serial"] == "X1"


def test_a_created_object_on_which_somebody_put_something_is_not_deleted(
    harness: ApplyHarness, netbox: NetBox, fixtures: NetBoxFixtures
) -> None:
    made = Draft()
    made.create("interfaces", "new", {"device": of(fixtures.device), "name": "new", "type": "other"})
    result = harness.approve_and_apply(made.publish(harness.warehouse))
    netbox.create(
        "ipam/ip-addresses",
        address=fixtures.ip(1),
        assigned_object_type="dcim.interface",
        assigned_object_id=result.verdicts[0].netbox_id,
    )
    # NetBox does not move an interface when it gets an address: last_updated alone would let this pass.
    plan = plan_undo(harness.warehouse, harness.target, result.apply_id or "")
    assert [(row.key, row.action, row.reason) for row in plan.rows] == [
        (
            "new",
            "conflict",
            f"IP address {fixtures.ip(1)} in NetBox would go with it or lose it, and no change says so",
        )
    ]
    assert plan.changes == []
    assert len(netbox.all("ipam/ip-addresses", device_id=fixtures.device["id"])) == 1


def test_what_hangs_on_what_an_apply_made_is_named_by_the_plan_of_its_undo(
    harness: ApplyHarness, netbox: NetBox, fixtures: NetBoxFixtures
) -> None:
    """Undo of creates: their dependents would be deleted too, and no undo could restore them."""
    made = Draft()
    port = {"device": of(fixtures.device), "type": "virtual"}
    for name in ("tunnel", "l2vpn", "journal", "free"):
        made.create("interfaces", name, {**port, "name": name})
    made.create("vlans", "20", {"vid": 20, "name": "twenty", "group": of(fixtures.group)})
    made.create("vlans", "21", {"vid": 21, "name": "twenty-one", "group": of(fixtures.group)})
    machine = {"name": f"vm-{fixtures.suffix}", "cluster": of(fixtures.cluster)}
    made.create("virtual_machines", "vm", machine)
    result = harness.approve_and_apply(made.publish(harness.warehouse))
    assert not_applied(result) == []
    ids = {v.key: v.netbox_id for v in result.verdicts}
    client = Client(netbox.url, netbox.http.headers["Authorization"])
    names = {}
    for key, word, kind in (
        ("tunnel", "tunnel termination", "dcim.interface"),
        ("l2vpn", "L2VPN termination", "dcim.interface"),
        ("journal", "journal entry", "dcim.interface"),
        ("vm", "service", "virtualization.virtualmachine"),
        ("20", "L2VPN termination", "ipam.vlan"),
    ):
        names[key] = f"{word} {CASCADES[word][1](client, kind, ids[key])['display']}"
    prefix = client.new("ipam/prefixes", {"prefix": f"{fixtures.network}.0/24", "vlan": ids["21"]})
    names["21"] = f"prefix {prefix['display']}"

    plan = plan_undo(harness.warehouse, harness.target, result.apply_id or "")

    assert {row.key: (row.action, row.reason) for row in plan.rows} == {
        **{
            key: ("conflict", f"{name} in NetBox would go with it or lose it, and no change says so")
            for key, name in names.items()
        },
        "free": ("delete", None),
    }
    client.clean()
    client.http.close()
    plan = plan_undo(harness.warehouse, harness.target, result.apply_id or "")
    assert verdicts(harness.approve_and_apply(plan)) == dict.fromkeys((*names, "free"), "applied")


def test_an_undo_counts_against_the_limit_like_any_plan(
    lab_harness: ApplyHarness,
    lab_netbox: NetBox,
    lab_fixtures: NetBoxFixtures,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    made = Draft()
    for vid in range(1, 13):
        made.create("vlans", str(vid), {"vid": vid, "name": str(vid), "group": of(lab_fixtures.group)})
    result = lab_harness.approve_and_apply(made.publish(lab_harness.warehouse, existing={"vlans": 8}))
    plan = plan_undo(lab_harness.warehouse, lab_harness.target, result.apply_id or "")

    with pytest.raises(
        ApprovalError, match=r"updates or deletes 12 of the 20 vlans in NetBox \(60 %, limit 30 %\)"
    ):
        lab_harness.approve(plan)
    # The command line says so, and how to approve it all the same.
    config = tmp_path / "limit.yaml"
    endpoint = "{name: lab, kind: librenms, url: http://127.0.0.1:1}"
    config.write_text(f"netbox: {{url: '{lab_netbox.url}'}}\nendpoints: [{endpoint}]\n", encoding="utf-8")
    home = str(lab_harness.warehouse.home)
    assert run(["--config", str(config), "--home", home, "undo", str(result.apply_id)]) == 0
    assert capsys.readouterr().out.splitlines()[-2:] == [
        "over the limit: it updates or deletes 12 of the 20 vlans in NetBox (60 %, limit 30 %): 6 may be approved without "
        "an override",
        f'next: netbox-sync approve {plan.name} --action delete --override-limit "REASON", '
        f"then: netbox-sync apply {plan.name}",
    ]
    lab_harness.approve(plan, override_limit="a mistake")
    assert lab_harness.apply(plan).ok


def test_applies_that_cannot_be_undone_are_named(
    server: LabNetBox,
    lab_harness: ApplyHarness,
    lab_fixtures: NetBoxFixtures,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with pytest.raises(ApprovalError, match=r"the ledger has no apply 'nonsense'.*ledger.applies"):
        plan_undo(lab_harness.warehouse, lab_harness.target, "nonsense")
    with pytest.raises(WarehouseError, match="make it with: netbox-sync undo 20260101T000000000Z-abcd"):
        load_plan(lab_harness.warehouse, "undo-20260101T000000000Z-abcd")
    made = Draft()
    made.update("devices", "sw1", lab_fixtures.device, {"serial": ("", "X1")})
    result = lab_harness.approve_and_apply(made.publish(lab_harness.warehouse))
    with LabNetBox() as other:
        monkeypatch.setenv("NETBOX_TOKEN", other.token)
        lab_harness.configure(url=other.url)
        with pytest.raises(ApprovalError, match=f"wrote to {server.url}, and netbox.url is {other.url}"):
            plan_undo(lab_harness.warehouse, lab_harness.target, result.apply_id or "")
