"""A delete takes away what it says and nothing else."""

from __future__ import annotations

from netbox_sync_dagster.storage.ledger import read_lines
from tests.apply.conftest import ApplyHarness, NetBoxFixtures, verdicts
from tests.apply.drafts import Draft
from tests.support import NetBox


def test_what_hangs_on_an_object_is_not_deleted_along_with_it(
    harness: ApplyHarness, netbox: NetBox, fixtures: NetBoxFixtures
) -> None:
    """NetBox itself would silently delete the addresses, and clear the LAG of its members."""
    device = fixtures.device["id"]
    made = {
        name: netbox.create("dcim/interfaces", device=device, name=name, type=kind)
        for name, kind in (("addressed", "other"), ("macked", "other"), ("lag", "lag"), ("bare", "other"))
    }
    netbox.create("dcim/interfaces", device=device, name="member", type="other", lag=made["lag"]["id"])
    netbox.create(
        "ipam/ip-addresses",
        address=fixtures.ip(1),
        assigned_object_type="dcim.interface",
        assigned_object_id=made["addressed"]["id"],
    )
    netbox.create(
        "dcim/mac-addresses",
        mac_address="02:00:00:00:00:01",
        assigned_object_type="dcim.interface",
        assigned_object_id=made["macked"]["id"],
    )
    vlan = netbox.create("ipam/vlans", vid=7, name="seven", group=fixtures.group["id"])
    netbox.create(
        "dcim/interfaces", device=device, name="access", type="other", mode="access", untagged_vlan=vlan["id"]
    )
    disk = netbox.create("virtualization/virtual-disks", virtual_machine=fixtures.vm["id"], name="d", size=1)
    draft = Draft()
    for name, row in made.items():
        now = netbox.one("dcim/interfaces", id=row["id"])
        draft.delete("interfaces", name, now)
    draft.delete("vlans", "7", vlan)
    draft.delete(
        "virtual_machines", "web", netbox.one("virtualization/virtual-machines", id=fixtures.vm["id"])
    )

    result = harness.approve_and_apply(draft.publish(harness.warehouse))

    assert verdicts(result) == {
        **dict.fromkeys(("addressed", "macked", "lag", "7", "web"), "blocked"),
        "bare": "applied",
    }
    said = {v.key: v.message.partition(" in NetBox")[0] for v in result.verdicts if v.verdict == "blocked"}
    assert said == {
        "addressed": f"IP address {fixtures.ip(1)}",
        "macked": "MAC address 02:00:00:00:00:01",
        "lag": "interface member",
        "7": "interface access",
        "web": "virtual disk d",
    }
    assert {row["name"] for row in netbox.all("dcim/interfaces", device_id=device)} == {
        *("addressed", "macked", "lag", "member", "access")
    }
    assert netbox.one("virtualization/virtual-disks", id=disk["id"])
    assert len(netbox.all("ipam/ip-addresses", device_id=device)) == 1


def test_a_parent_goes_after_its_children_whatever_their_names(
    harness: ApplyHarness, netbox: NetBox, fixtures: NetBoxFixtures
) -> None:
    device = fixtures.device["id"]
    parent = netbox.create("dcim/interfaces", device=device, name="a", type="other")
    child = netbox.create("dcim/interfaces", device=device, name="a.1", type="virtual", parent=parent["id"])
    draft = Draft()
    draft.delete("interfaces", "a", parent)
    draft.delete("interfaces", "a.1", child)

    assert harness.approve_and_apply(draft.publish(harness.warehouse)).ok
    assert netbox.all("dcim/interfaces", device_id=device) == []


def test_the_ledger_keeps_what_a_delete_took_away_beyond_what_the_diff_knew(
    harness: ApplyHarness, netbox: NetBox, fixtures: NetBoxFixtures
) -> None:
    vrf = netbox.create("ipam/vrfs", name=f"blue {fixtures.suffix}")
    port = netbox.create(
        "dcim/interfaces",
        device=fixtures.device["id"],
        name="gone",
        type="1000base-t",
        duplex="full",
        vrf=vrf["id"],
        poe_mode="pd",
    )
    draft = Draft()
    draft.delete("interfaces", "gone", port, fields={"name": ("gone", None)})
    result = harness.approve_and_apply(draft.publish(harness.warehouse))

    file = harness.warehouse.ledger / "applies" / "lab" / f"{result.apply_id}.jsonl"
    [line] = [line for line in read_lines(file) if line["kind"] == "verdict"]
    kept = {item["field"]: item["before"] for item in line["removed"]}
    assert kept["device"] == {"id": fixtures.device["id"], "name": fixtures.device["display"]}
    assert kept["vrf"]["id"] == vrf["id"]
    assert (kept["type"], kept["duplex"], kept["poe_mode"], kept["enabled"]) == (
        "1000base-t",
        "full",
        "pd",
        True,
    )
    assert not {"name", "url", "last_updated", "mac_addresses"} & set(kept)
