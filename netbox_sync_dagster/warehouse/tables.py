"""The columns of every stored table: what a source must deliver and what SQL may rely on.

Types are DuckDB's. Every snapshot table begins with ``endpoint`` and ``snapshot_id``; the writer adds both,
sources deliver the rest. Column names are the source system's own (LibreNMS ``ifName``, Proxmox ``vmid``).
Units are the source's own too: LibreNMS ``ifSpeed`` in bit/s, Proxmox ``maxmem`` in bytes; conversion is
the comparison's work, in SQL.
"""

from __future__ import annotations

from dataclasses import dataclass

Columns = dict[str, str]


def _columns(text: str) -> Columns:
    """``"a:BIGINT b c:BOOLEAN"`` -> columns in that order; no type means VARCHAR."""
    pairs = (word.partition(":") for word in text.split())
    return {name: kind or "VARCHAR" for name, _, kind in pairs}


@dataclass(frozen=True)
class Table:
    """One stored table: its system (``librenms``, ``proxmox``, ``docker``, ``netbox``, ``diff``), name and columns."""

    system: str
    name: str
    columns: Columns


# Kept beside the rows of every snapshot:
# scopes: which parts of the snapshot were read completely. `scope` names the kind of part (see SCOPES in each
#   source), `scope_id` the part ('*' = all of it). No evidence, no delete: SQL reads this table before it
#   proposes any delete or clear. `unseen`: rows may be out of sight altogether; false where a row was seen and
#   could not be read, or a column is missing.
# rejected: rows a server sent that could not be taken, with the reason; secrets removed.
_COMMON = {
    "scopes": "scope scope_id complete:BOOLEAN unseen:BOOLEAN reason",
    "rejected": "source_table row_key reason row_json",
}
# How many rows each device, node, guest or container has, or the endpoint ('*'): what the next snapshot is measured by.
# `counted` says of what, for people. `rows` now; `baseline` in the last good snapshot; `peak` the most ever;
# `accepted`: somebody has said that the number is right (--accept-shrink), and it has not fallen since.
_COUNTS = {
    "row_counts": "source_table counted owner rows:BIGINT baseline:BIGINT peak:BIGINT accepted:BOOLEAN",
}
# The tables that hold no rows of a server, but what is known about them.
ABOUT_ROWS = (*_COMMON, *_COUNTS)

# Where this table has no row, the server showed nothing. A Docker host without containers is no empty snapshot.
MAIN_TABLE = {"librenms": "devices", "proxmox": "guests", "docker": "host", "netbox": "status"}

_LIBRENMS = {
    "system": "local_ver db_schema php_ver database_ver",
    "devices": """device_id:BIGINT hostname sysName display ip os hardware version serial type purpose features
        location_id:BIGINT location lat:DOUBLE lng:DOUBLE status:BOOLEAN ignore:BOOLEAN disabled:BOOLEAN
        last_polled uptime:BIGINT sysDescr sysObjectID notes poller_group:BIGINT dependency_parent_id""",
    "ports": """port_id:BIGINT device_id:BIGINT ifIndex:BIGINT ifName ifDescr ifAlias ifType ifSpeed:BIGINT
        ifMtu:BIGINT ifPhysAddress ifAdminStatus ifOperStatus ifVlan ifTrunk ifVrf:BIGINT ifDuplex
        ignore:BOOLEAN disabled:BOOLEAN deleted:BOOLEAN""",
    # One row per VLAN membership of a port; vlan is the VID.
    "port_vlans": "device_id:BIGINT port_id:BIGINT vlan:BIGINT untagged:BOOLEAN",
    "port_stack": "device_id:BIGINT high_port_id:BIGINT low_port_id:BIGINT ifStackStatus",
    # address and prefixlen as the server says them; family is 4 or 6; canonical is the canonical text of
    # the host address (IPv6 compressed, IPv4-in-IPv6 in hexadecimal groups), NULL where it does not parse.
    "ip_addresses": """address_id:BIGINT family:INTEGER address prefixlen:INTEGER canonical port_id:BIGINT
        context_name""",
    "vlans": "vlan_id:BIGINT device_id:BIGINT vlan_vlan:BIGINT vlan_domain:BIGINT vlan_name vlan_type",
    "links": """id:BIGINT local_device_id:BIGINT local_port_id:BIGINT remote_device_id:BIGINT
        remote_port_id:BIGINT active:BOOLEAN protocol remote_hostname remote_port remote_platform
        remote_version""",
    "locations": "id:BIGINT location lat:DOUBLE lng:DOUBLE",
    # Of the groups that the import filter names.
    "device_groups": "name device_id:BIGINT",
    "vrfs": """vrf_id:BIGINT device_id:BIGINT vrf_name vrf_oid mplsVpnVrfRouteDistinguisher
        mplsVpnVrfDescription""",
    "inventory": """entPhysical_id:BIGINT device_id:BIGINT entPhysicalIndex:BIGINT entPhysicalDescr
        entPhysicalClass entPhysicalName entPhysicalSerialNum entPhysicalModelName entPhysicalMfgName
        entPhysicalContainedIn:BIGINT entPhysicalParentRelPos:BIGINT entPhysicalIsFRU:BOOLEAN
        ifIndex:BIGINT""",
    # entity_physical_index is the entPhysicalIndex of the same part, where the device tells it.
    "transceivers": """id:BIGINT device_id:BIGINT port_id:BIGINT entity_physical_index:BIGINT type vendor model
        revision serial""",
}

_PROXMOX = {
    # name is the cluster's name, or the node's own for a standalone node; quorate NULL when standalone.
    # fingerprint: that of the cluster's certificate authority, by which it is told from a namesake.
    "cluster": "name standalone:BOOLEAN quorate:BOOLEAN version release fingerprint",
    "nodes": """node online:BOOLEAN ip maxcpu:INTEGER maxmem:BIGINT maxdisk:BIGINT uptime:BIGINT cpu_model
        cpu_sockets:INTEGER pveversion dmi_product dmi_manufacturer dmi_serial""",
    # ports are bridge_ports, bond slaves or OVS ports, as a list; method/method6 say static, dhcp, manual.
    "node_interfaces": """node iface type active:BOOLEAN autostart:BOOLEAN method method6 cidr cidr6 gateway gateway6
        mtu:INTEGER mac ports:VARCHAR[] bond_mode vlan_raw_device vlan_id:INTEGER bridge_vlan_aware:BOOLEAN
        comments""",
    # One row per guest; type is qemu or lxc. Values NULL when the guest's node is offline (unknown).
    # name_given is what Proxmox says, empty where the guest has none. agent_enabled from the config.
    "guests": """vmid:BIGINT type node name_given status template:BOOLEAN maxcpu:DOUBLE maxmem:BIGINT
        maxdisk:BIGINT uptime:BIGINT pool lock ostype onboot:BOOLEAN description tags:VARCHAR[]
        agent_enabled:BOOLEAN hostname config_read:BOOLEAN""",
    # Every current config line, for ad-hoc SQL and so that unknown keys are kept. Secrets (cipassword,
    # sshkeys) are left out.
    "guest_config": "vmid:BIGINT key value",
    # One row per netN. tag is the VLAN, trunks the list of VIDs with ranges expanded; mac upper-case with
    # colons; position is N.
    "guest_interfaces": """vmid:BIGINT key position:INTEGER name model mac bridge tag:INTEGER
        trunks:INTEGER[] mtu:INTEGER link_down:BOOLEAN firewall:BOOLEAN rate:DOUBLE""",
    # What the guest agent (qemu) or the container says: its interface names by MAC, as far as they belong to a
    # netN (key). Several names on one MAC (VLANs, bridges in the guest) are in the guest's order: position 0
    # is the interface itself.
    "guest_agent_interfaces": "vmid:BIGINT key position:INTEGER name mac",
    # canonical as in librenms.ip_addresses. source: agent, lxc, static, cloudinit. key is the netN it
    # belongs to (joined by MAC), position its order on that interface.
    "guest_addresses": """vmid:BIGINT key family:INTEGER address prefixlen:INTEGER canonical source
        position:INTEGER""",
    # size_mib: MiB, rounded up to 1; NULL = size unknown. bus is scsi, virtio, rootfs, mp, efidisk, ...
    "disks": """vmid:BIGINT key bus position:INTEGER storage volume size_mib:BIGINT counted:BOOLEAN
        reason""",
    "storages": """storage node type shared:BOOLEAN content:VARCHAR[] enabled:BOOLEAN active:BOOLEAN
        total:BIGINT used:BIGINT avail:BIGINT path""",
    "backups": """storage node volid vmid:BIGINT subtype ctime:TIMESTAMP size:BIGINT format notes
        protected:BOOLEAN verification""",
    "snapshots": "vmid:BIGINT name parent description snaptime:TIMESTAMP vmstate:BOOLEAN",
    "tasks": """upid node type id user status starttime:TIMESTAMP endtime:TIMESTAMP""",
    "replications": """id guest:BIGINT source target type schedule comment disable:BOOLEAN rate:DOUBLE""",
    "backup_jobs": "id schedule storage mode enabled:BOOLEAN vmids:VARCHAR[] all_guests:BOOLEAN comment",
    "sdn_zones": "zone type nodes:VARCHAR[] mtu:INTEGER",
    "sdn_vnets": "vnet zone tag:INTEGER alias vlanaware:BOOLEAN",
    "pools": "poolid comment",
    "tag_styles": "tag color",
}

_DOCKER = {
    # The daemon: one row. memtotal in bytes. name and id NULL where /info may not be read.
    "host": """name id version api_version os kernel architecture ncpu:INTEGER memtotal:BIGINT swarm""",
    # One row per container. cpus and memory (bytes) are its limits, 0 = none; NULL, like the rest, where it could
    # not be inspected. Environment, command and labels are never kept: they may hold secrets.
    "containers": """name id image image_id state created:TIMESTAMP started:TIMESTAMP hostname domainname network_mode
        cpus:DOUBLE memory:BIGINT restart_policy compose_project compose_service swarm_service
        inspected:BOOLEAN""",
    # One row per network of a container; position 0 is the network that it was started with. attached: it is there
    # now, with mac and addresses.
    "container_interfaces": "container network position:INTEGER network_id mac attached:BOOLEAN",
    # canonical as in librenms.ip_addresses.
    "container_addresses": "container network family:INTEGER address prefixlen:INTEGER canonical",
    "networks": "id name driver scope internal:BOOLEAN subnets:VARCHAR[]",
}

# id and last_updated (the server's own text in UTC, from which the ETag is built) head every NetBox table.
# cf is the object's custom fields as JSON text, keys sorted. tags are slugs, sorted.
_NB = "id:BIGINT last_updated "
_NETBOX = {
    # branch is the netbox-branching branch that was read, none for main; written_as: how the ledger calls it, and
    # what was merged into it. proxbox: whether the models of the plugin netbox-proxbox are there. dependents_of: the
    # types of which table dependents was read; those that could not be read whole are in scopes (scope dependents).
    "status": """netbox_version plugins:VARCHAR branch:VARCHAR written_as:VARCHAR[] proxbox:BOOLEAN
        dependents_of:VARCHAR[]""",
    # model is 'dcim.interface'; field 'status', 'type', ...; the choices and lengths this server accepts.
    "choices": "model field value label",
    "sites": _NB
    + """name slug status region_id:BIGINT group_id:BIGINT latitude:DOUBLE longitude:DOUBLE
        tags:VARCHAR[] cf""",
    "regions": _NB + "name slug parent_id:BIGINT",
    "site_groups": _NB + "name slug parent_id:BIGINT",
    "locations": _NB + "name slug site_id:BIGINT parent_id:BIGINT",
    "racks": _NB + "name site_id:BIGINT location_id:BIGINT",
    "manufacturers": _NB + "name slug",
    "device_types": _NB + "manufacturer_id:BIGINT model slug part_number",
    "device_roles": _NB + "name slug color vm_role:BOOLEAN",
    "platforms": _NB + "name slug manufacturer_id:BIGINT",
    "tags": _NB + "name slug color",
    "custom_fields": _NB + "name type object_types:VARCHAR[] related_object_type required:BOOLEAN",
    "tenants": _NB + "name slug",
    "vrfs": _NB + "name rd enforce_unique:BOOLEAN",
    "vlan_groups": _NB + "name slug scope_type scope_id:BIGINT vid_ranges:INTEGER[][]",
    "cluster_types": _NB + "name slug",
    "cluster_groups": _NB + "name slug",
    "clusters": _NB
    + """name type_id:BIGINT group_id:BIGINT status scope_type scope_id:BIGINT description
        tags:VARCHAR[] cf""",
    "virtual_chassis": _NB + "name domain master_id:BIGINT",
    "devices": _NB
    + """name status device_type_id:BIGINT role_id:BIGINT platform_id:BIGINT site_id:BIGINT
        location_id:BIGINT rack_id:BIGINT tenant_id:BIGINT cluster_id:BIGINT virtual_chassis_id:BIGINT
        vc_position:INTEGER serial asset_tag primary_ip4_id:BIGINT primary_ip6_id:BIGINT oob_ip_id:BIGINT
        description comments tags:VARCHAR[] cf""",
    # NetBox 4.6 and newer.
    "virtual_machine_types": _NB + "name slug",
    "virtual_machines": _NB
    + """name status cluster_id:BIGINT site_id:BIGINT device_id:BIGINT
        role_id:BIGINT platform_id:BIGINT tenant_id:BIGINT vcpus:DOUBLE memory:BIGINT disk:BIGINT
        start_on_boot serial primary_ip4_id:BIGINT primary_ip6_id:BIGINT description comments
        tags:VARCHAR[] cf virtual_machine_type_id:BIGINT""",
    # speed in kbit/s; primary_mac_id the MAC address object; cable_id where a cable is attached.
    "interfaces": _NB
    + """device_id:BIGINT name label type enabled:BOOLEAN mtu:INTEGER speed:BIGINT
        description mode untagged_vlan_id:BIGINT tagged_vlan_ids:BIGINT[] lag_id:BIGINT parent_id:BIGINT
        bridge_id:BIGINT vrf_id:BIGINT mgmt_only:BOOLEAN mark_connected:BOOLEAN cable_id:BIGINT
        module_id:BIGINT primary_mac_id:BIGINT tags:VARCHAR[] cf""",
    "vm_interfaces": _NB
    + """virtual_machine_id:BIGINT name enabled:BOOLEAN mtu:INTEGER description mode
        untagged_vlan_id:BIGINT tagged_vlan_ids:BIGINT[] parent_id:BIGINT bridge_id:BIGINT vrf_id:BIGINT
        primary_mac_id:BIGINT tags:VARCHAR[] cf""",
    # assigned_object_type is 'dcim.interface' or 'virtualization.vminterface'.
    "mac_addresses": _NB + "mac_address assigned_object_type assigned_object_id:BIGINT",
    "vlans": _NB
    + """vid:INTEGER name status group_id:BIGINT site_id:BIGINT tenant_id:BIGINT role_id:BIGINT
        description tags:VARCHAR[] cf""",
    # address as NetBox gives it ('10.0.0.1/24'); host the canonical host address, prefixlen its mask.
    "ip_addresses": _NB
    + """address host prefixlen:INTEGER family:INTEGER vrf_id:BIGINT status role
        dns_name assigned_object_type assigned_object_id:BIGINT nat_inside_id:BIGINT tenant_id:BIGINT
        description tags:VARCHAR[] cf""",
    # size in the unit NetBox stores (MB; this product writes MiB).
    "virtual_disks": _NB + "virtual_machine_id:BIGINT name size:BIGINT description",
    # Of the plugin netbox-proxbox, where it is installed. Times are ISO 8601 in UTC, as text.
    "proxbox_storages": _NB
    + "cluster_id:BIGINT name storage_type content path nodes shared:BOOLEAN enabled:BOOLEAN",
    "proxbox_backups": _NB
    + """virtual_machine_id:BIGINT proxmox_storage_id:BIGINT storage subtype format creation_time size:BIGINT
        notes volume_id vmid:BIGINT verification_state""",
    "proxbox_snapshots": _NB
    + "virtual_machine_id:BIGINT name description vmid:BIGINT node snaptime parent subtype status",
    "proxbox_tasks": _NB
    + """virtual_machine_id:BIGINT vm_type upid node task_id task_type username start_time end_time description
        status""",
    "proxbox_replications": _NB
    + """virtual_machine_id:BIGINT replication_id guest:BIGINT target schedule rate:DOUBLE comment
        disable:BOOLEAN source jobnum:BIGINT status""",
    "cables": _NB + "status type label a_type a_ids:BIGINT[] b_type b_ids:BIGINT[]",
    # What hangs on objects that a policy allows to delete, but for what the other tables have: object_type and
    # related_type are list endpoints, word is what people call the related type.
    "dependents": "object_type object_id:BIGINT related_type related_id:BIGINT word label",
    "module_types": _NB + "manufacturer_id:BIGINT model part_number",
    "module_bays": _NB + "device_id:BIGINT name label",
    "modules": _NB + "device_id:BIGINT module_bay_id:BIGINT module_type_id:BIGINT status serial",
}


def _tables(system: str, spec: dict[str, str]) -> dict[str, Table]:
    return {name: Table(system, name, _columns(text)) for name, text in {**spec, **_COMMON}.items()}


LIBRENMS = _tables("librenms", {**_LIBRENMS, **_COUNTS})
PROXMOX = _tables("proxmox", {**_PROXMOX, **_COUNTS})
DOCKER = _tables("docker", {**_DOCKER, **_COUNTS})
NETBOX = _tables("netbox", _NETBOX)

SYSTEMS: dict[str, dict[str, Table]] = {
    "librenms": LIBRENMS,
    "proxmox": PROXMOX,
    "docker": DOCKER,
    "netbox": NETBOX,
}

# One file per resource and endpoint holds the diff; the rows of all resources have these columns.
# key is unique within resource and endpoint; parent is the device, VM or cluster it belongs to, for filters.
# object_type is the REST list endpoint ('dcim/interfaces'). An update of an object that another change of the
# same diff creates has netbox_id NULL and target: the reference to that change (see compare.values).
# before and after are JSON text in the notation of compare.values; verdict is update, drifted or conflict.
FIELD_STRUCT = "STRUCT(field VARCHAR, before VARCHAR, after VARCHAR, verdict VARCHAR, reason VARCHAR)[]"
DIFF_COLUMNS: Columns = {
    "endpoint": "VARCHAR",
    "diff_id": "VARCHAR",
    "change_id": "VARCHAR",
    "resource": "VARCHAR",
    "action": "VARCHAR",
    "key": "VARCHAR",
    "parent": "VARCHAR",
    "object_type": "VARCHAR",
    "netbox_id": "BIGINT",
    "target": "VARCHAR",
    "last_updated": "VARCHAR",
    "reason": "VARCHAR",
    "fields": FIELD_STRUCT,
    "depends_on": "VARCHAR[]",
}
