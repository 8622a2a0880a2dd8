"""Devices, interfaces, addresses and cables of the demo's NetBox: part of the network, partly wrong."""

from typing import Any

from netbox_sync_lab.estate.plan import (
    FRANKFURT,
    HYPERVISOR_HARDWARE,
    HYPERVISORS,
    LYON,
    PARIS,
    Site,
    ipv4,
    ipv6,
)
from netbox_sync_lab.estate.seed_notation import (
    OPERATOR_DESCRIPTION,
    OPERATOR_TAG,
    Object,
    Seed,
    ref,
    vlan_of,
)


def _device(site: Site, name: str, model: str, role: str, platform: str | None, **columns: Any) -> Object:
    return {
        "name": name,
        "site": {"slug": site.slug},
        "device_type": {"model": model},
        "role": {"slug": role},
        "platform": {"slug": platform} if platform else None,
        "status": "active",
        **columns,
    }


def devices() -> Seed:
    """Part of the devices, with some of their interfaces."""
    nexus, catalyst = "Nexus 93180YC-FX3", "Catalyst 2960X-48FPS-L"
    rows = [
        _device(PARIS, "par-core1", nexus, "core-switch", "nxos", serial="FDO2311N9K1"),
        # The serial number of the chassis that was replaced.
        _device(PARIS, "par-core2", nexus, "core-switch", "nxos", serial="FDO2101OLD2"),
        _device(PARIS, "par-dist1", "C9500-48Y4C", "distribution-switch", "iosxe", serial="CAT2241L0D1"),
        # One device where there is a stack of three.
        _device(PARIS, "par-acc-stack1", "Catalyst 9300-48P", "access-switch", "iosxe", serial="FOC2301STK1"),
        # Known under its old name: the serial number tells.
        _device(PARIS, "par-access-1", catalyst, "access-switch", "ios", serial="FOC1929B001"),
        _device(
            PARIS,
            "par-acc2",
            catalyst,
            "access-switch",
            "ios",
            description=OPERATOR_DESCRIPTION,
            tags=[{"slug": OPERATOR_TAG}],
        ),
        _device(PARIS, "par-fw1", "FortiGate 100F", "firewall", "fortigate", serial="FG100FTK20001111"),
        _device(PARIS, "par-rtr1", "ISR4331/K9", "router", None, status="planned", serial="FDO2201RTR1"),
        _device(LYON, "lyo-core1", "DCS-7050SX3-48YC8", "core-switch", "eos", serial="JPE2311AR01"),
        _device(LYON, "lyo-acc3", "6300M 48G 4SFP56", "access-switch", "aos-cx", serial="SG20KN90A3"),
        _device(FRANKFURT, "fra-core1", "EX4300-48T", "core-switch", "junos", serial="PD3714FRA1"),
        _device(FRANKFURT, "fra-acc1", "EX2300-24P", "access-switch", "junos", serial="HV3621FRA1"),
        # Gone from the network: nothing shows it.
        _device(FRANKFURT, "fra-acc9", "EX2300-24P", "access-switch", "junos", serial="HV3001GONE"),
        *(
            _device(
                node.site,
                node.name,
                HYPERVISOR_HARDWARE,
                "hypervisor",
                None,
                serial=node.serial if node.host == 21 else "",
            )
            for node in HYPERVISORS
            if node.site is PARIS
        ),
    ]
    return [("dcim/devices", rows), ("dcim/interfaces", _lags()), ("dcim/interfaces", _interfaces())]


def _interface(device: str, name: str, type: str = "1000base-t", **columns: Any) -> Object:
    return {"device": {"name": device}, "name": name, "type": type, "enabled": True, **columns}


def _lags() -> list[Object]:
    return [
        _interface("par-core1", "port-channel1", "lag"),
        _interface("par-dist1", "Po1", "lag"),
        _interface("par-acc-stack1", "Port-channel1", "lag"),
    ]


def _interfaces() -> list[Object]:
    fast: Object = {"type": "25gbase-x-sfp28", "speed": 25_000_000, "mtu": 9216}
    rows = [
        *(_interface("par-core1", f"Ethernet1/{n}", **fast) for n in range(1, 25)),
        *(
            _interface(
                "par-core1",
                f"Ethernet1/{n}",
                "100gbase-x-qsfp28",
                lag={"name": "port-channel1", "device": {"name": "par-core1"}},
            )
            for n in (49, 50)
        ),
        _interface("par-core1", "Ethernet1/51", "100gbase-x-qsfp28"),
        *(_interface("par-core1", f"Vlan{vid}", "virtual") for vid in (20, 30)),
        _interface("par-core1", "loopback0", "virtual"),
        _interface("par-core1", "mgmt0", mgmt_only=True, vrf={"rd": "65000:10"}),
        # Wrong speed and MTU on every port of the second core.
        *(
            _interface("par-core2", f"Ethernet1/{n}", "10gbase-x-sfpp", speed=10_000_000, mtu=1500)
            for n in range(1, 13)
        ),
        *(_interface("par-core2", f"Ethernet1/{n}", "100gbase-x-qsfp28") for n in (49, 50, 51)),
        _interface("par-core2", "Vlan20", "virtual"),
        # Long names where LibreNMS has short ones.
        *(_interface("par-dist1", f"TwentyFiveGigE1/0/{n}", "25gbase-x-sfp28") for n in range(1, 13)),
        *(_interface("par-dist1", f"HundredGigE1/0/{n}", "100gbase-x-qsfp28") for n in (49, 50)),
        _interface("par-dist1", "Vlan10", "virtual"),
        *(
            _interface(
                "par-acc-stack1",
                f"GigabitEthernet1/0/{n}",
                # Descriptions of the tenants before, and VLANs of before.
                description=f"desk {n}" if n % 5 == 0 else "",
                mode="access",
                untagged_vlan=vlan_of(PARIS, 20 if n == 4 else 50),
            )
            for n in range(1, 25)
        ),
        # Not in the device: an extra port, with an address on it.
        _interface("par-acc-stack1", "GigabitEthernet1/0/99"),
        _interface("par-acc-stack1", "Vlan10", "virtual"),
        *(_interface("par-access-1", f"Gi1/0/{n}") for n in range(1, 13)),
        _interface("par-access-1", "Vlan10", "virtual"),
        *(
            _interface(
                "par-acc2",
                f"Gi1/0/{n}",
                tags=[{"slug": OPERATOR_TAG}] if n == 1 else [],
                description=OPERATOR_DESCRIPTION if n == 1 else "",
                enabled=n != 2,
            )
            for n in range(1, 13)
        ),
        _interface("par-acc2", "Vl10", "virtual"),
        *(_interface("par-fw1", f"port{n}") for n in range(1, 13)),
        _interface("par-fw1", "wan1"),
        *(_interface("par-rtr1", f"GigabitEthernet0/0/{n}") for n in range(3)),
        *(_interface("lyo-core1", f"Ethernet{n}", "25gbase-x-sfp28") for n in range(1, 13)),
        *(_interface("lyo-core1", f"Vlan{vid}", "virtual") for vid in (10, 20)),
        *(_interface("lyo-acc3", f"1/1/{n}") for n in range(1, 13)),
        *(
            _interface("fra-core1", f"ge-0/0/{n}", mode="access", untagged_vlan=vlan_of(FRANKFURT, 50))
            for n in range(12)
        ),
        *(_interface("fra-core1", f"xe-0/2/{n}", "10gbase-x-sfpp") for n in range(4)),
        _interface("fra-core1", "irb.10", "virtual"),
        *(_interface("fra-acc1", f"ge-0/0/{n}") for n in range(24)),
        _interface("fra-acc1", "xe-0/1/0", "10gbase-x-sfpp"),
        _interface("par-pve1", "eno1", "25gbase-x-sfp28"),
        _interface("par-pve1", "eno2", "25gbase-x-sfp28"),
        _interface("par-pve1", "vmbr0", "bridge"),
    ]
    return rows


def port(device: str, name: str) -> Object:
    """The id of the device's interface."""
    return ref("dcim/interfaces", device={"name": device}, name=name)


def _address(address: str, device: str | None = None, name: str = "", **columns: Any) -> Object:
    row: Object = {"address": address, "status": "active", **columns}
    if device:
        row |= {"assigned_object_type": "dcim.interface", "assigned_object_id": port(device, name)}
    return row


def addresses() -> Seed:
    """IP addresses, MAC addresses and cables of the devices."""
    rows = [
        _address(f"{ipv4(PARIS, 20, 2)}/24", "par-core1", "Vlan20"),
        # Another mask than the device has.
        _address(f"{ipv4(PARIS, 30, 2)}/25", "par-core1", "Vlan30"),
        _address("10.255.0.1/32", "par-core1", "loopback0"),
        _address(f"{ipv4(PARIS, 10, 2)}/24", "par-core1", "mgmt0", vrf={"rd": "65000:10"}),
        _address(f"{ipv6(PARIS, 20, 2)}/64", "par-core1", "Vlan20"),
        # The second core's address sits on the first core.
        _address(f"{ipv4(PARIS, 20, 3)}/24", "par-core1", "Ethernet1/1"),
        # Known, but on no interface.
        _address(f"{ipv4(PARIS, 10, 4)}/24", dns_name="par-dist1.example.net"),
        # On the wrong port of the right device, and on a port that does not exist.
        _address(f"{ipv4(PARIS, 10, 11)}/24", "par-acc-stack1", "GigabitEthernet1/0/1"),
        _address("10.10.250.9/29", "par-acc-stack1", "GigabitEthernet1/0/99"),
        _address(f"{ipv4(PARIS, 10, 12)}/24", "par-access-1", "Vlan10"),
        _address(f"{ipv4(PARIS, 10, 13)}/24", "par-acc2", "Vl10"),
        _address("198.51.100.2/30", "par-fw1", "wan1"),
        _address(f"{ipv4(LYON, 10, 2)}/24", "lyo-core1", "Vlan10"),
        # No longer on the device.
        _address(f"{ipv4(LYON, 20, 250)}/24", "lyo-core1", "Vlan20"),
        _address(f"{ipv4(FRANKFURT, 10, 2)}/24", "fra-core1", "irb.10"),
        _address(f"{ipv4(PARIS, 10, 21)}/24", "par-pve1", "vmbr0"),
    ]
    # The MAC addresses of network cards that have been replaced.
    macs = [
        {
            "mac_address": mac,
            "assigned_object_type": "dcim.interface",
            "assigned_object_id": port(device, name),
        }
        for mac, device, name in (
            ("D0:94:66:AA:00:01", "par-pve1", "eno1"),
            ("D0:94:66:AA:00:02", "par-pve1", "eno2"),
            ("C4:B2:39:00:00:99", "par-core1", "Ethernet1/1"),
        )
    ]
    return [
        ("ipam/ip-addresses", rows),
        ("dcim/mac-addresses", macs),
        (
            "dcim/cables",
            [
                # Correct.
                _cable(("fra-acc1", "xe-0/1/0"), ("fra-core1", "xe-0/2/1")),
                # LibreNMS sees Ethernet1/51 of the first core here.
                _cable(("par-dist1", "HundredGigE1/0/49"), ("par-core2", "Ethernet1/51")),
                # A cable that no neighbour table shows.
                _cable(("par-fw1", "port12"), ("par-core1", "Ethernet1/24")),
            ],
        ),
    ]


def _cable(a: tuple[str, str], b: tuple[str, str]) -> Object:
    return {
        "a_terminations": [{"object_type": "dcim.interface", "object_id": port(*a)}],
        "b_terminations": [{"object_type": "dcim.interface", "object_id": port(*b)}],
        "status": "connected",
    }
