"""Which tables are read from NetBox, and where each of them comes from.

The requests of one snapshot, in order (NetBox 4.6, a token that sees everything):

- ``GET /api/status/``
- ``GET /api/core/background-workers/``: 200 for a superuser's token, else 403; then
  ``GET /api/authentication-check/`` and ``GET /api/users/permissions/`` (see ``rights``)
- ``GET /api/extras/custom-fields/?limit=1000&start=1&fields=...`` (their object types are not in GraphQL)
- ``GET /api/core/object-types/?limit=1000&start=1``: how many rows this server puts into a page
- two ``POST /graphql/`` with the first pages of all tables in GROUPS: ``{ site_list(pagination: {start: 1,
  limit: 1000}) { id last_updated name ... } region_list(...) {...} ... }``
- two ``POST /graphql/`` per further page (the second one for tags and tagged VLANs, see ``apart``), or ``GET /api/<path>/?limit=1000&start=<id>&fields=...``
- ``GET /api/<path>/?ordering=-id&limit=1&fields=id`` for a table of many pages, which is then read in pieces:
  ``filters: {id: {lt: 5000}}`` or ``id__lt=5000``
- ``OPTIONS /api/<path>/`` of interfaces and virtual machines for the choices, once per NetBox version

Before 4.6 REST pages are ``?id__gte=<id>&ordering=id``; before 4.5.2 GraphQL is not used at all, because its
lists can only be paged by offset, which loses or repeats rows while others write.
"""

from __future__ import annotations

from dataclasses import dataclass

from netbox_sync_dagster.sources.netbox.queries import Source
from netbox_sync_dagster.storage.tables import NETBOX

_CLUSTER_SCOPES = ("dcim.region", "dcim.sitegroup", "dcim.site", "dcim.location")
_VLAN_SCOPES = (*_CLUSTER_SCOPES, "dcim.rack", "virtualization.cluster", "virtualization.clustergroup")
_IP_OWNERS = ("dcim.interface", "virtualization.vminterface", "ipam.fhrpgroup")
_CABLE_ENDS = (
    "circuits.circuittermination",
    "dcim.consoleport",
    "dcim.consoleserverport",
    "dcim.frontport",
    "dcim.interface",
    "dcim.powerfeed",
    "dcim.poweroutlet",
    "dcim.powerport",
    "dcim.rearport",
)


def _source(  # noqa: PLR0917
    table: str, model: str, path: str, listing: str | None, refs: str = "", generic: tuple[str, ...] = ()
) -> Source:
    """``refs`` is ``"region:dcim.region ..."``; the column is the field's name with ``_id``."""
    pairs = [tuple(word.split(":")) for word in refs.split()]
    columns = {
        "primary_mac_address": "primary_mac_id",
    }
    named = {columns.get(name, f"{name}_id"): (name, target) for name, target in pairs}
    many = (
        {"tagged_vlan_ids": ("tagged_vlans", "ipam.vlan")}
        if "tagged_vlan_ids" in NETBOX[table].columns
        else {}
    )
    return Source(table, model, path, listing, {**named, **many}, generic)


_MACHINE = "virtual_machine:virtualization.virtualmachine"
_STORAGE = "proxmox_storage:netbox_proxbox.proxmoxstorage"

# The order is that of the tables.
SOURCES: dict[str, Source] = {
    source.table: source
    for source in (
        _source("sites", "dcim.site", "dcim/sites", "site_list", "region:dcim.region group:dcim.sitegroup"),
        _source("regions", "dcim.region", "dcim/regions", "region_list", "parent:dcim.region"),
        _source(
            "site_groups", "dcim.sitegroup", "dcim/site-groups", "site_group_list", "parent:dcim.sitegroup"
        ),
        _source(
            "locations",
            "dcim.location",
            "dcim/locations",
            "location_list",
            "site:dcim.site parent:dcim.location",
        ),
        _source("racks", "dcim.rack", "dcim/racks", "rack_list", "site:dcim.site location:dcim.location"),
        _source("manufacturers", "dcim.manufacturer", "dcim/manufacturers", "manufacturer_list"),
        _source(
            "device_types",
            "dcim.devicetype",
            "dcim/device-types",
            "device_type_list",
            "manufacturer:dcim.manufacturer",
        ),
        _source("device_roles", "dcim.devicerole", "dcim/device-roles", "device_role_list"),
        _source(
            "platforms", "dcim.platform", "dcim/platforms", "platform_list", "manufacturer:dcim.manufacturer"
        ),
        _source("tags", "extras.tag", "extras/tags", None),
        _source(
            "custom_fields",
            "extras.customfield",
            "extras/custom-fields",
            None,
            "choice_set:extras.customfieldchoiceset",
        ),
        _source("tenants", "tenancy.tenant", "tenancy/tenants", "tenant_list"),
        _source("contacts", "tenancy.contact", "tenancy/contacts", None),
        _source("contact_roles", "tenancy.contactrole", "tenancy/contact-roles", None),
        _source("vrfs", "ipam.vrf", "ipam/vrfs", "vrf_list"),
        _source("vlan_groups", "ipam.vlangroup", "ipam/vlan-groups", "vlan_group_list", generic=_VLAN_SCOPES),
        _source(
            "cluster_types",
            "virtualization.clustertype",
            "virtualization/cluster-types",
            "cluster_type_list",
        ),
        _source(
            "cluster_groups",
            "virtualization.clustergroup",
            "virtualization/cluster-groups",
            "cluster_group_list",
        ),
        _source(
            "clusters",
            "virtualization.cluster",
            "virtualization/clusters",
            "cluster_list",
            "type:virtualization.clustertype group:virtualization.clustergroup",
            _CLUSTER_SCOPES,
        ),
        _source(
            "virtual_chassis",
            "dcim.virtualchassis",
            "dcim/virtual-chassis",
            "virtual_chassis_list",
            "master:dcim.device",
        ),
        _source(
            "devices",
            "dcim.device",
            "dcim/devices",
            "device_list",
            "device_type:dcim.devicetype role:dcim.devicerole platform:dcim.platform site:dcim.site"
            " location:dcim.location rack:dcim.rack tenant:tenancy.tenant cluster:virtualization.cluster"
            " virtual_chassis:dcim.virtualchassis primary_ip4:ipam.ipaddress primary_ip6:ipam.ipaddress"
            " oob_ip:ipam.ipaddress",
        ),
        _source(
            "virtual_machine_types",
            "virtualization.virtualmachinetype",
            "virtualization/virtual-machine-types",
            "virtual_machine_type_list",
        ),
        _source(
            "virtual_machines",
            "virtualization.virtualmachine",
            "virtualization/virtual-machines",
            "virtual_machine_list",
            "cluster:virtualization.cluster site:dcim.site device:dcim.device role:dcim.devicerole"
            " platform:dcim.platform tenant:tenancy.tenant primary_ip4:ipam.ipaddress"
            " primary_ip6:ipam.ipaddress virtual_machine_type:virtualization.virtualmachinetype",
        ),
        _source(
            "interfaces",
            "dcim.interface",
            "dcim/interfaces",
            "interface_list",
            "device:dcim.device untagged_vlan:ipam.vlan lag:dcim.interface parent:dcim.interface"
            " bridge:dcim.interface vrf:ipam.vrf cable:dcim.cable module:dcim.module"
            " primary_mac_address:dcim.macaddress",
        ),
        _source(
            "vm_interfaces",
            "virtualization.vminterface",
            "virtualization/interfaces",
            "vm_interface_list",
            "virtual_machine:virtualization.virtualmachine untagged_vlan:ipam.vlan"
            " parent:virtualization.vminterface bridge:virtualization.vminterface vrf:ipam.vrf"
            " primary_mac_address:dcim.macaddress",
        ),
        # REST gives the assigned object's type and id plainly: a tenth of what GraphQL's union costs.
        _source("mac_addresses", "dcim.macaddress", "dcim/mac-addresses", None),
        _source(
            "vlans",
            "ipam.vlan",
            "ipam/vlans",
            "vlan_list",
            "group:ipam.vlangroup site:dcim.site tenant:tenancy.tenant role:ipam.role",
        ),
        _source("prefixes", "ipam.prefix", "ipam/prefixes", "prefix_list", "vrf:ipam.vrf"),
        _source("ip_ranges", "ipam.iprange", "ipam/ip-ranges", "ip_range_list", "vrf:ipam.vrf"),
        _source(
            "ip_addresses",
            "ipam.ipaddress",
            "ipam/ip-addresses",
            "ip_address_list",
            "vrf:ipam.vrf nat_inside:ipam.ipaddress tenant:tenancy.tenant",
            _IP_OWNERS,
        ),
        _source(
            "virtual_disks",
            "virtualization.virtualdisk",
            "virtualization/virtual-disks",
            "virtual_disk_list",
            "virtual_machine:virtualization.virtualmachine",
        ),
        # The object's type and id are plain in REST, as those of MAC addresses.
        _source(
            "contact_assignments",
            "tenancy.contactassignment",
            "tenancy/contact-assignments",
            None,
            "contact:tenancy.contact role:tenancy.contactrole",
        ),
        *(
            _source(table, f"netbox_proxbox.{model}", f"plugins/proxbox/{path}", None, refs)
            for table, model, path, refs in (
                ("proxbox_storages", "proxmoxstorage", "storage", "cluster:virtualization.cluster"),
                ("proxbox_backups", "vmbackup", "backups", f"{_MACHINE} {_STORAGE}"),
                ("proxbox_snapshots", "vmsnapshot", "snapshots", _MACHINE),
                ("proxbox_tasks", "vmtaskhistory", "task-history", _MACHINE),
                ("proxbox_replications", "replication", "replications", _MACHINE),
            )
        ),
        _source("cables", "dcim.cable", "dcim/cables", "cable_list", generic=_CABLE_ENDS),
        _source(
            "module_types",
            "dcim.moduletype",
            "dcim/module-types",
            "module_type_list",
            "manufacturer:dcim.manufacturer",
        ),
        _source("module_bays", "dcim.modulebay", "dcim/module-bays", "module_bay_list", "device:dcim.device"),
        _source(
            "modules",
            "dcim.module",
            "dcim/modules",
            "module_list",
            "device:dcim.device module_bay:dcim.modulebay module_type:dcim.moduletype",
        ),
    )
}

# Tables whose first pages share one GraphQL request: those that are large in most installations, and the many
# small ones, with the cables, which cost NetBox most per row.
_LARGER = ("devices", "virtual_machines", "interfaces", "vm_interfaces", "ip_addresses")
GROUPS = (
    _LARGER,
    tuple(name for name, source in SOURCES.items() if source.listing and name not in _LARGER),
)

# Fields that came after 4.2: column, or table and column, -> first version. Older servers give NULL.
SINCE = {
    "mark_populated": (4, 3),
    "start_on_boot": (4, 5),
    "virtual_machine_type_id": (4, 6),
    "custom_fields.status": (4, 7),
    "interfaces.channel_id": (4, 7),
    "interfaces.channels": (4, 7),
    "module_bays.enabled": (4, 6),
    "bay_type_ids": (4, 7),
}
# Tables that came after 4.2: table -> first version. A token that may not read them misses only what they add.
TABLES_SINCE = {"virtual_machine_types": (4, 6)}
# The tables of plugins; see TABLES_SINCE for what a missing right means.
PROXBOX = tuple(name for name, source in SOURCES.items() if source.path.startswith("plugins/proxbox/"))
# Read only where a rule names contacts.
CONTACTS = ("contacts", "contact_roles", "contact_assignments")
OPTIONAL = frozenset({*TABLES_SINCE, *PROXBOX, *CONTACTS, "prefixes", "ip_ranges"})


@dataclass(frozen=True)
class Count:
    """What NetBox counts without regard to permissions: ``field`` of an object is the number of rows of ``table`` that
    have its id in ``column``; ``filter``: by which REST lists those."""

    field: str
    table: str
    column: str
    filter: str


# Asked for along with a table that is read by REST.
COUNTS: dict[str, tuple[Count, ...]] = {
    "sites": (Count("device_count", "devices", "site_id", "site_id"),),
    "clusters": (
        Count("device_count", "devices", "cluster_id", "cluster_id"),
        Count("virtualmachine_count", "virtual_machines", "cluster_id", "cluster_id"),
    ),
    "vlan_groups": (Count("vlan_count", "vlans", "group_id", "group_id"),),
    "vrfs": (Count("ipaddress_count", "ip_addresses", "vrf_id", "vrf_id"),),
    "virtual_chassis": (Count("member_count", "devices", "virtual_chassis_id", "virtual_chassis_id"),),
    "devices": (
        Count("interface_count", "interfaces", "device_id", "device_id"),
        Count("module_bay_count", "module_bays", "device_id", "device_id"),
    ),
    "virtual_machines": (
        Count("interface_count", "vm_interfaces", "virtual_machine_id", "virtual_machine_id"),
        Count("virtual_disk_count", "virtual_disks", "virtual_machine_id", "virtual_machine_id"),
    ),
}


def absent_fields(version: tuple[int, ...]) -> set[str]:
    """Fields that this NetBox version does not have."""
    return {name for name, since in SINCE.items() if version < since}


def sources_of(
    version: tuple[int, ...], *, proxbox: bool = False, contacts: bool = False
) -> dict[str, Source]:
    """The tables that this NetBox version has; ``proxbox``: and the plugin's; ``contacts``: and those of contacts."""
    return {
        name: source
        for name, source in SOURCES.items()
        if version >= TABLES_SINCE.get(name, (0,))
        and (proxbox or name not in PROXBOX)
        and (contacts or name not in CONTACTS)
    }
