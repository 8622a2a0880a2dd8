"""Building blocks of network devices as LibreNMS sees them: ports, trunks, LAGs, SVIs, stacks."""

from collections.abc import Iterable
from typing import Any

from netbox_sync_lab.estate.plan import Site, ipv4, ipv6, vlans
from netbox_sync_lab.librenms import LibreNMSState
from netbox_sync_lab.librenms.schema import Row

GIGABIT = 10**9

_OUI = {
    "ios": "001a2f",
    "iosxe": "00d6fe",
    "nxos": "c4b239",
    "junos": "3c6104",
    "arista_eos": "001c73",
    "arubaos-cx": "9020c2",
    "routeros": "4c5e0c",
    "fortigate": "906cac",
    "proxmox": "d09466",
}

_LONG = {
    "Gi": "GigabitEthernet",
    "Te": "TenGigabitEthernet",
    "Twe": "TwentyFiveGigE",
    "Hu": "HundredGigE",
    "Po": "Port-channel",
    "Lo": "Loopback",
    "Vl": "Vlan",
}


def _long_name(name: str) -> str:
    letters = name.rstrip("0123456789/.")
    return _LONG.get(letters, letters) + name[len(letters) :]


class Switch:
    """A device under construction. Names of ports are the short ones; Cisco's long ones go to ifDescr."""

    def __init__(self, state: LibreNMSState, site: Site, row: Row, host: int) -> None:
        self.state, self.site, self.row, self.host = state, site, row, host
        self.os = str(row["os"])

    def port(self, name: str, *, mac: bool = True, **columns: Any) -> Row:
        """A port; with a MAC address of the vendor unless mac=False."""
        columns.setdefault("ifDescr", _long_name(name) if self.os in ("ios", "iosxe") else name)
        columns.setdefault("ifAlias", columns["ifDescr"])
        port = self.state.add_port(self.row, name, **columns)
        if mac and port["ifPhysAddress"] is None:
            port["ifPhysAddress"] = f"{_OUI.get(self.os, '02ab00')}{port['port_id']:06x}"
        return port

    def ports(self, pattern: str, numbers: Iterable[int], speed: int = GIGABIT, **columns: Any) -> list[Row]:
        """Ports `pattern.format(n)`; the last fifth of them without a link."""
        names = [pattern.format(n) for n in numbers]
        dark = len(names) - len(names) // 5
        return [
            self.port(name, ifSpeed=speed, ifOperStatus="up" if index < dark else "down", **columns)
            for index, name in enumerate(names)
        ]

    def lag(self, name: str, members: list[Row], *, lag_is_high: bool = True) -> Row:
        """A LAG over the members. Vendors differ in which side of the stack the LAG is."""
        speed = sum(m["ifSpeed"] for m in members)
        lag = self.port(name, ifType="ieee8023adLag", ifSpeed=speed)
        for member in members:
            if lag_is_high:
                self.state.add_stack(high=lag, low=member)
            else:
                self.state.add_stack(high=member, low=lag)
        return lag

    def access(self, port: Row, vid: int) -> None:
        """Put the port into one VLAN, untagged."""
        port["ifVlan"] = str(vid)
        self.state.add_membership(port, vid, untagged=1, state="forwarding")

    def trunk(self, port: Row, tagged: Iterable[int] | None = None, native: int = 99) -> None:
        """A trunk with that native VLAN; tagged: all other VLANs of the site without."""
        port |= {"ifTrunk": "dot1Q", "ifVlan": str(native)}
        self.state.add_membership(port, native, untagged=1, state="forwarding")
        for vid in tagged if tagged is not None else vlans(self.site):
            if vid != native:
                self.state.add_membership(port, vid, state="forwarding")

    def svi(self, name: str, vid: int, *, v6: bool = False) -> Row:
        """The routed interface of a VLAN with this device's number in its network."""
        port = self.port(name, ifType="l3ipvlan", ifAlias=f"{vlans(self.site).get(vid, '')} {self.site.key}")
        self.state.add_ipv4(port, ipv4(self.site, vid, self.host), 24)
        if v6:
            self.state.add_ipv6(port, ipv6(self.site, vid, self.host), 64)
            self.state.add_ipv6(port, f"fe80::{self.host:x}", 64, origin="linklayer")
        return port

    def loopback(self, name: str, number: int) -> Row:
        """A loopback with a /32 and a /128."""
        port = self.port(name, mac=False, ifType="softwareLoopback", ifSpeed=8 * GIGABIT, ifMtu=1514)
        self.state.add_ipv4(port, f"10.255.0.{number}", 32)
        self.state.add_ipv6(port, f"2001:db8:ff::{number:x}", 128)
        return port

    def subinterface(self, parent: Row, vid: int) -> Row:
        """`X.N` over X, routed."""
        port = self.port(
            f"{parent['ifName']}.{vid}", ifType="l2vlan", ifSpeed=parent["ifSpeed"], ifVlan=str(vid)
        )
        self.state.add_ipv4(port, ipv4(self.site, vid, self.host), 24)
        self.state.add_stack(high=port, low=parent)
        return port

    def name_vlans(self, vids: Iterable[int] | None = None, **renamed: str) -> None:
        """The VLAN table. renamed: `v60="GUESTS"` for a device that calls one its own way."""
        for vid, name in vlans(self.site).items():
            if vids is None or vid in vids:
                self.state.add_vlan(self.row, vid, renamed.get(f"v{vid}", name))

    def chassis(self, **columns: Any) -> Row:
        """The root entity of a device that is not a stack."""
        return self.state.add_inventory(
            self.row,
            entPhysicalClass="chassis",
            entPhysicalDescr=f"{self.row['hardware']} chassis",
            entPhysicalName="Chassis",
            entPhysicalModelName=self.row["hardware"],
            entPhysicalSerialNum=self.row["serial"] or "",
            entPhysicalIsFRU="false",
            **columns,
        )


def add_switch(
    state: LibreNMSState,
    site: Site,
    name: str,
    *,
    os: str,
    hardware: str,
    host: int,
    serial: str | None,
    type: str = "network",
    **columns: Any,
) -> Switch:
    """A device of the site with management address number `host`; no ports yet."""
    row = state.add_device(
        hostname=columns.pop("hostname", f"{name}.example.net"),
        sysName=columns.pop("sysName", name),
        os=os,
        hardware=hardware,
        serial=serial,
        type=type,
        location=site.location,
        ip=ipv4(site, 10, host),
        **columns,
    )
    return Switch(state, site, row, host)
