"""Which NetBox interface a port is: its number, its name and the other witnesses against each other."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest

from tests.sql.rules import Rules

Found = dict[str, tuple[int | None, str | None]]
MAC = "02:00:00:00:00:{:02X}"


class Switch(Rules):
    """Device srv1, NetBox id 1."""

    def __init__(self) -> None:
        super().__init__()
        self.put("netbox.devices", id=1, name="srv1", cf="{}")
        self.con.execute("CREATE OR REPLACE TABLE match.devices AS SELECT 'srv1' AS key, 1 AS netbox_id")
        self.con.execute(
            "CREATE TABLE match.references (owner_resource VARCHAR, owner_key VARCHAR, field VARCHAR,"
            " netbox_id BIGINT, name VARCHAR)"
        )

    def has(self, netbox_id: int, name: str, number: int | None, mac: int | None = None, **more: Any) -> None:
        """What NetBox has. ``host``: its address. ``ours``: the number was written by this product."""
        host, ours = more.pop("host", None), more.pop("ours", False)
        cf = {} if number is None else {"librenms_id": {"lib": number}}
        self.put("netbox.interfaces", id=netbox_id, device_id=1, name=name, cf=cf, type="1000base-t", **more)
        end = {"assigned_object_type": "dcim.interface", "assigned_object_id": netbox_id}
        if mac is not None:
            self.put("netbox.mac_addresses", id=netbox_id, mac_address=MAC.format(mac), **end)
        if host is not None:
            self.put("netbox.ip_addresses", id=netbox_id, host=host, **end)
        if ours:
            self.put(
                "ledger.last_written",
                object_type="dcim/interfaces",
                netbox_id=netbox_id,
                field="cf.librenms_id",
                value=f'{{"lib": {number}}}',
            )

    def shows(self, number: int, name: str, mac: int | None = None, **more: Any) -> None:
        """What LibreNMS shows."""
        host = more.pop("host", None)
        key = f"srv1 {name}"
        self.put(
            "desired.interfaces",
            key=key,
            source_id=str(number),
            device="srv1",
            name=name,
            mac="" if mac is None else MAC.format(mac),
            natural_type="other",
            **more,
        )
        if host is not None:
            self.put(
                "desired.ip_addresses",
                host=host,
                interface=key,
                owner="srv1",
                interface_resource="interfaces",
            )

    def found(self) -> Found:
        """{port: (NetBox id, problem)}"""
        self.run("match.interface_pairs", "match.interface_exceptions", "match.interfaces")
        return {
            key.removeprefix("srv1 "): (netbox_id, problem)
            for key, netbox_id, problem in self.rows("SELECT key, netbox_id, problem FROM match.interfaces")
        }

    def candidates(self) -> dict[str, list[int]]:
        """{port: all NetBox interfaces that it could be}"""
        query = "SELECT key, candidate_ids FROM match.interfaces WHERE candidate_ids IS NOT NULL"
        return {key.removeprefix("srv1 "): ids for key, ids in self.rows(query)}


@pytest.fixture
def switch() -> Switch:
    return Switch()


def ids(found: Found) -> dict[str, int | None]:
    assert [problem for _, problem in found.values() if problem] == []
    return {name: netbox_id for name, (netbox_id, _) in found.items()}


def row_of(switch: Switch, numbers: Iterable[int], macs: Iterable[int | None]) -> None:
    for position, (number, mac) in enumerate(zip(numbers, macs, strict=True), 1):
        switch.shows(number, f"eth{position}", mac)


@pytest.mark.parametrize("macs", [(1, 2), (None, None), (9, 9)], ids=["macs", "no macs", "one mac for all"])
def test_crossed_numbers(switch: Switch, macs: tuple[int | None, int | None]) -> None:
    """Two ports exchange their row numbers; the names stay with the machine."""
    switch.has(1, "eth1", 101, macs[0], host="10.0.0.10")
    switch.has(2, "eth2", 102, macs[1], host="10.0.1.10")
    switch.shows(102, "eth1", macs[0], host="10.0.0.10")
    switch.shows(101, "eth2", macs[1], host="10.0.1.10")
    assert ids(switch.found()) == {"eth1": 1, "eth2": 2}


def test_crossed_numbers_of_which_netbox_holds_one(switch: Switch) -> None:
    switch.has(1, "eth1", 101, 1)
    switch.has(2, "eth2", None, 2)
    switch.shows(102, "eth1", 1)
    switch.shows(101, "eth2", 2)
    assert ids(switch.found()) == {"eth1": 1, "eth2": 2}


@pytest.mark.parametrize("macs", [(1, 2, 3), (None, None, None)], ids=["macs", "no macs"])
def test_rotated_numbers(switch: Switch, macs: tuple[int | None, ...]) -> None:
    for position, mac in enumerate(macs, 1):
        switch.has(position, f"eth{position}", 100 + position, mac)
    row_of(switch, (102, 103, 101), macs)
    assert ids(switch.found()) == {"eth1": 1, "eth2": 2, "eth3": 3}


@pytest.mark.parametrize("with_macs", [True, False])
@pytest.mark.parametrize("step", [1, -1])
def test_48_ports_shift_by_one(switch: Switch, with_macs: bool, step: int) -> None:
    for position in range(1, 49):
        switch.has(position, f"eth{position}", 100 + position, position if with_macs else None)
    macs = [position if with_macs else None for position in range(1, 49)]
    row_of(switch, range(101 + step, 149 + step), macs)
    assert ids(switch.found()) == {f"eth{position}": position for position in range(1, 49)}


def test_a_new_port_that_takes_the_first_number_and_shifts_the_others(switch: Switch) -> None:
    """The new one is a new interface, whatever its number was."""
    for position in (1, 2, 3):
        switch.has(position, f"eth{position}", 100 + position, position)
    switch.shows(101, "lan0", 9)
    row_of(switch, (102, 103, 104), (1, 2, 3))
    assert ids(switch.found()) == {"lan0": None, "eth1": 1, "eth2": 2, "eth3": 3}


def test_a_port_goes_and_the_numbers_of_the_others_move_up(switch: Switch) -> None:
    for position in (1, 2, 3):
        switch.has(position, f"eth{position}", 100 + position, position)
    switch.shows(101, "eth2", 2)
    switch.shows(102, "eth3", 3)
    assert ids(switch.found()) == {"eth2": 2, "eth3": 3}


def test_a_renamed_port_is_found_by_its_number_and_a_second_witness(switch: Switch) -> None:
    switch.has(1, "eth1", 101, 1)
    switch.has(2, "eth2", 102, host="10.0.1.10")
    switch.has(3, "eth3", 103, description="to sw3")
    switch.has(4, "eth4", 104)
    switch.has(5, "eth5", 105, ours=True, description="", mtu=1500)
    switch.shows(101, "lan1", 1)
    switch.shows(102, "lan2", 7, host="10.0.1.10")
    switch.shows(103, "lan3", description="to sw3")
    # A person entered this number, and nothing contradicts it; and nothing but the name differs here.
    switch.shows(104, "lan4")
    switch.shows(105, "lan5", description="", mtu=1500)
    assert ids(switch.found()) == {"lan1": 1, "lan2": 2, "lan3": 3, "lan4": 4, "lan5": 5}


def test_a_name_given_in_netbox_is_no_other_port(switch: Switch) -> None:
    switch.has(1, "uplink", 101, ours=True, description="a")
    switch.put(
        "ledger.last_written", object_type="dcim/interfaces", netbox_id=1, field="name", value='"eth1"'
    )
    switch.shows(101, "eth1", description="b")
    assert ids(switch.found()) == {"eth1": 1}


def test_another_port_has_the_number_now(switch: Switch) -> None:
    """The number alone, against the name and the MAC address or the addresses."""
    switch.has(1, "eth1", 101, 1)
    switch.has(2, "eth2", 102, host="10.0.0.2")
    switch.has(3, "eth3", 103, ours=True, description="a", mtu=1500)
    switch.shows(101, "usb0", 8)
    switch.shows(102, "usb1", host="10.0.9.9")
    switch.shows(103, "usb2", description="b", mtu=9000)
    said = (
        "another port has the number {} now: NetBox has it on {}, and neither the name nor the {} is the same"
    )
    assert switch.found() == {
        "usb0": (None, said.format(101, "eth1", "MAC address")),
        "usb1": (None, said.format(102, "eth2", "address")),
        "usb2": (
            None,
            "another port may have the number 103 now: NetBox has it on eth3, the name is another, and nothing else"
            " shows that it is the same",
        ),
    }
    assert switch.candidates() == {"usb0": [1], "usb1": [2], "usb2": [3]}


def test_names_that_ports_exchange_are_a_conflict_of_both(switch: Switch) -> None:
    """Number and MAC address stay, the names cross: NetBox has no step for that, and nobody guesses."""
    switch.has(1, "eth1", 101, 1)
    switch.has(2, "eth2", 102, 2)
    switch.shows(101, "eth2", 1)
    switch.shows(102, "eth1", 2)
    several = "several NetBox interfaces of this device could be it: "
    assert switch.found() == {
        "eth1": (None, several + "eth1 (name), eth2 (id, MAC address)"),
        "eth2": (None, several + "eth1 (id, MAC address), eth2 (name)"),
    }
    assert switch.candidates() == {"eth1": [1, 2], "eth2": [1, 2]}


def test_a_rename_whose_old_name_another_port_takes(switch: Switch) -> None:
    """eth1 became lan1, and a new port is eth1 now: who is who is a question for both."""
    switch.has(1, "eth1", 101, 1)
    switch.shows(101, "lan1", 1)
    switch.shows(102, "eth1", 5)
    said = "several ports of the source could be this NetBox interface"
    assert switch.found() == {"eth1": (None, said), "lan1": (None, said)}
    assert switch.candidates() == {"eth1": [1], "lan1": [1]}


def test_two_interfaces_with_one_number_are_both_candidates(switch: Switch) -> None:
    switch.has(1, "A1", 7)
    switch.has(2, "A2", 7)
    switch.shows(7, "A2")
    assert switch.found() == {
        "A2": (None, "several NetBox interfaces of this device could be it: A1 (id), A2 (id, name)")
    }
    assert switch.candidates() == {"A2": [1, 2]}


def test_two_interfaces_of_one_name_in_other_letters_are_both_named(switch: Switch) -> None:
    switch.has(1, "Eth1", None)
    switch.has(2, "ETH1", None)
    switch.shows(7, "eth1")
    assert switch.found() == {
        "eth1": (None, "several NetBox interfaces of this device could be it: ETH1, Eth1")
    }


def test_an_old_number_on_an_interface_that_is_another_port_is_no_doubt(switch: Switch) -> None:
    """As after an apply of only one of two crossed updates."""
    switch.has(1, "eth1", 101, 1)
    switch.has(2, "eth2", 101, 2)
    switch.shows(102, "eth1", 1)
    switch.shows(101, "eth2", 2)
    assert ids(switch.found()) == {"eth1": 1, "eth2": 2}


def test_two_ports_of_one_name_could_be_every_interface_of_that_name_and_number(switch: Switch) -> None:
    switch.has(1, "Dup0", None)
    switch.has(2, "old", 102)
    for number in (101, 102):
        switch.put(
            "desired.interfaces",
            key=f"srv1 Dup0 ({number})",
            source_id=str(number),
            device="srv1",
            name="Dup0",
            problem="2 ports have this name",
        )
    switch.found()
    assert switch.candidates() == {"Dup0 (101)": [1], "Dup0 (102)": [1, 2]}


def test_numbers_of_a_new_installation_on_other_devices_are_no_evidence(switch: Switch) -> None:
    """Port 101 was sw2's; sw2's port of that name has another number now. A port that is gone there is a doubt."""
    switch.put("netbox.devices", id=2, name="sw2", cf="{}")
    switch.con.execute("INSERT INTO match.devices VALUES ('sw2', 2)")
    for netbox_id, name, number in ((21, "Gi0/1", 101), (22, "Gi0/2", 102)):
        cf = {"librenms_id": {"lib": number}}
        switch.put("netbox.interfaces", id=netbox_id, device_id=2, name=name, cf=cf, type="other")
    switch.put("desired.interfaces", key="sw2 Gi0/1", source_id="7", device="sw2", name="Gi0/1", mac="")
    switch.shows(101, "eth1")
    switch.shows(102, "eth2")
    found = switch.found()
    assert found == {
        "sw2 Gi0/1": (21, None),
        "eth1": (None, None),
        "eth2": (None, "port 102 of srv1 is sw2 Gi0/2 in NetBox"),
    }


def test_short_and_long_names_are_one_interface(switch: Switch) -> None:
    """As Cisco and Arista devices show them, and as NetBox's device type library has them."""
    names = {
        "Fa0/1": "FastEthernet0/1",
        "Gi1/0/1": "GigabitEthernet1/0/1",
        "Tw1/0/2": "TwoGigabitEthernet1/0/2",
        "Fi1/0/3": "FiveGigabitEthernet1/0/3",
        "Te1/1/1": "TenGigabitEthernet1/1/1",
        "Twe1/0/4": "TwentyFiveGigE1/0/4",
        "TF0/0/0/5": "TwentyFiveGigE0/0/0/5",
        "Fo1/1/2": "FortyGigabitEthernet1/1/2",
        "Hu1/0/49": "HundredGigE1/0/49",
        "Fou1/0/50": "FourHundredGigE1/0/50",
        "FH0/0/0/1": "FourHundredGigE0/0/0/1",
        "Ap1/0/1": "AppGigabitEthernet1/0/1",
        "Et3": "Ethernet3",
        "Eth1/4": "Ethernet1/4",
        "Ma1": "Management1",
        "Mg0/RP0/CPU0/0": "MgmtEth0/RP0/CPU0/0",
        "Po1": "Port-channel1",
        "BE1": "Bundle-Ether1",
        "Se0/0/0": "Serial0/0/0",
        "Tu1": "Tunnel1",
        "Lo0": "Loopback0",
        "Vl10": "Vlan10",
        "Nu0": "Null0",
        "BV1": "BVI1",
        "BD10": "BDI10",
        "Di1": "Dialer1",
        "Ce0/2/0": "Cellular0/2/0",
    }
    for number, (short, long) in enumerate(names.items(), 1):
        switch.has(number, long, None)
        switch.shows(number, short)
    assert ids(switch.found()) == {short: number for number, short in enumerate(names, 1)}


def test_names_of_one_prefix_are_not_one_interface(switch: Switch) -> None:
    """Tw and Twe, and the ports and channels of Junos."""
    for number, name in enumerate(("TwoGigabitEthernet1/0/1", "et-0/0/0", "ethernet0/0/1"), 1):
        switch.has(number, name, None)
    for number, name in enumerate(("Twe1/0/1", "Et0/0/0", "et-0/0/1"), 1):
        switch.shows(number, name)
    assert ids(switch.found()) == {"Twe1/0/1": None, "Et0/0/0": None, "et-0/0/1": None}


def test_a_port_with_the_mac_address_of_one_under_another_name_is_a_question(switch: Switch) -> None:
    """Entered by hand as eth0; and the number is new, because LibreNMS has the device a second time."""
    switch.has(11, "eth0", None, mac=1)
    switch.has(12, "eth1", 2, mac=2)
    switch.shows(101, "enp1s0", mac=1)
    switch.shows(102, "enp2s0", mac=2)
    said = (
        "it may be {}, which has its MAC address {} in NetBox and which the source does not show: if it is, rename that"
        " one in NetBox"
    )
    assert switch.found() == {
        "enp1s0": (None, said.format("eth0", MAC.format(1))),
        "enp2s0": (None, said.format("eth1", MAC.format(2))),
    }


def test_a_mac_address_of_several_ports_is_no_question(switch: Switch) -> None:
    switch.has(11, "eth0", None, mac=1)
    switch.has(12, "eth1", None, mac=2)
    switch.has(13, "eth2", None, mac=2)
    # eth0 is still there, the two VLANs have one address, and so have the two interfaces in NetBox.
    for number, (name, mac) in enumerate(
        (("eth0", 1), ("eth0.10", 1), ("vlan1", 3), ("vlan2", 3), ("br0", 2))
    ):
        switch.shows(100 + number, name, mac=mac)
    switch.has(14, "svi", None, mac=3)
    found = switch.found()
    assert {name: netbox_id for name, (netbox_id, problem) in found.items() if problem is None} == {
        **{"eth0": 11, "eth0.10": None, "vlan1": None, "vlan2": None, "br0": None}
    }
