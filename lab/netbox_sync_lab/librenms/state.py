"""The database behind the lab's LibreNMS: tables as lists of rows, and helpers that add consistent rows."""

import ipaddress
import itertools
import threading
from collections.abc import Iterable
from typing import Any

from netbox_sync_lab.librenms import schema
from netbox_sync_lab.librenms.schema import Row


class LibreNMSState:
    """Tables as plain lists of dicts, named as in LibreNMS. Change rows freely, also while a server runs.

    devices, ports, ipv4_addresses, ipv6_addresses, vlans, ports_vlans, links, locations, vrfs, ports_stack,
    inventory (table entPhysical), transceivers, device_groups, device_group_members
    ({"device_group_id", "device_id"}), poller_groups.
    The `add_*` helpers take any column of the table by name and raise ValueError for an unknown one.
    """

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.devices: list[Row] = []
        self.ports: list[Row] = []
        self.ipv4_addresses: list[Row] = []
        self.ipv6_addresses: list[Row] = []
        self.vlans: list[Row] = []
        self.ports_vlans: list[Row] = []
        self.links: list[Row] = []
        self.locations: list[Row] = []
        self.vrfs: list[Row] = []
        self.ports_stack: list[Row] = []
        self.inventory: list[Row] = []
        self.transceivers: list[Row] = []
        self.device_groups: list[Row] = []
        self.device_group_members: list[Row] = []
        self.poller_groups: list[Row] = []
        self._ids: dict[str, itertools.count[int]] = {}
        self._networks: dict[str, int] = {}

    # -- devices ---------------------------------------------------------------------------------

    def add_device(self, hostname: str, *, location: str | None = None, **columns: Any) -> Row:
        """A device. location: the name of a location, made when there is none of that name.

        Without `ip`, `sysName` or `icon`: no address, the hostname, an icon named after the os.
        """
        row = self._row("devices", schema.DEVICE, columns | {"hostname": hostname})
        row["device_id"] = columns.get("device_id") or self._next("device", self.devices, "device_id")
        if "sysName" not in columns:
            row["sysName"] = hostname
        if not row["icon"]:
            row["icon"] = f"{row['os'] or 'generic'}.svg"
        if location is not None:
            self.set_location(row, location)
        with self.lock:
            self.devices.append(row)
        return row

    def device(self, key: int | str) -> Row | None:
        """The device with this device_id or hostname (any case), as the API's paths find it."""
        text = str(key)
        with self.lock:
            for row in self.devices:
                if text.isdigit():
                    if row["device_id"] == int(text):
                        return row
                elif str(row["hostname"]).lower() == text.lower():
                    return row
        return None

    def delete_device(self, device: Row | int) -> None:
        """The device with everything that belongs to it, as LibreNMS deletes one."""
        device_id = device if isinstance(device, int) else device["device_id"]
        with self.lock:
            for port in [p for p in self.ports if p["device_id"] == device_id]:
                self.delete_port(port)
            for table in (self.vlans, self.ports_stack, self.inventory, self.transceivers, self.vrfs):
                table[:] = [r for r in table if r["device_id"] != device_id]
            self.links[:] = [r for r in self.links if r["local_device_id"] != device_id]
            for link in self.links:
                if link["remote_device_id"] == device_id:
                    link |= {"remote_device_id": 0, "remote_port_id": None}
            self.device_group_members[:] = [
                r for r in self.device_group_members if r["device_id"] != device_id
            ]
            self.devices[:] = [r for r in self.devices if r["device_id"] != device_id]

    def add_location(self, location: str, lat: float | None = None, lng: float | None = None) -> Row:
        """A location; the existing one of that name (with coordinates when they are given here)."""
        with self.lock:
            for row in self.locations:
                if row["location"] == location:
                    if lat is not None:
                        row |= {"lat": lat, "lng": lng}
                    return row
            row = schema.LOCATION | {"location": location, "lat": lat, "lng": lng}
            row["id"] = self._next("location", self.locations, "id")
            self.locations.append(row)
            return row

    def set_location(self, device: Row, location: str) -> None:
        """Move the device to the location of that name."""
        device["location_id"] = self.add_location(location)["id"]

    def add_device_group(self, name: str, devices: Iterable[Row] = (), **columns: Any) -> Row:
        """A static device group with these members."""
        row = self._row("device_groups", schema.DEVICE_GROUP, columns | {"name": name})
        row["id"] = self._next("device_group", self.device_groups, "id")
        with self.lock:
            self.device_groups.append(row)
            for device in devices:
                self.device_group_members.append(
                    {"device_group_id": row["id"], "device_id": device["device_id"]}
                )
        return row

    def add_poller_group(self, group_name: str, descr: str = "") -> Row:
        """A poller group; group 0 ("General") has no row, as in LibreNMS."""
        row = {
            "id": self._next("poller_group", self.poller_groups, "id"),
            "group_name": group_name,
            "descr": descr,
        }
        self.poller_groups.append(row)
        return row

    # -- ports -----------------------------------------------------------------------------------

    def add_port(self, device: Row, ifName: str | None, **columns: Any) -> Row:
        """A port of the device: up, 1 Gbit/s, MTU 1500, no MAC address.

        ifDescr and ifAlias become ifName when they are not given: LibreNMS fills them so. ifIndex counts up.
        """
        row = self._row("ports", schema.PORT, columns | {"ifName": ifName})
        with self.lock:
            row["port_id"] = columns.get("port_id") or self._next("port", self.ports, "port_id")
            row["device_id"] = device["device_id"]
            row["ifDescr"] = columns.get("ifDescr", ifName)
            row["ifAlias"] = columns.get("ifAlias", ifName)
            if row["ifIndex"] is None:
                key = f"ifIndex {device['device_id']}"
                mine = [p for p in self.ports if p["device_id"] == device["device_id"]]
                row["ifIndex"] = self._next(key, mine, "ifIndex")
            self.ports.append(row)
        return row

    def port(self, device: Row, ifName: str) -> Row:
        """The device's port of that name. Raises KeyError when there is none."""
        for row in self.ports:
            if row["device_id"] == device["device_id"] and row["ifName"] == ifName:
                return row
        raise KeyError(f"{device['hostname']} has no port {ifName}")

    def delete_port(self, port: Row) -> None:
        """Remove the row and its dependents. (`port["deleted"] = 1` is what a poller does.)"""
        port_id = port["port_id"]
        with self.lock:
            for table in (self.ipv4_addresses, self.ipv6_addresses, self.ports_vlans, self.transceivers):
                table[:] = [r for r in table if r["port_id"] != port_id]
            self.links[:] = [r for r in self.links if r["local_port_id"] != port_id]
            for link in self.links:
                if link["remote_port_id"] == port_id:
                    link["remote_port_id"] = None
            self.ports_stack[:] = [
                r for r in self.ports_stack if port_id not in (r["high_port_id"], r["low_port_id"])
            ]
            self.ports[:] = [r for r in self.ports if r["port_id"] != port_id]

    def add_ipv4(self, port: Row, address: str, prefixlen: int, context_name: str = "") -> Row:
        """An IPv4 address on the port; any other text is kept unchanged."""
        row = {
            "ipv4_address_id": self._next("ipv4", self.ipv4_addresses, "ipv4_address_id"),
            "ipv4_address": address,
            "ipv4_prefixlen": prefixlen,
            "ipv4_network_id": self._network(address, prefixlen),
            "port_id": port["port_id"],
            "context_name": context_name,
        }
        self.ipv4_addresses.append(row)
        return row

    def add_ipv6(
        self, port: Row, address: str, prefixlen: int, origin: str = "manual", context_name: str = ""
    ) -> Row:
        """An IPv6 address on the port, stored expanded and compressed; any other text is kept unchanged."""
        try:
            parsed = ipaddress.IPv6Address(address)
            expanded, compressed = parsed.exploded, str(parsed)
        except ValueError:
            expanded = compressed = address
        row = {
            "ipv6_address_id": self._next("ipv6", self.ipv6_addresses, "ipv6_address_id"),
            "ipv6_address": expanded,
            "ipv6_compressed": compressed,
            "ipv6_prefixlen": prefixlen,
            "ipv6_origin": origin,
            "ipv6_network_id": self._network(address, prefixlen),
            "port_id": port["port_id"],
            "context_name": context_name,
        }
        self.ipv6_addresses.append(row)
        return row

    def add_transceiver(self, port: Row, **columns: Any) -> Row:
        """A transceiver in the port."""
        row = self._row("transceivers", schema.TRANSCEIVER, columns)
        row["id"] = self._next("transceiver", self.transceivers, "id")
        row |= {"device_id": port["device_id"], "port_id": port["port_id"]}
        row["index"] = row["index"] or str(port["ifIndex"])
        self.transceivers.append(row)
        return row

    def add_stack(self, high: Row, low: Row, status: str = "active") -> Row:
        """`high` runs over `low` (which of a LAG and its member is which differs by vendor)."""
        row = {
            "id": self._next("stack", self.ports_stack, "id"),
            "device_id": high["device_id"],
            "high_ifIndex": high["ifIndex"],
            "high_port_id": high["port_id"],
            "low_ifIndex": low["ifIndex"],
            "low_port_id": low["port_id"],
            "ifStackStatus": status,
        }
        self.ports_stack.append(row)
        return row

    # -- VLANs, VRFs, links, inventory -----------------------------------------------------------

    def add_vlan(self, device: Row, vid: int, name: str, **columns: Any) -> Row:
        """A VLAN of the device."""
        row = self._row("vlans", schema.VLAN, columns)
        row["vlan_id"] = columns.get("vlan_id") or self._next("vlan", self.vlans, "vlan_id")
        row |= {"device_id": device["device_id"], "vlan_vlan": vid, "vlan_name": name}
        self.vlans.append(row)
        return row

    def add_membership(self, port: Row, vid: int, untagged: int = 0, **columns: Any) -> Row:
        """The port is a member of the VLAN with this VID; untagged 0 or 1 as stored."""
        row = self._row("ports_vlans", schema.PORT_VLAN, columns)
        row["port_vlan_id"] = self._next("port_vlan", self.ports_vlans, "port_vlan_id")
        row |= {"device_id": port["device_id"], "port_id": port["port_id"], "vlan": vid}
        row |= {"untagged": untagged}
        self.ports_vlans.append(row)
        return row

    def add_vrf(self, device: Row, name: str, rd: str | None = None, **columns: Any) -> Row:
        """A VRF of the device; put its vrf_id into a port's ifVrf."""
        row = self._row("vrfs", schema.VRF, columns)
        row["vrf_id"] = self._next("vrf", self.vrfs, "vrf_id")
        row |= {
            "vrf_name": name,
            "mplsVpnVrfRouteDistinguisher": rd,
            "device_id": device["device_id"],
            "vrf_oid": row["vrf_oid"] or ".".join(str(ord(c)) for c in name),
        }
        self.vrfs.append(row)
        return row

    def add_link(self, port: Row, remote_hostname: str, remote_port: str, **columns: Any) -> Row:
        """A neighbour seen on the port. remote_device_id 0: LibreNMS does not know the neighbour."""
        row = self._row("links", schema.LINK, columns)
        row["id"] = self._next("link", self.links, "id")
        row |= {
            "local_port_id": port["port_id"],
            "local_device_id": port["device_id"],
            "remote_hostname": remote_hostname,
            "remote_port": remote_port,
        }
        self.links.append(row)
        return row

    def connect(self, a: Row, b: Row, protocol: str = "lldp") -> tuple[Row, Row]:
        """Two ports that see each other: one resolved link from either end."""
        first, second = (
            self.add_link(
                here,
                remote_hostname=str((self.device(there["device_id"]) or {}).get("sysName") or ""),
                remote_port=str(there["ifName"] or ""),
                remote_device_id=there["device_id"],
                remote_port_id=there["port_id"],
                protocol=protocol,
            )
            for here, there in ((a, b), (b, a))
        )
        return first, second

    def add_inventory(self, device: Row, **columns: Any) -> Row:
        """An entity of the device's inventory (columns entPhysical..., ifIndex). entPhysicalIndex counts up."""
        row = self._row("inventory", schema.INVENTORY, columns)
        row["entPhysical_id"] = self._next("inventory", self.inventory, "entPhysical_id")
        row["device_id"] = device["device_id"]
        if row["entPhysicalIndex"] is None:
            mine = [r for r in self.inventory if r["device_id"] == device["device_id"]]
            row["entPhysicalIndex"] = self._next(f"entity {device['device_id']}", mine, "entPhysicalIndex")
        self.inventory.append(row)
        return row

    # -- inside ----------------------------------------------------------------------------------

    @staticmethod
    def _row(table: str, template: Row, columns: Row) -> Row:
        if unknown := sorted(set(columns) - set(template)):
            raise ValueError(f"LibreNMS's table {table} has no column {', '.join(unknown)}")
        return template | columns

    def _next(self, counter: str, table: list[Row], column: str) -> int:
        with self.lock:
            ids = self._ids.setdefault(counter, itertools.count(1))
            used = {r[column] for r in table}
            return next(i for i in ids if i not in used)

    def _network(self, address: str, prefixlen: int) -> int:
        try:
            network = str(ipaddress.ip_network(f"{address}/{prefixlen}", strict=False))
        except ValueError:
            return 0
        with self.lock:
            return self._networks.setdefault(network, len(self._networks) + 1)
