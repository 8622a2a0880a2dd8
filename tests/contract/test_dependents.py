"""What NetBox itself deletes with an object: one dependent of each kind, then the delete.

The product's own table of this (``sources/netbox/dependents.csv``) is held to it here.
"""

from __future__ import annotations

from typing import Any

import pytest
from contract.dependents import CASCADES, new_object

from netbox_sync_dagster.sources.netbox.dependents import DELETED, Dependent, dependents_of

CASES = [(word, kind) for word, (_, _, kinds) in CASCADES.items() for kind in kinds]


def declared(netbox: Any, kind: str, related: str, field: str | None = None) -> list[Dependent]:
    """What the product's table says of this relation."""
    path = next(path for path, model in DELETED.items() if model == kind)
    return [
        way
        for way in dependents_of(path, netbox.version)
        if way.related == related and field in (None, way.field)
    ]


def is_gone(netbox: Any, path: str, number: int) -> bool:
    return bool(netbox.send("GET", f"{path}/{number}/").status_code == 404)


@pytest.mark.parametrize(("word", "kind"), CASES)
def test_it_is_deleted_along_and_the_table_knows_it(netbox: Any, word: str, kind: str) -> None:
    related, make, _ = CASCADES[word]
    path, thing = new_object(netbox, kind)
    made = make(netbox, kind, thing["id"])
    [way] = declared(netbox, kind, related)
    listed = [
        row
        for row in netbox.results(f"{related}/?{way.filter}={thing['id']}&fields={way.fields}")
        if (path, thing["id"]) in list(way.places(row))
    ]

    netbox.delete(f"{path}/{thing['id']}/")

    assert is_gone(netbox, related, made["id"])
    assert (way.on_delete, way.word, way.blocks) == ("CASCADE", word, True)
    # ... and its list, filtered and narrowed as the product asks for it, shows it with its name.
    assert [(row["id"], row["display"]) for row in listed] == [(made["id"], made["display"])]


def test_an_interface_takes_its_places_in_contexts_and_wireless_lans_along(netbox: Any) -> None:
    device = netbox.device()
    vdc = netbox.new(
        "dcim/virtual-device-contexts",
        {"name": netbox.name("vdc"), "device": device["id"], "status": "active"},
    )
    lan = netbox.new("wireless/wireless-lans", {"ssid": netbox.name("ssid"), "status": "active"})
    nic = netbox.interface(device, "wlan0", "ieee802.11ac", vdcs=[vdc["id"]], wireless_lans=[lan["id"]])
    for field, name, number in (
        ("vdcs", "vdc_id", vdc["id"]),
        ("wireless_lans", "wireless_lan_id", lan["id"]),
    ):
        [way] = declared(netbox, "dcim.interface", *_of(field))
        assert (way.filter, way.how, way.on_delete, way.blocks) == (name, "own", "link", True)
        [row] = netbox.results(f"dcim/interfaces/?{name}={number}&fields=id,{field}")
        assert (row["id"], [item["id"] for item in row[field]]) == (nic["id"], [number])
    netbox.delete(f"dcim/interfaces/{nic['id']}/")
    assert netbox.results(f"dcim/interfaces/?vdc_id={vdc['id']}") == []
    assert netbox.results(f"dcim/interfaces/?wireless_lan_id={lan['id']}") == []
    assert not is_gone(netbox, "dcim/virtual-device-contexts", vdc["id"])
    assert not is_gone(netbox, "wireless/wireless-lans", lan["id"])


def _of(field: str) -> tuple[str, str]:
    related = {"vdcs": "dcim/virtual-device-contexts", "wireless_lans": "wireless/wireless-lans"}
    return related[field], field


def test_a_wireless_link_keeps_its_interfaces(netbox: Any) -> None:
    device = netbox.device()
    ends = [netbox.interface(device, name, "ieee802.11ac") for name in ("wlan0", "wlan1")]
    body = {"interface_a": ends[0]["id"], "interface_b": ends[1]["id"], "status": "connected"}
    link = netbox.new("wireless/wireless-links", body)
    for end, field in zip(ends, ("interface_a", "interface_b"), strict=True):
        answer = netbox.send("DELETE", f"dcim/interfaces/{end['id']}/")
        assert answer.status_code == 409
        [way] = declared(netbox, "dcim.interface", "wireless/wireless-links", field)
        assert way.on_delete == "PROTECT"
        [row] = netbox.results(f"{way.related}/?{way.filter}={end['id']}&fields={way.fields}")
        assert row["id"] == link["id"]
    netbox.delete(f"wireless/wireless-links/{link['id']}/")


def test_an_address_is_forgotten_by_services_nat_and_contexts_and_kept_by_tunnels(netbox: Any) -> None:
    device = netbox.device()
    nic = netbox.interface(device, "eth0", "virtual")
    ip = netbox.ip("10.9.1.1/24", nic)
    outside = netbox.ip("198.51.100.1/24", nat_inside=ip["id"])
    vdc = netbox.new(
        "dcim/virtual-device-contexts",
        {"name": netbox.name("vdc"), "device": device["id"], "status": "active"},
    )
    netbox.patch(f"dcim/interfaces/{nic['id']}/", {"vdcs": [vdc["id"]]})
    netbox.patch(f"dcim/virtual-device-contexts/{vdc['id']}/", {"primary_ip4": ip["id"]})
    _, make, _ = CASCADES["service"]
    service = make(netbox, "dcim.device", device["id"])
    netbox.patch(f"ipam/services/{service['id']}/", {"ipaddresses": [ip["id"]]})
    _, make, _ = CASCADES["tunnel termination"]
    termination = make(netbox, "dcim.interface", nic["id"])
    netbox.patch(f"vpn/tunnel-terminations/{termination['id']}/", {"outside_ip": ip["id"]})

    assert netbox.send("DELETE", f"ipam/ip-addresses/{ip['id']}/").status_code == 409
    netbox.delete(f"vpn/tunnel-terminations/{termination['id']}/")
    netbox.delete(f"ipam/ip-addresses/{ip['id']}/")

    assert netbox.get(f"ipam/services/{service['id']}/")["ipaddresses"] == []
    assert netbox.get(f"ipam/ip-addresses/{outside['id']}/")["nat_inside"] is None
    assert netbox.get(f"dcim/virtual-device-contexts/{vdc['id']}/")["primary_ip4"] is None
    said = {
        (way.related, way.field): (way.on_delete, way.undo)
        for way in dependents_of("ipam/ip-addresses", netbox.version)
        if not way.related.startswith(("extras", "tenancy", "plugins"))
    }
    assert said == {
        ("ipam/services", "ipaddresses"): ("link", "no"),
        ("ipam/ip-addresses", "nat_inside"): ("SET NULL", "no"),
        ("dcim/virtual-device-contexts", "primary_ip4"): ("SET NULL", "no"),
        ("dcim/virtual-device-contexts", "primary_ip6"): ("SET NULL", "no"),
        ("vpn/tunnel-terminations", "outside_ip"): ("PROTECT", "no"),
        ("dcim/devices", "primary_ip4"): ("SET NULL", "ledger"),
        ("dcim/devices", "primary_ip6"): ("SET NULL", "ledger"),
        ("dcim/devices", "oob_ip"): ("SET NULL", "ledger"),
        ("virtualization/virtual-machines", "primary_ip4"): ("SET NULL", "ledger"),
        ("virtualization/virtual-machines", "primary_ip6"): ("SET NULL", "ledger"),
    }


def test_a_custom_field_that_names_a_deleted_object_is_empty_afterwards(netbox: Any) -> None:
    name = netbox.custom_field("object", ["dcim.site"], related_object_type="dcim.interface")
    nic = netbox.interface(netbox.device())
    site = netbox.site()
    netbox.patch(f"dcim/sites/{site['id']}/", {"custom_fields": {name: nic["id"]}})
    [row] = netbox.results(f"dcim/sites/?cf_{name}={nic['id']}&fields=id,custom_fields")
    assert (row["id"], row["custom_fields"][name]["id"]) == (site["id"], nic["id"])
    [row] = netbox.results(f"dcim/sites/?cf_{name}__empty=false&fields=id,custom_fields")
    assert row["id"] == site["id"]
    [field] = netbox.results(f"extras/custom-fields/?name={name}&fields=object_types,related_object_type")
    assert field == {"object_types": ["dcim.site"], "related_object_type": "dcim.interface"}
    netbox.delete(f"dcim/interfaces/{nic['id']}/")
    assert netbox.get(f"dcim/sites/{site['id']}/")["custom_fields"][name] is None


def test_the_bridge_and_the_lag_of_other_interfaces_are_emptied(netbox: Any) -> None:
    device = netbox.device()
    lag = netbox.interface(device, "po1", "lag")
    bridge = netbox.interface(device, "br0", "bridge")
    eth = netbox.interface(device, "eth0", lag=lag["id"], bridge=bridge["id"])
    netbox.delete(f"dcim/interfaces/{lag['id']}/")
    netbox.delete(f"dcim/interfaces/{bridge['id']}/")
    after = netbox.get(f"dcim/interfaces/{eth['id']}/")
    assert (after["lag"], after["bridge"]) == (None, None)


def test_a_config_context_forgets_a_deleted_role(netbox: Any) -> None:
    role = netbox.new("dcim/device-roles", {"name": netbox.name("role"), "slug": netbox.name("role")})
    context = netbox.new(
        "extras/config-contexts", {"name": netbox.name("ctx"), "data": {"a": 1}, "roles": [role["id"]]}
    )
    [way] = declared(netbox, "dcim.devicerole", "extras/config-contexts")
    [row] = netbox.results(f"extras/config-contexts/?{way.filter}={role['id']}&fields={way.fields}")
    assert list(way.places(row)) == [("dcim/device-roles", role["id"])]
    netbox.delete(f"dcim/device-roles/{role['id']}/")
    assert netbox.get(f"extras/config-contexts/{context['id']}/")["roles"] == []


def test_interfaces_are_found_by_one_vlan_at_a_time(netbox: Any) -> None:
    """NetBox takes the last value of this filter: two VLANs are two questions."""
    first, second = netbox.vlan(10), netbox.vlan(20)
    nic = netbox.interface(netbox.device(), mode="access", untagged_vlan=first["id"])
    both = f"dcim/interfaces/?vlan_id={first['id']}&vlan_id={second['id']}"
    assert netbox.results(both) == []
    assert [row["id"] for row in netbox.results(f"dcim/interfaces/?vlan_id={first['id']}")] == [nic["id"]]


@pytest.mark.parametrize(
    ("path", "name", "more"),
    [
        ("extras/journal-entries", "assigned_object", {"comments": "seen"}),
        ("tenancy/contact-assignments", "object", {}),
    ],
)
def test_generic_dependents_are_found_by_several_types_at_once(
    netbox: Any, path: str, name: str, more: dict[str, Any]
) -> None:
    """From 4.6 on. NetBox takes all values of this filter, and ignores a type that it does not know."""
    if netbox.version < (4, 6):
        pytest.skip("asked for by one type at a time")
    if path == "tenancy/contact-assignments":
        role = netbox.new("tenancy/contact-roles", {"name": netbox.name(), "slug": netbox.name()})
        more = {"contact": netbox.new("tenancy/contacts", {"name": netbox.name()})["id"], "role": role["id"]}
    device, machine = netbox.device(), netbox.vm()
    places = (
        ("dcim.device", device),
        ("virtualization.virtualmachine", machine),
        ("dcim.site", device["site"]),
    )
    made = [
        netbox.new(path, {f"{name}_type": kind, f"{name}_id": thing["id"], **more})["id"]
        for kind, thing in places
    ]
    asked = f"{path}/?{name}_type=dcim.device&{name}_type=virtualization.virtualmachine&{name}_type=no.such"
    found = [row["id"] for row in netbox.results(asked) if row["id"] in made]
    assert sorted(found) == sorted(made[:2])
