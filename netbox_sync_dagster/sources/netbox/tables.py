"""The tables of NetBox's snapshot, in NetBox's own words."""

from netbox_sync_dagster.columns import Table, tables_of

# id and last_updated (the server's own text in UTC, from which the ETag is built) head every NetBox table.
# cf is the object's custom fields as JSON text, keys sorted. tags are slugs, sorted.
_NB = "id:BIGINT last_updated "
_NETBOX = {
    # branch is the netbox-branching branch that was read, none for main; written_as: how the ledger calls it, and
    # what was merged into it. proxbox: whether the models of the plugin netbox-proxbox are there. dependents_of: the
    # types of which table dependents was read; those that could not be read whole are in scopes (scope dependents).
    # contacts: whether the tables of contacts were asked for.
    "status": """netbox_version plugins:VARCHAR branch:VARCHAR written_as:VARCHAR[] proxbox:BOOLEAN
        dependents_of:VARCHAR[] contacts:BOOLEAN""",
    # model is 'dcim.interface'; field 'status', 'type', ...; the choices and lengths this server accepts.
    "choices": "model field value label",
    "sites": _NB
    + """name slug status region_id:BIGINT group_id:BIGINT latitude:DOUBLE longitude:DOUBLE
        tags:VARCHAR[] cf""",
    "regions": _NB + "name slug parent_id:BIGINT",
    "site_groups": _NB + "name slug parent_id:BIGINT",
    "locations": _NB + "name slug site_id:BIGINT parent_id:BIGINT",
    # u_height in rack units, from starting_unit on.
    "racks": _NB + "name site_id:BIGINT location_id:BIGINT u_height:INTEGER starting_unit:INTEGER",
    "manufacturers": _NB + "name slug",
    # The counts: interfaces and module bays that NetBox gives a new device of this type. An edit of them alone leaves
    # last_updated unchanged. u_height in rack units; subdevice_role is child where the device goes into another one.
    "device_types": _NB
    + """manufacturer_id:BIGINT model slug part_number interface_template_count:BIGINT
        module_bay_template_count:BIGINT u_height:DOUBLE is_full_depth:BOOLEAN subdevice_role""",
    "device_roles": _NB + "name slug color vm_role:BOOLEAN",
    "platforms": _NB + "name slug manufacturer_id:BIGINT",
    # object_types: the only types that may have it; none: all.
    "tags": _NB + "name slug color object_types:VARCHAR[]",
    # default as JSON text; the choices of choice_set_id are in choices, under the field's name. status, NetBox 4.7 and
    # newer: active, or provisioning or deleting while a background job rewrites its values.
    "custom_fields": _NB
    + """name type object_types:VARCHAR[] related_object_type required:BOOLEAN is_unique:BOOLEAN
        default validation_minimum:DOUBLE validation_maximum:DOUBLE validation_regex choice_set_id:BIGINT status""",
    "tenants": _NB + "name slug",
    # Contacts, their roles and what they are assigned to (object_type: 'dcim.device'): only if a rule names contacts.
    "contacts": _NB + "name",
    "contact_roles": _NB + "name slug",
    "contact_assignments": _NB + "object_type object_id:BIGINT contact_id:BIGINT role_id:BIGINT priority",
    "vrfs": _NB + "name rd enforce_unique:BOOLEAN",
    "vlan_groups": _NB + "name slug scope_type scope_id:BIGINT vid_ranges:INTEGER[][]",
    "cluster_types": _NB + "name slug",
    "cluster_groups": _NB + "name slug",
    "clusters": _NB
    + """name type_id:BIGINT group_id:BIGINT status scope_type scope_id:BIGINT description
        tags:VARCHAR[] cf""",
    "virtual_chassis": _NB + "name domain master_id:BIGINT",
    # position: the lowest rack unit that the device takes, on its face (front or rear).
    "devices": _NB
    + """name status device_type_id:BIGINT role_id:BIGINT platform_id:BIGINT site_id:BIGINT
        location_id:BIGINT rack_id:BIGINT position:DOUBLE face tenant_id:BIGINT cluster_id:BIGINT virtual_chassis_id:BIGINT
        vc_position:INTEGER serial asset_tag primary_ip4_id:BIGINT primary_ip6_id:BIGINT oob_ip_id:BIGINT
        description comments tags:VARCHAR[] cf""",
    # NetBox 4.6 and newer.
    "virtual_machine_types": _NB + "name slug",
    "virtual_machines": _NB
    + """name status cluster_id:BIGINT site_id:BIGINT device_id:BIGINT
        role_id:BIGINT platform_id:BIGINT tenant_id:BIGINT vcpus:DOUBLE memory:BIGINT disk:BIGINT
        start_on_boot serial primary_ip4_id:BIGINT primary_ip6_id:BIGINT description comments
        tags:VARCHAR[] cf virtual_machine_type_id:BIGINT""",
    # speed in kbit/s; primary_mac_id the MAC address object; cable_id where a cable is attached; channel_id, NetBox 4.7
    # and newer, the channel of its parent that a subinterface of a breakout port is bound to; channels, as new, how many
    # a breakout port has. rf_channel_frequency and rf_channel_width in MHz.
    "interfaces": _NB
    + """device_id:BIGINT name label type enabled:BOOLEAN mtu:INTEGER speed:BIGINT
        description mode untagged_vlan_id:BIGINT tagged_vlan_ids:BIGINT[] lag_id:BIGINT parent_id:BIGINT
        bridge_id:BIGINT vrf_id:BIGINT mgmt_only:BOOLEAN mark_connected:BOOLEAN cable_id:BIGINT
        module_id:BIGINT primary_mac_id:BIGINT channel_id:INTEGER channels:INTEGER poe_mode rf_role
        rf_channel_frequency:DOUBLE rf_channel_width:DOUBLE tags:VARCHAR[] cf""",
    "vm_interfaces": _NB
    + """virtual_machine_id:BIGINT name enabled:BOOLEAN mtu:INTEGER description mode
        untagged_vlan_id:BIGINT tagged_vlan_ids:BIGINT[] parent_id:BIGINT bridge_id:BIGINT vrf_id:BIGINT
        primary_mac_id:BIGINT tags:VARCHAR[] cf""",
    # assigned_object_type is 'dcim.interface' or 'virtualization.vminterface'.
    "mac_addresses": _NB + "mac_address assigned_object_type assigned_object_id:BIGINT",
    "vlans": _NB
    + """vid:INTEGER name status group_id:BIGINT site_id:BIGINT tenant_id:BIGINT role_id:BIGINT
        description tags:VARCHAR[] cf""",
    # prefix as NetBox gives it ('10.0.0.0/24'); host the canonical network address. Without the right to see them, what
    # follows from prefixes and ranges is left out; the snapshot is complete.
    "prefixes": _NB + "prefix host prefixlen:INTEGER family:INTEGER vrf_id:BIGINT status",
    # Both ends are in the range. mark_populated (NetBox 4.3 and newer): NetBox takes no new address in it.
    "ip_ranges": _NB + "start_address end_address vrf_id:BIGINT mark_populated:BOOLEAN",
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
    # Dependents of objects that a policy allows to delete, except those in other tables: object_type and related_type
    # are list endpoints, word is what people call the related type.
    "dependents": "object_type object_id:BIGINT related_type related_id:BIGINT word label",
    "module_types": _NB + "manufacturer_id:BIGINT model part_number bay_type_ids:BIGINT[]",
    "module_bays": _NB + "device_id:BIGINT name label enabled:BOOLEAN bay_type_ids:BIGINT[]",
    "modules": _NB + "device_id:BIGINT module_bay_id:BIGINT module_type_id:BIGINT status serial",
}

TABLES: dict[str, Table] = tables_of("netbox", _NETBOX, counted=False)
