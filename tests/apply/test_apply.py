"""What is written: the approved changes, field for field, in an order that works."""

from __future__ import annotations

from netbox_sync_dagster.compare.plan import Plan
from netbox_sync_lab.netbox import LabNetBox
from tests.apply.conftest import ApplyHarness, NetBoxFixtures, verdicts
from tests.apply.drafts import Draft, of, ref
from tests.support import NetBox


def new_switch(fixtures: NetBoxFixtures, draft: Draft) -> dict[str, str]:
    """A device with two ports in a LAG, a VLAN, a MAC address and a primary address; all by reference."""
    port, lag, device = "sw2:Gi0/1", "sw2:Po1", "sw2"
    name = f"sw2-{fixtures.suffix}"
    return {
        "primary_ip": draft.add(
            "primary_ips",
            "update",
            device,
            {"primary_ip4": (None, ref("ip_addresses", fixtures.ip(1)))},
            target='{"key": "sw2", "ref": "devices"}',
        ),
        "ip": draft.create(
            "ip_addresses",
            fixtures.ip(1),
            {
                "address": fixtures.ip(1),
                "status": "active",
                "vrf": None,
                "assigned_object": ref("interfaces", port, type="dcim.interface"),
            },
        ),
        "primary_mac": draft.add(
            "primary_macs",
            "update",
            port,
            {"primary_mac_address": (None, ref("mac_addresses", port))},
            object_type="dcim/interfaces",
            target='{"key": "sw2:Gi0/1", "ref": "interfaces"}',
        ),
        "mac": draft.create(
            "mac_addresses",
            port,
            {
                "mac_address": "00:11:22:33:44:55",
                "assigned_object": ref("interfaces", port, type="dcim.interface"),
            },
        ),
        "port": draft.create(
            "interfaces",
            port,
            {
                "device": ref("devices", device),
                "name": "Gi0/1",
                "type": "1000base-t",
                "enabled": True,
                "mtu": None,
                "lag": ref("interfaces", lag),
                "mode": "tagged",
                "tagged_vlans": [ref("vlans", "90")],
            },
        ),
        "lag": draft.create(
            "interfaces", lag, {"device": ref("devices", device), "name": "Po1", "type": "lag"}
        ),
        "vlan": draft.create(
            "vlans", "90", {"vid": 90, "name": "voice", "status": "active", "group": of(fixtures.group)}
        ),
        "device": draft.create(
            "devices",
            device,
            {
                "name": name,
                "device_type": of(fixtures.device_type),
                "role": of(fixtures.role),
                "site": of(fixtures.site),
                "status": "active",
            },
        ),
    }


def test_new_objects_are_created_in_the_order_of_their_references(
    harness: ApplyHarness, netbox: NetBox, fixtures: NetBoxFixtures
) -> None:
    draft = Draft()
    new_switch(fixtures, draft)
    plan = draft.publish(harness.warehouse)

    result = harness.approve_and_apply(plan)

    assert result.ok and result.counts == {
        "applied": 8,
        "stale": 0,
        "failed": 0,
        "blocked": 0,
        "uncertain": 0,
    }, result.verdicts
    device = netbox.one("dcim/devices", name=f"sw2-{fixtures.suffix}")
    port = netbox.one("dcim/interfaces", device_id=device["id"], name="Gi0/1")
    assert device["primary_ip4"]["address"] == fixtures.ip(1)
    assert port["lag"]["name"] == "Po1"
    assert [vlan["vid"] for vlan in port["tagged_vlans"]] == [90]
    assert port["primary_mac_address"]["mac_address"] == "00:11:22:33:44:55"
    assert port["mtu"] is None


def test_an_empty_approval_writes_nothing_and_asks_nothing(
    server: LabNetBox, lab_harness: ApplyHarness
) -> None:
    draft = Draft()
    draft.create("tags", "t", {"name": "t", "slug": "t"})
    plan = draft.publish(lab_harness.warehouse)
    lab_harness.approve(plan, [])

    result = lab_harness.apply(plan)

    assert result.verdicts == [] and result.apply_id is None
    assert server.requests == []


def test_applying_the_same_approved_set_twice_writes_once(
    server: LabNetBox, lab_harness: ApplyHarness, lab_fixtures: NetBoxFixtures
) -> None:
    draft = Draft()
    new_switch(lab_fixtures, draft)
    plan = draft.publish(lab_harness.warehouse)
    lab_harness.approve_and_apply(plan)
    server.reset_requests()

    again = lab_harness.apply(plan)

    assert again.ok and again.verdicts == []
    assert server.requests == []


def test_approving_again_what_was_applied_since_the_diff_writes_nothing(
    server: LabNetBox, lab_harness: ApplyHarness, lab_fixtures: NetBoxFixtures
) -> None:
    draft = Draft()
    new_switch(lab_fixtures, draft)
    plan = draft.publish(lab_harness.warehouse)
    lab_harness.approve_and_apply(plan)
    server.reset_requests()

    again = lab_harness.approve_and_apply(plan)

    assert again.ok and again.counts["applied"] == 8
    assert {v.message for v in again.verdicts} == {"applied before; not written again"}
    assert server.requests == []


def test_an_object_that_somebody_deleted_comes_back_only_by_a_new_approval(
    lab_harness: ApplyHarness, lab_netbox: NetBox, lab_fixtures: NetBoxFixtures
) -> None:
    def diff() -> Plan:
        draft = Draft()
        draft.create("vlans", "10", {"vid": 10, "name": "ten", "group": of(lab_fixtures.group)})
        return draft.publish(lab_harness.warehouse, target_snapshot=lab_harness.warehouse.new_id())

    lab_harness.approve_and_apply(diff())
    lab_netbox.delete("ipam/vlans", lab_netbox.one("ipam/vlans", vid=10)["id"])

    plan = diff()
    assert lab_harness.apply(plan).verdicts == []
    assert lab_netbox.all("ipam/vlans", vid=10) == []

    assert verdicts(lab_harness.approve_and_apply(plan)) == {"10": "applied"}
    assert lab_netbox.one("ipam/vlans", vid=10)["name"] == "ten"


def test_only_the_approved_changes_are_written_and_what_needs_another_is_blocked_by_it(
    harness: ApplyHarness, netbox: NetBox, fixtures: NetBoxFixtures
) -> None:
    draft = Draft()
    ids = new_switch(fixtures, draft)
    plan = draft.publish(harness.warehouse)

    result = harness.approve_and_apply(plan, [ids["vlan"], ids["lag"]])

    assert verdicts(result) == {"90": "applied", "sw2:Po1": "blocked"}
    assert result.verdicts[1].message == f"needs create devices sw2 ({ids['device']}): not approved"
    assert not result.ok
    assert netbox.all("dcim/devices", name=f"sw2-{fixtures.suffix}") == []

    harness.approve(plan, [ids["device"]], decision="reject")
    [again] = harness.apply(plan).verdicts
    assert again.message == f"needs create devices sw2 ({ids['device']}): rejected"


def test_a_second_approval_of_the_same_diff_goes_on_where_the_first_ended(
    harness: ApplyHarness, netbox: NetBox, fixtures: NetBoxFixtures
) -> None:
    draft = Draft()
    ids = new_switch(fixtures, draft)
    plan = draft.publish(harness.warehouse)
    harness.approve_and_apply(plan, [ids["device"], ids["vlan"], ids["lag"], ids["port"]])

    result = harness.approve_and_apply(plan, [ids["mac"], ids["primary_mac"], ids["ip"], ids["primary_ip"]])

    assert result.ok
    device = netbox.one("dcim/devices", name=f"sw2-{fixtures.suffix}")
    assert device["primary_ip4"]["address"] == fixtures.ip(1)


def test_an_update_writes_its_fields_and_leaves_the_others_alone(
    harness: ApplyHarness, netbox: NetBox, fixtures: NetBoxFixtures
) -> None:
    for slug in ("a", "b", "c"):
        netbox.create("extras/tags", name=f"{slug} {fixtures.suffix}", slug=f"{slug}-{fixtures.suffix}")
    a, b, c = (f"{slug}-{fixtures.suffix}" for slug in ("a", "b", "c"))
    port = netbox.create(
        "dcim/interfaces",
        device=fixtures.device["id"],
        name="Gi0/1",
        type="1000base-t",
        description="uplink",
        label="keep",
        mtu=1500,
        tags=[{"slug": a}, {"slug": b}],
    )
    draft = Draft()
    draft.update(
        "interfaces",
        "sw1:Gi0/1",
        port,
        {"description": ("uplink", ""), "mtu": (1500, None), "tags": ([a], [c])},
    )
    result = harness.approve_and_apply(draft.publish(harness.warehouse))

    assert result.ok and result.verdicts[0].message == "", result.verdicts
    found = netbox.one("dcim/interfaces", id=port["id"])
    assert (found["description"], found["mtu"], found["label"]) == ("", None, "keep")
    assert sorted(tag["slug"] for tag in found["tags"]) == [b, c]
    assert result.verdicts[0].last_updated == found["last_updated"]


def test_two_updates_of_one_object_follow_each_other(
    harness: ApplyHarness, netbox: NetBox, fixtures: NetBoxFixtures
) -> None:
    port = netbox.create("dcim/interfaces", device=fixtures.device["id"], name="Gi0/1", type="other")
    draft = Draft()
    draft.create(
        "mac_addresses",
        "m",
        {"mac_address": "00:11:22:33:44:66", "assigned_object": of(port, type="dcim.interface")},
    )
    draft.update("interfaces", "sw1:Gi0/1", port, {"description": ("", "uplink")})
    draft.update(
        "primary_macs",
        "sw1:Gi0/1",
        port,
        {"primary_mac_address": (None, ref("mac_addresses", "m"))},
        object_type="dcim/interfaces",
    )
    result = harness.approve_and_apply(draft.publish(harness.warehouse))

    assert result.ok, result.verdicts
    found = netbox.one("dcim/interfaces", id=port["id"])
    assert found["description"] == "uplink"
    assert found["primary_mac_address"]["mac_address"] == "00:11:22:33:44:66"


def test_custom_fields_are_written_one_by_one(
    harness: ApplyHarness, netbox: NetBox, fixtures: NetBoxFixtures
) -> None:
    one, other = f"one_{fixtures.suffix}", f"other_{fixtures.suffix}"
    for name in (one, other):
        netbox.create("extras/custom-fields", name=name, type="integer", object_types=["dcim.device"])
    device = netbox.edit("dcim/devices", fixtures.device["id"], custom_fields={one: 1, other: 2})
    draft = Draft()
    draft.update("devices", "sw1", device, {f"cf.{one}": (1, 42)})

    assert harness.approve_and_apply(draft.publish(harness.warehouse)).ok
    found = netbox.one("dcim/devices", id=device["id"])["custom_fields"]
    assert (found[one], found[other]) == (42, 2)


def test_deletes_come_last_and_children_first(
    harness: ApplyHarness, netbox: NetBox, fixtures: NetBoxFixtures
) -> None:
    vm = fixtures.vm
    nic = netbox.create("virtualization/interfaces", virtual_machine=vm["id"], name="eth0")
    ip = netbox.create(
        "ipam/ip-addresses",
        address=fixtures.ip(9),
        assigned_object_type="virtualization.vminterface",
        assigned_object_id=nic["id"],
    )
    vm = netbox.edit("virtualization/virtual-machines", vm["id"], primary_ip4=ip["id"])
    disk = netbox.create("virtualization/virtual-disks", virtual_machine=vm["id"], name="scsi0", size=1024)
    draft = Draft()
    draft.delete("virtual_machines", "web", vm)
    draft.delete("vm_interfaces", "web:eth0", nic)
    draft.delete("ip_addresses", fixtures.ip(9), ip)
    draft.delete("virtual_disks", "web:scsi0", disk)
    plan = draft.publish(harness.warehouse)

    result = harness.approve_and_apply(plan)

    # The address was the machine's primary one: deleting it moved the machine's last_updated.
    assert [(v.key, v.verdict) for v in result.verdicts] == [
        ("web:scsi0", "applied"),
        (fixtures.ip(9), "applied"),
        ("web:eth0", "applied"),
        ("web", "applied"),
    ]
    assert netbox.all("virtualization/virtual-machines", id=vm["id"]) == []


def test_a_name_is_freed_before_it_is_taken(
    harness: ApplyHarness, netbox: NetBox, fixtures: NetBoxFixtures
) -> None:
    rows = [
        netbox.create("dcim/interfaces", device=fixtures.device["id"], name=name, type="other")
        for name in ("Gi0/1", "Gi0/2")
    ]
    draft = Draft()
    draft.update("interfaces", "a", rows[0], {"name": ("Gi0/1", "Gi0/2")})
    draft.update("interfaces", "b", rows[1], {"name": ("Gi0/2", "Gi0/3")})

    result = harness.approve_and_apply(draft.publish(harness.warehouse))

    assert result.ok, result.verdicts
    assert netbox.one("dcim/interfaces", id=rows[0]["id"])["name"] == "Gi0/2"


def test_every_change_carries_its_id_into_netbox_changelog(
    harness: ApplyHarness, netbox: NetBox, fixtures: NetBoxFixtures
) -> None:
    draft = Draft()
    made = draft.update("devices", "sw1", fixtures.device, {"serial": ("", "X1")})
    result = harness.approve_and_apply(draft.publish(harness.warehouse))

    entries = netbox.all(
        "core/object-changes", changed_object_type="dcim.device", changed_object_id=fixtures.device["id"]
    )
    newest = max(entries, key=lambda entry: entry["time"])
    # NetBox has messages since 4.4.
    assert newest.get("message") == (f"netbox-sync lab {made}" if netbox.version >= (4, 4) else None)
    assert newest["request_id"] == result.verdicts[0].request_id


def test_a_journal_entry_per_device_and_machine_touched(
    harness: ApplyHarness, netbox: NetBox, fixtures: NetBoxFixtures
) -> None:
    harness.configure(journal=True)
    draft = Draft()
    draft.create("interfaces", "a", {"device": of(fixtures.device), "name": "a", "type": "other"})
    draft.create("interfaces", "b", {"device": of(fixtures.device), "name": "b", "type": "other"})
    draft.create("vm_interfaces", "c", {"virtual_machine": of(fixtures.vm), "name": "c"})
    result = harness.approve_and_apply(draft.publish(harness.warehouse))

    assert result.ok and result.notes == []
    entry = netbox.one(
        "extras/journal-entries", assigned_object_type="dcim.device", assigned_object_id=fixtures.device["id"]
    )
    assert entry["comments"] == f"netbox-sync lab apply {result.apply_id}: interfaces.create 2"
    entry = netbox.one(
        "extras/journal-entries",
        assigned_object_type="virtualization.virtualmachine",
        assigned_object_id=fixtures.vm["id"],
    )
    assert entry["comments"] == f"netbox-sync lab apply {result.apply_id}: vm_interfaces.create 1"
