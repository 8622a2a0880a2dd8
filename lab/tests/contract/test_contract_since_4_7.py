"""What NetBox does from 4.7 on, by 4.7.3, where the product or its users meet it: the lab in both versions and the
real one."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest

from netbox_sync_lab.netbox import LabNetBox

from .client import NetBox
from .conftest import real_netbox


@pytest.fixture(params=["4.6.8", "4.7.3", pytest.param("live", marks=pytest.mark.live)])
def netbox(request: pytest.FixtureRequest) -> Iterator[NetBox]:
    if request.param == "live":
        client = real_netbox(os.environ)
        yield client
        client.clean()
    else:
        with LabNetBox(version=request.param) as lab:
            client = NetBox(lab.url, f"Token {lab.token}")
            yield client
            client.clean()
    client.http.close()


def changes(netbox: Any, model: str, number: int) -> list[Any]:
    """The changelog of an object, oldest first."""
    query = f"core/object-changes/?changed_object_type={model}&changed_object_id={number}&ordering=id"
    return netbox.results(query)


# Interfaces and their MAC addresses


@pytest.mark.parametrize("kind", ["dcim.interface", "virtualization.vminterface"])
def test_mac_address_of_an_interface_is_written(netbox: Any, kind: str) -> None:
    """Before 4.7 it is read only, and ignored."""
    path = "dcim/interfaces" if kind == "dcim.interface" else "virtualization/interfaces"
    if kind == "dcim.interface":
        body = {"device": netbox.device()["id"], "type": "other"}
    else:
        body = {"virtual_machine": netbox.vm()["id"]}
    made = netbox.new(path, {**body, "name": "a", "mac_address": "02:00:00:00:47:01"})
    if netbox.version < (4, 7):
        assert (made["mac_address"], made["primary_mac_address"], made["mac_addresses"]) == (None, None, [])
        return
    assert made["mac_address"] == "02:00:00:00:47:01"
    assert [row["mac_address"] for row in made["mac_addresses"]] == ["02:00:00:00:47:01"]
    mac = netbox.get(f"dcim/mac-addresses/{made['primary_mac_address']['id']}/")
    assert (mac["assigned_object_type"], mac["assigned_object_id"], mac["is_primary"]) == (
        kind,
        made["id"],
        True,
    )

    # Another one is made, and the first stays; one that is there is taken; none takes the primary one away.
    own = f"{path}/{made['id']}/"
    other = netbox.patch(own, {"mac_address": "02-00-00-00-47-02"})
    assert other["mac_address"] == "02:00:00:00:47:02"
    assert len(other["mac_addresses"]) == 2
    assert netbox.get(f"dcim/mac-addresses/{mac['id']}/")["is_primary"] is False
    again = netbox.patch(own, {"mac_address": "02:00:00:00:47:01"})
    assert again["primary_mac_address"]["id"] == mac["id"]
    none = netbox.patch(own, {"mac_address": None})
    assert (none["mac_address"], none["primary_mac_address"], len(none["mac_addresses"])) == (None, None, 2)

    # One update entry for the interface itself, and one for its primary address.
    both = netbox.patch(own, {"mac_address": "02:00:00:00:47:01", "description": "x"})
    log = [entry for entry in changes(netbox, kind, made["id"]) if entry["action"]["value"] == "update"]
    assert [(e["prechange_data"]["description"], e["postchange_data"]["description"]) for e in log[-2:]] == [
        ("", "x"),
        ("x", "x"),
    ]
    assert both["last_updated"] == netbox.get(own)["last_updated"]


def test_mac_address_of_an_interface_is_checked(netbox: Any) -> None:
    device = netbox.device()
    one = netbox.new(
        "dcim/interfaces",
        {"device": device["id"], "name": "a", "type": "other", "mac_address": "02:00:00:00:47:01"},
    )
    path = f"dcim/interfaces/{one['id']}/"
    if netbox.version < (4, 7):
        assert netbox.patch(path, {"mac_address": "no"})["mac_address"] is None
        return
    assert netbox.refused("PATCH", path, {"mac_address": "no"}) == {
        "mac_address": ["Enter a valid MAC address (e.g. 00:11:22:33:44:55)."]
    }
    assert netbox.refused("PATCH", path, {"mac_address": ""}) == {
        "mac_address": ["This field may not be blank."]
    }
    both = {"mac_address": "02:00:00:00:47:02", "primary_mac_address": one["primary_mac_address"]["id"]}
    assert netbox.refused("PATCH", path, both) == {
        "__all__": ["The provided 'mac_address' and 'primary_mac_address' values conflict."]
    }
    agreed = {"mac_address": "02:00:00:00:47:01", "primary_mac_address": one["primary_mac_address"]["id"]}
    assert netbox.patch(path, agreed)["mac_address"] == "02:00:00:00:47:01"


def test_a_primary_mac_address_is_of_the_interface(netbox: Any) -> None:
    device = netbox.device()
    one, two = netbox.interface(device, "a"), netbox.interface(device, "b")
    loose, others = netbox.mac("02:00:00:00:47:03"), netbox.mac("02:00:00:00:47:04", two)
    path = f"dcim/interfaces/{one['id']}/"
    elsewhere = "MAC address 02:00:00:00:47:04 is assigned to a different interface (b)."
    if netbox.version >= (4, 7):
        text = "Only a MAC address assigned to this interface can be its primary MAC address."
        assert netbox.refused("PATCH", path, {"primary_mac_address": loose["id"]}) == {"__all__": [text]}
        assert netbox.refused("PATCH", path, {"primary_mac_address": others["id"]}) == {
            "__all__": [elsewhere]
        }
    else:
        assert netbox.patch(path, {"primary_mac_address": loose["id"]})["mac_address"] == "02:00:00:00:47:03"
        assert netbox.refused("PATCH", path, {"primary_mac_address": others["id"]}) == {
            "primary_mac_address": [elsewhere]
        }


# Channels of breakout ports


def test_channels_of_an_interface(netbox: Any) -> None:
    device = netbox.device()
    body = {"device": device["id"], "name": "e1/1", "type": "channel", "channel_id": 1}
    if netbox.version < (4, 7):
        assert netbox.refused("POST", "dcim/interfaces/", body) == {
            "type": ["channel is not a valid choice."]
        }
        made = netbox.new("dcim/interfaces", {**body, "type": "other", "channels": 4})
        assert not {"channels", "channel_id"} & set(made)
        return
    assert netbox.refused("POST", "dcim/interfaces/", body) == {
        "parent": ["A channel subinterface must be assigned to a parent interface."]
    }
    plain = netbox.interface(device, "e2")
    assert netbox.refused("POST", "dcim/interfaces/", {**body, "parent": plain["id"]}) == {
        "parent": ["The parent interface (e2) is not channelized."]
    }
    parent = netbox.interface(device, "e1", "40gbase-x-qsfpp", channels=2)
    del body["channel_id"]
    assert netbox.refused("POST", "dcim/interfaces/", {**body, "parent": parent["id"]}) == {
        "parent": [
            "Only virtual interfaces, or a channel subinterface with a channel ID assigned, may be assigned to a"
            " parent interface."
        ]
    }
    body |= {"parent": parent["id"], "channel_id": 3}
    assert netbox.refused("POST", "dcim/interfaces/", body) == {
        "channel_id": ["Invalid channel ID (3): the parent interface provides only 2 channels."]
    }
    one = netbox.new("dcim/interfaces", {**body, "channel_id": 1})
    assert (one["type"], one["channel_id"], one["channels"]) == (
        {"value": "channel", "label": "Channel"},
        1,
        None,
    )
    path = f"dcim/interfaces/{one['id']}/"
    for kind in ("virtual", "lag", "other-wireless"):
        assert netbox.refused("PATCH", path, {"type": kind}) == {
            "channel_id": [
                "A channel ID cannot be assigned to a virtual, LAG, bridge, or wireless interface."
            ]
        }
    netbox.patch(path, {"type": "10gbase-x-sfpp"})
    netbox.patch(path, {"type": "channel"})
    # A channel may keep its own type, and takes no cable either way.
    two = netbox.new("dcim/interfaces", {**body, "name": "e1/2", "type": "10gbase-x-sfpp", "channel_id": 2})
    far = netbox.interface(device, "far")
    ends = {"b_terminations": [{"object_type": "dcim.interface", "object_id": far["id"]}]}
    for port in (one, two):
        mine = {"a_terminations": [{"object_type": "dcim.interface", "object_id": port["id"]}]}
        text = "Cables cannot be terminated directly to a channel subinterface; cable the parent interface instead."
        assert netbox.refused("POST", "dcim/cables/", {**mine, **ends}) == {"__all__": [text]}
    assert netbox.patch(f"dcim/interfaces/{one['id']}/", {"type": "other"})["type"]["value"] == "other"


# Cables


def test_a_deleted_cable_is_a_change_of_the_interfaces_at_its_ends(netbox: Any) -> None:
    """From 4.7.2 on; before, the interfaces lose it without a new ``last_updated``."""
    device = netbox.device()
    ports = [netbox.interface(device, name) for name in ("a", "b")]
    ends = [[{"object_type": "dcim.interface", "object_id": port["id"]}] for port in ports]
    cable = netbox.new("dcim/cables", {"a_terminations": ends[0], "b_terminations": ends[1]})
    paths = [f"dcim/interfaces/{port['id']}/" for port in ports]
    before = [netbox.get(path) for path in paths]
    assert [row["cable"]["id"] for row in before] == [cable["id"]] * 2
    answer = netbox.send("DELETE", "dcim/cables/", [{"id": cable["id"], "changelog_message": "m"}])
    assert answer.status_code == 204
    after = [netbox.get(path) for path in paths]
    moved = [new["last_updated"] != old["last_updated"] for new, old in zip(after, before, strict=True)]
    newest = [changes(netbox, "dcim.interface", port["id"])[-1] for port in ports]
    said = [
        (e["request_id"] == answer.headers["x-request-id"], e["prechange_data"].get("cable"), e["message"])
        for e in newest
    ]
    if netbox.version >= (4, 7):
        assert (moved, said) == ([True, True], [(True, cable["id"], "")] * 2)
        assert [e["postchange_data"]["cable"] for e in newest] == [None, None]
    else:
        assert moved == [False, False]
        assert [own for own, *_ in said] == [False, False]


def test_a_new_cable_is_a_change_of_the_interfaces_at_its_ends(netbox: Any) -> None:
    device = netbox.device()
    ports = [netbox.interface(device, name) for name in ("a", "b")]
    ends = [[{"object_type": "dcim.interface", "object_id": port["id"]}] for port in ports]
    answer = netbox.send("POST", "dcim/cables/", [{"a_terminations": ends[0], "b_terminations": ends[1]}])
    [cable] = answer.json()
    netbox.created.append(f"dcim/cables/{cable['id']}/")
    for port in ports:
        newest = changes(netbox, "dcim.interface", port["id"])[-1]
        assert newest["request_id"] == answer.headers["x-request-id"]
        assert (newest["prechange_data"]["cable"], newest["postchange_data"]["cable"]) == (None, cable["id"])


# Custom fields


def test_urls_in_custom_fields_get_a_scheme(netbox: Any) -> None:
    """Before 4.7 they are stored as given."""
    name = netbox.custom_field("url", ["dcim.site"])
    site = netbox.site()
    path = f"dcim/sites/{site['id']}/"
    stored = {}
    for given in ("https://a.example/x", "a.example/x", "//a.example", "localhost"):
        stored[given] = netbox.patch(path, {"custom_fields": {name: given}})["custom_fields"][name]
    if netbox.version >= (4, 7):
        assert stored == {
            "https://a.example/x": "https://a.example/x",
            "a.example/x": "https://a.example/x",
            "//a.example": "https://a.example",
            "localhost": "https://localhost",
        }
        text = f"Invalid value for custom field '{name}': URLs must use a scheme permitted by ALLOWED_URL_SCHEMES."
        for given in ("javascript:x", "a.example:8443"):
            assert netbox.refused("PATCH", path, {"custom_fields": {name: given}}) == {"__all__": [text]}
    else:
        assert stored == {given: given for given in stored}


def test_custom_fields_have_a_status(netbox: Any) -> None:
    name = netbox.custom_field("text", ["dcim.site"])
    [field] = netbox.results(f"extras/custom-fields/?name={name}")
    if netbox.version >= (4, 7):
        assert field["status"] == {"value": "active", "label": "Active"}
    else:
        assert "status" not in field


# Devices and virtual machines


@pytest.mark.parametrize("query", ["", "?exclude=config_context", "?omit=config_context"])
def test_config_contexts_are_shown_unless_they_are_omitted(netbox: Any, query: str) -> None:
    """``exclude`` has no effect from 4.7 on."""
    for path, row in (("dcim/devices", netbox.device()), ("virtualization/virtual-machines", netbox.vm())):
        shown = "config_context" in netbox.get(f"{path}/{row['id']}/{query}")
        assert shown == (query == "" or ("exclude" in query and netbox.version >= (4, 7))), path


# Modules


def test_a_module_moves_to_another_device_with_its_interfaces(netbox: Any) -> None:
    """From 4.7 on; before, it has to stay on its device."""
    site = netbox.site()
    one, two = netbox.device(site), netbox.device(site)
    bays = [
        netbox.new("dcim/module-bays", {"device": device["id"], "name": name})
        for device, name in ((one, "a"), (one, "b"), (two, "c"))
    ]
    maker = netbox.new("dcim/manufacturers", {"name": netbox.name("m"), "slug": netbox.name("m")})
    kinds = [
        netbox.new("dcim/module-types", {"manufacturer": maker["id"], "model": netbox.name("k")})
        for _ in range(2)
    ]
    module = netbox.new(
        "dcim/modules", {"device": one["id"], "module_bay": bays[0]["id"], "module_type": kinds[0]["id"]}
    )
    port = netbox.interface(one, "x", module=module["id"])
    path = f"dcim/modules/{module['id']}/"
    assert netbox.patch(path, {"module_bay": bays[1]["id"]})["module_bay"]["id"] == bays[1]["id"]
    both = {"module_bay": bays[0]["id"], "module_type": kinds[1]["id"]}
    if netbox.version < (4, 7):
        assert netbox.patch(path, both)["module_type"]["id"] == kinds[1]["id"]
        text = (
            "Module must be installed within a module bay belonging to the assigned device"
            f" ({one['display']})."
        )
        assert netbox.refused("PATCH", path, {"module_bay": bays[2]["id"]}) == {"__all__": [text]}
        return
    text = (
        "Changing a module's type while moving it is not supported. Change the module type and move the module as"
        " separate operations."
    )
    assert netbox.refused("PATCH", path, both) == {"module_type": [text]}
    moved = netbox.patch(path, {"module_bay": bays[2]["id"]})
    assert (moved["device"]["id"], moved["module_bay"]["id"]) == (two["id"], bays[2]["id"])
    found = netbox.get(f"dcim/interfaces/{port['id']}/")
    assert (found["device"]["id"], found["module"]["id"]) == (two["id"], module["id"])
    assert found["last_updated"] != port["last_updated"]


def test_a_module_bay_takes_modules_of_its_bay_types(netbox: Any) -> None:
    """If both have bay types, they need one in common."""
    if netbox.version < (4, 7):
        return
    device = netbox.device()
    names = [netbox.name("t") for _ in range(2)]
    kinds = [netbox.new("dcim/module-bay-types", {"name": name, "slug": name}) for name in names]
    bay = netbox.new(
        "dcim/module-bays", {"device": device["id"], "name": "PSU 1", "module_bay_types": [kinds[0]["id"]]}
    )
    maker = netbox.new("dcim/manufacturers", {"name": netbox.name("m"), "slug": netbox.name("m")})
    kind = netbox.new(
        "dcim/module-types",
        {"manufacturer": maker["id"], "model": "X1", "module_bay_types": [kinds[1]["id"]]},
    )
    assert [one["id"] for one in kind["module_bay_types"]] == [kinds[1]["id"]]
    body = {"device": device["id"], "module_bay": bay["id"], "module_type": kind["id"]}
    text = (
        "Module type X1 is not compatible with module bay PSU 1: their bay type sets have no common members."
    )
    assert netbox.refused("POST", "dcim/modules/", body) == {"__all__": [text]}
    netbox.patch(f"dcim/module-types/{kind['id']}/", {"module_bay_types": []})
    module = netbox.new("dcim/modules", body)
    assert module["is_bay_compatible"] is True


# Dependents of objects that this product deletes


def test_cooling_and_module_bay_types_are_dependents_of_devices_sites_and_manufacturers(netbox: Any) -> None:
    """From 4.7 on: a device takes its own parts along, the others cannot be deleted."""
    if netbox.version < (4, 7):
        for path in ("cooling-intakes", "cooling-outflows", "cooling-sources", "module-bay-types"):
            assert netbox.send("GET", f"dcim/{path}/").status_code == 404
        return
    device = netbox.device()
    parts = [
        (path, netbox.new(f"dcim/{path}", {"device": device["id"], "name": "a"})["id"])
        for path in ("cooling-intakes", "cooling-outflows")
    ]
    for path, number in parts:
        assert [row["id"] for row in netbox.results(f"dcim/{path}/?device_id={device['id']}")] == [number]
    netbox.delete(f"dcim/devices/{device['id']}/")
    assert [netbox.send("GET", f"dcim/{path}/{n}/").status_code for path, n in parts] == [404, 404]

    site, name = netbox.site(), netbox.name("t")
    netbox.new("dcim/cooling-sources", {"site": site["id"], "name": name, "type": "chiller"})
    assert netbox.send("DELETE", f"dcim/sites/{site['id']}/").status_code == 409
    maker = netbox.new("dcim/manufacturers", {"name": name, "slug": name})
    netbox.new("dcim/module-bay-types", {"name": name, "slug": name, "manufacturer": maker["id"]})
    assert netbox.send("DELETE", f"dcim/manufacturers/{maker['id']}/").status_code == 409
