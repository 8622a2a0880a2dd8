"""Types of ports that are down: by name, or by the ports beside them."""

from __future__ import annotations

import pytest

from tests.sql.estate import Estate
from tests.sql.kinds import device, interface, port, switch


def types(estate: Estate) -> dict[str, str]:
    """{interface: type} of what the diff writes."""
    return {
        r.key.removeprefix("sw1 "): r.fields["type"]
        for r in estate.rows()
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


def test_a_new_port_without_a_speed_gets_the_type_of_its_name() -> None:
    estate = switch()
    for number, name in enumerate(NAMES):
        port(estate, number + 1, name, ifSpeed=(0, None, 4294967295)[number % 3])
    assert types(estate) == NAMES


def test_a_port_slower_than_its_name_has_the_type_of_its_name() -> None:
    """Negotiated down, or with a slower optic; 10 Mbit/s is what many ports that are down report."""
    estate = switch()
    ports = (("Gi1/0/1", 100), ("Gi1/0/2", 10), ("Te1/1/1", 1000), ("Twe1/0/1", 10000), ("Fa0/1", 1000))
    for number, (name, speed) in enumerate((*ports, ("7", 10), ("8", 1000)), 1):
        port(estate, number, name, ifSpeed=speed * 10**6)
    port(estate, 9, "eth0", ifType="fastEther", ifSpeed=10**9)
    assert types(estate) == {
        "Gi1/0/1": "1000base-t",
        "Gi1/0/2": "1000base-t",
        "Te1/1/1": "10gbase-x-sfpp",
        "Twe1/0/1": "25gbase-x-sfp28",
        "Fa0/1": "1000base-t",
        "7": "1000base-t",
        "8": "1000base-t",
        "eth0": "1000base-t",
    }


def switch_with(*ports: tuple[str, int], **policies: str) -> Estate:
    estate = switch(policies=policies)
    for number, (name, speed) in enumerate(ports, 1):
        port(estate, number, name, ifSpeed=speed * 10**6)
    return estate


def test_the_ports_beside_it_say_its_type_if_they_agree() -> None:
    estate = switch_with(
        ("1/1/1", 1000), ("1/1/2", 1000), ("1/1/3", 0), ("1/2/1", 10000), ("1/2/2", 0), ("eth0", 0)
    )
    found = types(estate)
    assert (found["1/1/3"], found["1/2/2"], found["eth0"]) == ("1000base-t", "10gbase-x-sfpp", "other")


def test_of_ports_of_several_types_the_nearest_on_both_sides_count() -> None:
    estate = switch_with(
        *(("swp1", 1000), ("swp2", 0), ("swp3", 1000), ("swp4", 0), ("swp5", 10000), ("swp6", 0)),
    )
    found = types(estate)
    assert (found["swp2"], found["swp4"], found["swp6"]) == ("1000base-t", "other", "other")


def test_a_port_at_10_megabits_says_nothing_of_the_others() -> None:
    assert types(switch_with(("1/1/1", 10), ("1/1/2", 0)))["1/1/2"] == "other"


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        ("create", {"Gi0/2": "1000base-t"}),
        ("always", {"Gi0/1": "1000base-t", "Gi0/2": "1000base-t"}),
        ("never", {"Gi0/2": "other"}),
    ],
)
def test_the_policy_says_which_ports_get_such_a_type(policy: str, expected: dict[str, str]) -> None:
    estate = switch(policies={"down_port_types": policy})
    port(estate, 1, "Gi0/1", ifSpeed=0)
    port(estate, 2, "Gi0/2", ifSpeed=0)
    interface(estate, 11, "Gi0/1", port=1, type="other")
    assert types(estate) == expected


def test_a_mapping_goes_before_the_name() -> None:
    lines = [{"ifType": "ethernetCsmacd", "type": "1000base-x-sfp"}]
    estate = Estate("librenms", mappings={"interface_types": lines})
    device(estate, 1, "sw1")
    estate.add("netbox.devices", id=1, name="sw1", cf={"librenms_id": {"lib": 1}})
    port(estate, 1, "Te0/1", ifSpeed=0)
    assert types(estate) == {"Te0/1": "1000base-x-sfp"}
