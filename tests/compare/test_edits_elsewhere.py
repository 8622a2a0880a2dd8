"""What is edited in NetBox makes an endpoint's rows again only if it has something in common with the endpoint."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from netbox_sync_dagster.compare.edits import Edits
from netbox_sync_dagster.compare.plan import Plan, load_plan
from netbox_sync_lab.librenms import LibreNMSState
from tests.compare.test_carry_over import carried_from, content
from tests.compare.together import Basics
from tests.kept import begun
from tests.support import NetBox, Pipeline, rows

SETTINGS = {
    "id_scope": "lyon",
    "id_field": "librenms_id",
    "node_field": "librenms_id",
    "id_fields": ["librenms_id"],
}
GUESTS = {"id_scope": "pve", "id_field": "vm_id", "node_field": None, "cluster_field": "vm_cluster"}


@pytest.fixture
def strange(pipeline: Pipeline, state: LibreNMSState, netbox: NetBox) -> dict[str, Any]:
    """The port of a device that no source shows, in NetBox after the first whole comparisons of a switch, whose rows it
    does not change. The switch has two addresses and a serial number, all applied to NetBox."""

    def make() -> None:
        device = state.add_device("sw1", hardware="C9300-48P", serial="FCW1")
        port = state.add_port(device, "Gi1/0/1", ifAlias="uplink", ifPhysAddress="02500000aa01")
        state.add_ipv4(port, "10.0.0.1", 24)
        state.add_ipv6(port, "2001:db8::1", 64)
        pipeline.apply_all()
        pipeline.sync()
        stranger(netbox)
        assert is_carried(pipeline)

    begun("strange", pipeline, [state], make)
    return netbox.one("dcim/interfaces", device="stranger")


def is_carried(pipeline: Pipeline, *, only_ask: bool = False) -> bool:
    """Whether the next sync keeps the rows of the last diff; with ``only_ask`` that sync ends as soon as that is known."""
    if only_ask:
        return not pipeline.comes_to("match.")
    return carried_from(pipeline.sync()) is not None


def plan(pipeline: Pipeline) -> Plan:
    return load_plan(pipeline.warehouse, pipeline.name)


def stranger(netbox: NetBox, name: str = "stranger") -> dict[str, Any]:
    """A device of the same make, role and site that no source shows, with one port."""
    like = netbox.one("dcim/devices", name="sw1")
    same = {field: like[field]["id"] for field in ("device_type", "role", "site")}
    device = netbox.create("dcim/devices", name=name, status="active", **same)
    return netbox.create("dcim/interfaces", device=device["id"], name="Gi1/0/1", type="1000base-t")


def test_what_has_nothing_in_common_keeps_the_rows(
    pipeline: Pipeline, netbox: NetBox, strange: dict[str, Any]
) -> None:
    port = strange
    netbox.edit("dcim/interfaces", port["id"], description="edited")
    address = netbox.create(
        "ipam/ip-addresses",
        address="192.0.2.7/24",
        assigned_object_type="dcim.interface",
        assigned_object_id=port["id"],
    )
    netbox.create("extras/tags", name="not known here", slug="not-known-here", color="00ff00")
    assert is_carried(pipeline)
    netbox.edit("dcim/devices", port["device"]["id"], primary_ip4=address["id"], serial="FCW2")
    assert is_carried(pipeline)
    netbox.delete("dcim/devices", port["device"]["id"])
    assert is_carried(pipeline)
    # The same as if everything is compared.
    kept = content(plan(pipeline))
    netbox.create("dcim/sites", name="Nice", slug="nice", status="active")
    assert not is_carried(pipeline)
    assert content(plan(pipeline)) == kept


def test_an_edit_of_a_table_that_the_comparison_does_not_read_keeps_the_rows(
    pipeline: Pipeline, netbox: NetBox, strange: dict[str, Any]
) -> None:
    prefix = netbox.create("ipam/prefixes", prefix="10.0.0.0/25", status="active")
    assert is_carried(pipeline)
    # With this policy prefixes count: for masks that are those of a host.
    pipeline.configure(policies={"host_masks": "prefix"})
    assert not is_carried(pipeline)
    # The first comparison after it may still depend on what an earlier one remembered.
    assert is_carried(pipeline)
    netbox.edit("ipam/prefixes", prefix["id"], prefix="10.0.0.0/26")
    assert not is_carried(pipeline)
    pipeline.configure(policies={"host_masks": "source"})
    assert not is_carried(pipeline)
    netbox.delete("ipam/prefixes", prefix["id"])
    assert is_carried(pipeline)


def test_a_vlan_matters_by_its_vid_its_name_and_the_interfaces_that_have_it(
    pipeline: Pipeline, state: LibreNMSState, netbox: NetBox, strange: dict[str, Any]
) -> None:
    port = netbox.one("dcim/interfaces", device="sw1")
    group = netbox.one("ipam/vlan-groups", slug="paris-vlans")["id"]
    state.add_vlan(state.devices[0], 10, "office")
    pipeline.apply_all()
    pipeline.sync()
    other = netbox.create("ipam/vlans", vid=99, name="other", group=group)["id"]
    assert is_carried(pipeline)
    netbox.edit("dcim/interfaces", strange["id"], mode="access", untagged_vlan=other)
    assert is_carried(pipeline)
    netbox.edit("ipam/vlans", other, name="renamed")
    assert is_carried(pipeline)
    # With the VID, by which a VLAN is found; or on a port of the switch.
    netbox.edit("ipam/vlans", other, vid=10, group=None)
    assert not is_carried(pipeline, only_ask=True)
    netbox.edit("ipam/vlans", other, vid=99)
    assert is_carried(pipeline)
    netbox.edit("dcim/interfaces", port["id"], mode="tagged", tagged_vlans=[other])
    assert not is_carried(pipeline)
    assert is_carried(pipeline)
    netbox.edit("ipam/vlans", other, name="renamed again")
    assert not is_carried(pipeline)
    # Of the name that the switch knows, in its group, where a name may be there once.
    netbox.edit("dcim/interfaces", port["id"], mode="", tagged_vlans=[])
    netbox.edit("ipam/vlans", netbox.one("ipam/vlans", vid=10)["id"], name="was office")
    assert not is_carried(pipeline)
    assert is_carried(pipeline)
    netbox.edit("ipam/vlans", other, name="office", group=group)
    assert not is_carried(pipeline)
    assert [r.reason for r in rows(plan(pipeline), "vlans", "conflict")] == [
        "name: VLAN 99 of the group has the name office already"
    ]


def test_a_diff_that_does_not_say_what_it_read_is_made_again(
    pipeline: Pipeline, netbox: NetBox, strange: dict[str, Any]
) -> None:
    manifest = _manifest(pipeline)
    content_ = json.loads(manifest.read_text())
    assert {"devices", "interfaces", "custom_fields"} < set(content_["netbox_tables"])
    del content_["netbox_tables"]
    manifest.write_text(json.dumps(content_))
    netbox.create("ipam/prefixes", prefix="10.0.0.0/25", status="active")
    assert not is_carried(pipeline)


@pytest.mark.parametrize(
    "edit",
    [
        {"name": "SW1.example.org"},
        {"serial": "fcw1"},
        {"custom_fields": {"librenms_id": {"production": 4711}}},
    ],
)
def test_one_name_serial_number_or_id_in_common_is_enough(
    edit: dict[str, Any], pipeline: Pipeline, netbox: NetBox, strange: dict[str, Any]
) -> None:
    netbox.edit("dcim/devices", strange["device"]["id"], **edit)
    assert not is_carried(pipeline, only_ask=True)


def test_one_address_in_common_is_enough_and_so_is_a_tie(
    pipeline: Pipeline, netbox: NetBox, strange: dict[str, Any]
) -> None:
    host = netbox.create(
        "virtualization/virtual-machines",
        name="on a stranger",
        status="active",
        site=netbox.one("dcim/devices", name="sw1")["site"]["id"],
    )
    assert is_carried(pipeline)
    vrf = netbox.create("ipam/vrfs", name="other")
    assert not is_carried(pipeline)
    # The switch's address, in that VRF, on something that the switch knows nothing of.
    address = netbox.create(
        "ipam/ip-addresses",
        address="10.0.0.1/32",
        vrf=vrf["id"],
        assigned_object_type="dcim.interface",
        assigned_object_id=strange["id"],
    )
    assert not is_carried(pipeline, only_ask=True)
    netbox.delete("ipam/ip-addresses", address["id"])
    # Its IPv6 address, written otherwise, on nothing.
    address = netbox.create("ipam/ip-addresses", address="2001:DB8:0::1/128", vrf=vrf["id"])
    assert not is_carried(pipeline, only_ask=True)
    netbox.delete("ipam/ip-addresses", address["id"])
    # A virtual machine on the switch itself.
    netbox.edit(
        "virtualization/virtual-machines", host["id"], device=netbox.one("dcim/devices", name="sw1")["id"]
    )
    assert not is_carried(pipeline, only_ask=True)


def test_a_name_that_the_source_has_since_the_last_edit_is_in_common(
    pipeline: Pipeline, state: LibreNMSState, netbox: NetBox, basics: Basics
) -> None:
    """The guest's other host name changes no row as long as NetBox has no virtual machine with that name."""

    def machine(name: str) -> None:
        site = basics["site"]["id"]
        netbox.create("virtualization/virtual-machines", name=name, status="active", site=site)

    pipeline.configure(policies={"virtual_machines": "update"})
    guest = state.add_device("mail-old.example.org", sysName="mail")
    state.add_port(guest, "eth0")
    machine("mail")
    pipeline.sync()
    machine("not known here")
    assert is_carried(pipeline)
    guest["hostname"] = "mailbox.example.org"
    assert is_carried(pipeline)
    machine("mailbox")
    assert not is_carried(pipeline)
    assert [r.reason for r in rows(plan(pipeline), "devices", "conflict")] == [
        "NetBox has a virtual machine of this name and no other evidence: mail"
    ]


def test_after_a_day_everything_is_compared_once_more(
    pipeline: Pipeline, netbox: NetBox, strange: dict[str, Any]
) -> None:
    port = strange
    manifest = _manifest(pipeline)
    content_ = json.loads(manifest.read_text())
    earlier = datetime.fromisoformat(content_["compared"]) - timedelta(hours=25)
    manifest.write_text(json.dumps({**content_, "compared": earlier.isoformat()}))
    netbox.edit("dcim/interfaces", port["id"], description="edited")
    assert not is_carried(pipeline)
    netbox.edit("dcim/interfaces", port["id"], description="edited again")
    assert is_carried(pipeline)


def _manifest(pipeline: Pipeline) -> Path:
    return pipeline.warehouse.diffs(pipeline.name) / plan(pipeline).diff_id / "manifest.json"


@pytest.mark.parametrize(
    ("fields", "settings", "claimed"),
    [
        ({"librenms_id": {"lyon": 7}}, SETTINGS, True),
        ({"librenms_id": {"LYON": 7}}, SETTINGS, True),
        ({"librenms_id": {"nice": 7}}, SETTINGS, False),
        # Without the endpoint's name beside it, an id is anybody's.
        ({"librenms_id": 7}, SETTINGS, True),
        ({"librenms_id": None}, SETTINGS, False),
        ({"asset": 7}, SETTINGS, False),
        ({"vm_id": 100, "vm_cluster": "pve"}, GUESTS, True),
        ({"vm_id": 100, "vm_cluster": "other"}, GUESTS, False),
        ({"vm_id": 100, "vm_cluster": "other"}, GUESTS | {"ids_span_clusters": True}, True),
        ({"vm_id": 100}, GUESTS, True),
        ({"vm_cluster": "PVE"}, GUESTS, True),
        ({}, GUESTS, False),
    ],
)
def test_ids_in_custom_fields(fields: Mapping[str, Any], settings: Mapping[str, Any], claimed: bool) -> None:
    assert Edits(custom_fields=(fields,)).claimed_by(settings) is claimed
