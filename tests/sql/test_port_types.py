"""Types of ports that are down: by name, or by the ports beside them."""

from __future__ import annotations

import pytest

from tests.sql.estate import Estate
from tests.sql.kinds import Parts, about, interface, known_switch, port, switch


def switches(down_port_types: str = "create") -> Estate:
    return Estate("librenms", policies={"down_port_types": down_port_types})


SWITCHES = Parts(switches)


def types(estate: Estate, number: int) -> dict[str, str]:
    """{interface: type} of what the diff writes of sw<number>."""
    return {
        r.key.removeprefix(f"sw{number} "): r.fields["type"]
        for r in about(estate.rows(), f"sw{number}")
        if r.resource == "interfaces" and "type" in r.fields
    }


NAMES = {
    "Fa0/1": "100base-tx",
    "Gi1/0/3": "1000base-t",
    "GigabitEthernet1/0/4": "1000base-t",
    "ge-0/0/3": "1000base-t",
    "GE1/0/5": "1000base-t",
    "Tw1/0/3": "2.5gbase-t",
    "Te1/1/1": "10gbase-x-sfpp",
    "xe-0/0/1": "10gbase-x-sfpp",
    "Ten-GigabitEthernet1/0/1": "10gbase-x-sfpp",
    "XGigabitEthernet0/0/1": "10gbase-x-sfpp",
    "TenGigE0/0/0/0": "10gbase-x-sfpp",
    "10GE1/0/1": "10gbase-x-sfpp",
    "Twe1/1/1": "25gbase-x-sfp28",
    "Fo1/1/1": "40gbase-x-qsfpp",
    "HundredGigE0/0/0/0": "100gbase-x-qsfp28",
    # 40 or 100 Gbit/s; the name does not say.
    "et-0/0/1": "other",
    "Ethernet1": "other",
}


@SWITCHES.part
def without_a_speed(estate: Estate) -> None:
    known_switch(estate, 1)
    for number, name in enumerate(NAMES):
        port(estate, 100 + number, name, device=1, ifSpeed=(0, None, 4294967295)[number % 3])


def test_a_new_port_without_a_speed_gets_the_type_of_its_name() -> None:
    assert types(SWITCHES.estate(), 1) == NAMES


def switch_with(estate: Estate, switch: int, *ports: tuple[str, int]) -> None:
    """sw<switch> with new ports of these speeds in Mbit/s."""
    known_switch(estate, switch)
    for number, (name, speed) in enumerate(ports, 1):
        port(estate, switch * 100 + number, name, device=switch, ifSpeed=speed * 10**6)


@SWITCHES.part
def slower(estate: Estate) -> None:
    ports = (("Gi1/0/1", 100), ("Gi1/0/2", 10), ("Te1/1/1", 1000), ("Twe1/0/1", 10000), ("Fa0/1", 1000))
    switch_with(estate, 2, *ports, ("7", 10), ("8", 1000))
    port(estate, 209, "eth0", device=2, ifType="fastEther", ifSpeed=10**9)


def test_a_port_slower_than_its_name_has_the_type_of_its_name() -> None:
    """Negotiated down, or with a slower optic; 10 Mbit/s is what many ports that are down report."""
    assert types(SWITCHES.estate(), 2) == {
        "Gi1/0/1": "1000base-t",
        "Gi1/0/2": "1000base-t",
        "Te1/1/1": "10gbase-x-sfpp",
        "Twe1/0/1": "25gbase-x-sfp28",
        "Fa0/1": "1000base-t",
        "7": "1000base-t",
        "8": "1000base-t",
        "eth0": "1000base-t",
    }


@SWITCHES.part
def beside_others(estate: Estate) -> None:
    switch_with(
        *(estate, 3, ("1/1/1", 1000), ("1/1/2", 1000), ("1/1/3", 0), ("1/2/1", 10000), ("1/2/2", 0)),
        ("eth0", 0),
    )
    switch_with(
        *(estate, 4, ("swp1", 1000), ("swp2", 0), ("swp3", 1000), ("swp4", 0), ("swp5", 10000)),
        ("swp6", 0),
    )
    switch_with(estate, 5, ("1/1/1", 10), ("1/1/2", 0))


def test_the_ports_beside_it_say_its_type_if_they_agree() -> None:
    found = types(SWITCHES.estate(), 3)
    assert (found["1/1/3"], found["1/2/2"], found["eth0"]) == ("1000base-t", "10gbase-x-sfpp", "other")


def test_of_ports_of_several_types_the_nearest_on_both_sides_count() -> None:
    found = types(SWITCHES.estate(), 4)
    assert (found["swp2"], found["swp4"], found["swp6"]) == ("1000base-t", "other", "other")


def test_a_port_at_10_megabits_says_nothing_of_the_others() -> None:
    assert types(SWITCHES.estate(), 5)["1/1/2"] == "other"


@SWITCHES.part
def one_in_netbox(estate: Estate) -> None:
    switch_with(estate, 6, ("Gi0/1", 0), ("Gi0/2", 0))
    interface(estate, 601, "Gi0/1", device=6, port=601, type="other")


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        ("create", {"Gi0/2": "1000base-t"}),
        ("always", {"Gi0/1": "1000base-t", "Gi0/2": "1000base-t"}),
        ("never", {"Gi0/2": "other"}),
    ],
)
def test_the_policy_says_which_ports_get_such_a_type(policy: str, expected: dict[str, str]) -> None:
    assert types(SWITCHES.estate(down_port_types=policy), 6) == expected


def test_a_mapping_goes_before_the_name() -> None:
    lines = [{"ifType": "ethernetCsmacd", "type": "1000base-x-sfp"}]
    estate = Estate("librenms", mappings={"interface_types": lines})
    switch_with(estate, 1, ("Te0/1", 0))
    assert types(estate, 1) == {"Te0/1": "1000base-x-sfp"}


def test_links_that_a_type_in_netbox_does_not_allow_are_shown() -> None:
    """Gi0/1 is virtual in NetBox, and the unit Gi0/2.100 is a port. Those of a fitting type are written."""
    estate = switch()
    estate.change("netbox.devices", "sw1", status="active")
    port(estate, 1, "Po1", ifType="ieee8023adLag")
    interface(estate, 1, "Po1", port=1, type="lag")
    kinds = {
        2: ("Gi0/1", "virtual"),
        3: ("Gi0/2", "1000base-t"),
        4: ("Gi0/2.100", "1000base-t"),
        5: ("Gi0/2.200", "virtual"),
    }
    for number, (name, kind) in kinds.items():
        port(estate, number, name)
        interface(estate, number, name, port=number, type=kind)
    for member in (2, 3):
        estate.add("librenms.port_stack", device_id=1, high_port_id=1, low_port_id=member)
    assert {r.key: (r.action, r.reason, r.fields) for r in estate.rows() if r.resource == "interfaces"} == {
        "sw1 Gi0/1": (
            "drifted",
            "lag: LibreNMS shows the LAG Po1; the type virtual in NetBox allows no LAG",
            {},
        ),
        "sw1 Gi0/2": ("update", None, {"lag": {"id": 1, "name": "Po1"}}),
        "sw1 Gi0/2.100": (
            "drifted",
            "parent: LibreNMS shows the parent Gi0/2; the type 1000base-t in NetBox allows no parent",
            {},
        ),
        "sw1 Gi0/2.200": ("update", None, {"parent": {"id": 3, "name": "Gi0/2"}}),
    }
