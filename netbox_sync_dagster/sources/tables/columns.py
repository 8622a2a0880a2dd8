"""The tables that SQL files may deliver, and their columns: what docs/tables.md documents."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from netbox_sync_dagster.columns import Table, tables_of

KIND = "tables"
# NetBox's own choices.
DEVICE_STATUSES = ("active", "offline", "planned", "staged", "failed", "inventory", "decommissioning")
MACHINE_STATUSES = ("active", "offline", "planned", "staged", "failed", "decommissioning", "paused")
CLUSTER_STATUSES = ("active", "planned", "staging", "decommissioning", "offline")
MODES = ("access", "tagged", "tagged-all")


@dataclass(frozen=True)
class Column:
    """One column of a file's result. ``type`` is DuckDB's; ``required``: the column must be there and have a value in
    every row; ``allowed``: the only values, in any case; ``least`` and ``most``: the range of a number."""

    name: str
    meaning: str
    type: str = "VARCHAR"
    required: bool = False
    allowed: tuple[str, ...] = ()
    least: int | None = None
    most: int | None = None


@dataclass(frozen=True)
class Shape:
    """The result of one file. ``key``: the columns that identify a row (host: the address without its length). ``refers``: (column, file, its column) of rows
    that must exist. ``owners``: exactly one of these columns has a value."""

    name: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    refers: tuple[tuple[str, str, str], ...] = ()
    owners: tuple[str, ...] = ()

    @cached_property
    def by_name(self) -> dict[str, Column]:
        """{name: column}."""
        return {column.name: column for column in self.columns}

    @property
    def file(self) -> str:
        """The name of its SQL file."""
        return f"{self.name}.sql"


def _id(what: str) -> Column:
    return Column(
        "id", f"Identity of the {what}: a text or number that stays when it is renamed.", required=True
    )


_DEVICE = "`id` of the device in `devices.sql`."
_MACHINE = "`id` of the virtual machine in `virtual_machines.sql`."
_NIC = (
    Column("enabled", "Whether it is enabled.", "BOOLEAN"),
    Column("mtu", "MTU in bytes.", "INTEGER", least=1, most=65536),
    Column("mac", "MAC address in any notation; '' = none."),
    Column("description", "Description; '' = none."),
    Column("mode", "802.1Q mode; follows from the VLANs if it is missing.", allowed=MODES),
    Column("untagged_vlan", "VID of the untagged VLAN; 0 = none.", "INTEGER", least=0, most=4094),
    Column(
        "tagged_vlans",
        "VIDs of the tagged VLANs, as a list or a text like '10, 20'; [] = none.",
        "INTEGER[]",
        least=1,
        most=4094,
    ),
)

_SHAPES = (
    Shape(
        "devices",
        (
            _id("device"),
            Column("name", "Name.", required=True),
            Column("site", "Site: a name of yours (`mappings.sites`), or a NetBox site's name or slug."),
            Column("location", "Location within the site (`mappings.locations`)."),
            Column("rack", "Rack within the site, of new devices only (`mappings.racks`)."),
            Column("tenant", "Tenant, of new devices only (`mappings.tenants`)."),
            Column("role", "Device role (`mappings.roles`)."),
            Column("device_type", "Model (`mappings.device_types`)."),
            Column(
                "manufacturer", "Manufacturer of a device type that is created (`mappings.manufacturers`)."
            ),
            Column("platform", "Platform (`mappings.platforms`)."),
            Column("serial", "Serial number; placeholders such as 'None' count as unknown."),
            Column("status", "Status.", allowed=DEVICE_STATUSES),
            Column("cluster", "Name of the cluster of which it is a host."),
        ),
        ("id",),
    ),
    Shape(
        "interfaces",
        (
            Column("device", _DEVICE, required=True),
            Column("name", "Name, unique on the device.", required=True),
            Column(
                "type",
                "NetBox's interface type, e.g. 1000base-t, lag or virtual; follows from `speed` if it is missing.",
            ),
            Column("speed", "Speed in kbit/s.", "BIGINT", least=0, most=2147483647),
            *_NIC,
            Column("lag", "Name of the LAG, on the same device."),
            Column("parent", "Name of the interface below a virtual one, on the same device."),
            Column("bridge", "Name of the bridge, on the same device."),
            Column("mgmt_only", "For management only; of new interfaces only.", "BOOLEAN"),
        ),
        ("device", "name"),
        (("device", "devices", "id"),),
    ),
    Shape(
        "clusters",
        (
            Column("name", "Name.", required=True),
            Column("site", "Site (`mappings.sites`)."),
            Column("status", "Status.", allowed=CLUSTER_STATUSES),
        ),
        ("name",),
    ),
    Shape(
        "virtual_machines",
        (
            _id("virtual machine"),
            Column("name", "Name.", required=True),
            Column("cluster", "Name of the cluster; the endpoint's `cluster` if it is missing."),
            Column("device", "`id` of the host in `devices.sql`."),
            Column("role", "Role (`mappings.roles`)."),
            Column("platform", "Platform (`mappings.platforms`)."),
            Column("tenant", "Tenant (`mappings.tenants`)."),
            Column("status", "Status.", allowed=MACHINE_STATUSES),
            Column("vcpus", "Number of CPUs.", "DOUBLE", least=0, most=9999),
            Column("memory", "Memory in MB, as NetBox has it.", "BIGINT", least=0, most=2147483647),
            Column("description", "Description; '' = none."),
            Column("comments", "Comments; '' = none."),
            Column("tags", "Tags, as a list or a text like 'web, prod'; [] = none.", "VARCHAR[]"),
        ),
        ("id",),
        (("device", "devices", "id"),),
    ),
    Shape(
        "vm_interfaces",
        (
            Column("virtual_machine", _MACHINE, required=True),
            Column("name", "Name, unique in the virtual machine.", required=True),
            *_NIC,
        ),
        ("virtual_machine", "name"),
        (("virtual_machine", "virtual_machines", "id"),),
    ),
    Shape(
        "virtual_disks",
        (
            Column("virtual_machine", _MACHINE, required=True),
            Column("name", "Name, unique in the virtual machine.", required=True),
            Column(
                "size", "Size in MB, as NetBox has it.", "BIGINT", required=True, least=0, most=2147483647
            ),
            Column("description", "Description; '' = none."),
        ),
        ("virtual_machine", "name"),
        (("virtual_machine", "virtual_machines", "id"),),
    ),
    Shape(
        "ip_addresses",
        (
            Column("device", "`id` of the device; this or `virtual_machine`."),
            Column("virtual_machine", "`id` of the virtual machine; this or `device`."),
            Column(
                "interface",
                "Name of the interface in `interfaces.sql` or `vm_interfaces.sql`.",
                required=True,
            ),
            Column("address", "Address with prefix length, e.g. 192.0.2.10/24.", required=True),
            Column("vrf", "VRF (`mappings.vrfs`); the default VRF if it is missing."),
            Column("dns_name", "DNS name."),
            Column("is_primary", "Whether it is the primary address of its family.", "BOOLEAN"),
        ),
        ("device", "virtual_machine", "interface", "host", "vrf"),
        (("device", "devices", "id"), ("virtual_machine", "virtual_machines", "id")),
        ("device", "virtual_machine"),
    ),
    Shape(
        "vlans",
        (
            Column("device", "`id` of the device that knows the VLAN; this or `cluster`."),
            Column("cluster", "Name of the cluster that knows the VLAN; this or `device`."),
            Column("vid", "VID.", "INTEGER", required=True, least=1, most=4094),
            Column("name", "Name."),
        ),
        ("device", "cluster", "vid"),
        (("device", "devices", "id"),),
        ("device", "cluster"),
    ),
    Shape(
        "cables",
        (
            Column("device", _DEVICE, required=True),
            Column(
                "interface",
                "Name of the interface in `interfaces.sql` that sees the neighbour.",
                required=True,
            ),
            Column("remote_device", "`id` or name of the neighbour.", required=True),
            Column("remote_interface", "Name of the neighbour's interface."),
        ),
        ("device", "interface", "remote_device", "remote_interface"),
        (("device", "devices", "id"),),
    ),
)
SHAPES: dict[str, Shape] = {shape.name: shape for shape in _SHAPES}

# Columns of the snapshot beside those of the files: an address taken apart (canonical host as in other kinds).
_MORE = {"ip_addresses": " host family:INTEGER prefixlen:INTEGER"}


def _spec(shape: Shape) -> str:
    columns = " ".join(
        column.name if column.type == "VARCHAR" else f"{column.name}:{column.type}"
        for column in shape.columns
    )
    return columns + _MORE.get(shape.name, "")


TABLES: dict[str, Table] = tables_of(
    KIND,
    {
        # One row per table: whether the folder has its file.
        "files": "name present:BOOLEAN",
        **{name: _spec(shape) for name, shape in SHAPES.items()},
    },
)
