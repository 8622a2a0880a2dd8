"""The tables of a snapshot: what is read, in the source's own words and units."""

from netbox_sync_dagster.columns import Table, tables_of

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

TABLES: dict[str, Table] = tables_of("librenms", _LIBRENMS)
