"""A device that LibreNMS has twice, of which one is disabled or ignored: the other one is the device."""

from __future__ import annotations

import pytest

from tests.sql.estate import Estate
from tests.sql.kinds import GENEROUS, device, interface, known_switch, port, shown, switch

NEW = {"import_devices": "all", "defaults": {"site": "Paris", "role": "switch", "device_type": "C9300"}}


def twice(old: dict[str, bool], new: dict[str, bool], **endpoint: object) -> Estate:
    """LibreNMS has sw1 as device 1, and after it was added again as device 9."""
    estate = Estate("librenms", policies=GENEROUS, **endpoint)
    device(estate, 1, "sw1", ip="10.0.0.9", **old)
    device(estate, 9, "10.0.0.9", sysName="sw1", ip="10.0.0.9", **new)
    for number, host in ((1, 1), (91, 9)):
        port(estate, number, "Gi0/1", device=host)
        shown(estate, number, "10.0.0.9", number)
    return estate


def known(estate: Estate) -> None:
    """NetBox has sw1 with the ids of device 1 and its port."""
    estate.add("netbox.devices", id=1, name="sw1", serial="", status="active", cf={"librenms_id": {"lib": 1}})
    interface(estate, 11, "Gi0/1", port=1)


def said(estate: Estate) -> list[tuple[str, str, str, str | None]]:
    kinds = ("devices", "interfaces", "ip_addresses", "cables")
    return [(r.resource, r.action, r.key, r.reason) for r in estate.rows() if r.resource in kinds]


@pytest.mark.parametrize("how", ["disabled", "ignore"])
def test_a_device_that_was_added_again_is_the_one_that_netbox_has(how: str) -> None:
    estate = twice({how: True}, {})
    known(estate)
    known_switch(estate, 2, status=True)
    estate.change("netbox.devices", "sw2", status="active")
    port(estate, 21, "Gi0/1", device=2)
    interface(estate, 21, "Gi0/1", device=2, port=21)
    estate.add(
        "librenms.links",
        **{"id": 1, "local_port_id": 21, "local_device_id": 2, "remote_device_id": 0},
        **{"remote_hostname": "sw1", "remote_port": "Gi0/1", "protocol": "lldp", "active": True},
    )
    reason = {"disabled": "disabled in LibreNMS", "ignore": "ignored in LibreNMS"}[how]
    assert said(estate) == [
        ("cables", "create", "sw1 Gi0/1 <-> sw2 Gi0/1", None),
        ("devices", "blocked", "sw1 (LibreNMS 1)", reason),
        ("devices", "update", "sw1", None),
        ("interfaces", "update", "sw1 Gi0/1", None),
        ("ip_addresses", "create", "10.0.0.9", None),
    ]
    assert {r.key: r.fields for r in estate.rows() if r.action == "update" and r.netbox_id in (1, 11)} == {
        "sw1": {"cf.librenms_id": {"lib": 9}},
        "sw1 Gi0/1": {"cf.librenms_id": {"lib": 91}},
        "sw1 IPv4": {"primary_ip4": {"ref": "ip_addresses", "key": "10.0.0.9", "name": "10.0.0.9"}},
    }


def test_the_other_way_round_it_stays_the_device() -> None:
    """The new entry is the disabled one: a row about it, and no change."""
    estate = twice({}, {"disabled": True})
    known(estate)
    assert [row for row in said(estate) if row[0] != "ip_addresses"] == [
        ("devices", "blocked", "sw1 (LibreNMS 9)", "disabled in LibreNMS")
    ]


def test_a_new_device_is_created_once() -> None:
    estate = twice({"disabled": True}, {}, **NEW)
    estate.add("netbox.sites", id=1, name="Paris", slug="paris")
    estate.add("netbox.device_roles", id=1, name="Switch", slug="switch")
    estate.add("netbox.manufacturers", id=1, name="Cisco", slug="cisco")
    estate.add("netbox.device_types", id=1, model="C9300", slug="c9300", manufacturer_id=1)
    assert said(estate)[:2] == [
        ("devices", "blocked", "sw1 (LibreNMS 1)", "disabled in LibreNMS"),
        ("devices", "create", "sw1", None),
    ]


def test_two_that_are_polled_are_a_conflict() -> None:
    estate = twice({}, {})
    known(estate)
    assert [row[:3] for row in said(estate) if row[0] == "devices"] == [
        ("devices", "conflict", "sw1 (LibreNMS 9)")
    ]


@pytest.mark.parametrize("how", ["disabled", "ignore"])
@pytest.mark.parametrize("serials", [("FOC1", "FOC9"), (None, None)])
def test_another_device_of_the_name_takes_nothing_over(
    how: str, serials: tuple[str | None, str | None]
) -> None:
    """The device that NetBox has is ignored while people work on it. Another one, elsewhere, has its name."""
    estate = Estate("librenms", policies=GENEROUS)
    device(estate, 1, "sw1", ip="10.0.0.9", serial=serials[0], **{how: True})
    device(estate, 9, "10.9.0.9", sysName="sw1", ip="10.9.0.9", serial=serials[1])
    port(estate, 91, "Gi0/1", device=9)
    known(estate)
    estate.change("netbox.devices", "sw1", serial=serials[0] or "")
    found = [row for row in said(estate) if row[1] != "blocked"]
    assert found == [
        (
            "devices",
            "conflict",
            "sw1",
            "several devices of this endpoint could be the NetBox device sw1 (name)",
        )
    ]


def test_a_device_with_another_address_is_the_one_that_netbox_has_by_its_serial_number() -> None:
    estate = Estate("librenms", policies=GENEROUS)
    device(estate, 1, "sw1", ip="10.0.0.9", serial="FOC1", disabled=True)
    device(estate, 9, "10.9.0.9", sysName="sw1", ip="10.9.0.9", serial="FOC1")
    known(estate)
    assert said(estate)[:2] == [
        ("devices", "blocked", "sw1 (LibreNMS 1)", "disabled in LibreNMS"),
        ("devices", "update", "sw1", None),
    ]


def test_a_device_that_was_deleted_and_added_again_is_not_gone() -> None:
    """LibreNMS gives it a new id; NetBox has the old one."""
    estate = switch()
    estate.change("librenms.devices", device_id=9)
    estate.change("netbox.devices", status="active")
    assert [(r.action, r.key, r.netbox_id, r.fields) for r in estate.rows() if r.resource == "devices"] == [
        ("update", "sw1", 1, {"cf.librenms_id": {"lib": 9}})
    ]


@pytest.mark.parametrize("how", ["disabled", "ignore"])
def test_a_device_that_netbox_has_says_why_it_is_not_compared(how: str) -> None:
    """By its id, and by its name alone; of it and of its ports nothing is changed."""
    reason = {"disabled": "disabled in LibreNMS", "ignore": "ignored in LibreNMS"}[how]
    estate = Estate("librenms", policies=GENEROUS)
    device(estate, 1, "sw1", status=False, **{how: True})
    known(estate)
    port(estate, 2, "Gi0/2")
    device(estate, 2, "sw2", **{how: True})
    estate.add("netbox.devices", id=2, name="sw2", serial="", status="active")
    assert [(r.resource, r.action, r.key, r.netbox_id, r.reason, r.fields) for r in estate.rows()] == [
        ("devices", "blocked", "sw1", 1, reason, {}),
        ("devices", "blocked", "sw2", 2, reason, {}),
    ]
    assert estate.left_out() == []


def test_a_device_that_is_a_virtual_machine_says_why_it_is_not_compared() -> None:
    estate = Estate("librenms", policies={**GENEROUS, "virtual_machines": "update"})
    device(estate, 1, "web", ip="10.0.0.9", disabled=True)
    estate.add("netbox.virtual_machines", id=7, name="web", status="active", tags=[])
    found = [(r.action, r.netbox_id, r.reason) for r in estate.rows() if r.resource == "virtual_machines"]
    assert found == [("blocked", 7, "disabled in LibreNMS")]
