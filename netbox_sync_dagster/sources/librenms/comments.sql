-- librenms: the current snapshot of every LibreNMS endpoint, in LibreNMS's own words.
comment on view librenms.system is 'LibreNMS server: its release and its parts, one row per endpoint';
comment on view librenms.devices is 'Devices that LibreNMS monitors; SNMP credentials are never stored';
comment on column librenms.devices.uptime is 'seconds';
comment on column librenms.devices.last_polled is 'in the time zone of the LibreNMS server';
comment on view librenms.ports is 'Ports of devices, deleted and ignored ones included';
comment on column librenms.ports.ifSpeed is 'bit/s';
comment on column librenms.ports.ifVlan is 'VID of the untagged VLAN, as text';
comment on view librenms.port_vlans is 'VLAN memberships of ports, one row per port and VID';
comment on view librenms.port_stack is 'Which port runs over which: members of LAGs, subinterfaces';
comment on view librenms.ip_addresses is 'IPv4 and IPv6 addresses on ports; canonical is the canonical host address';
comment on view librenms.vlans is 'VLANs that devices know';
comment on column librenms.vlans.vlan_vlan is 'VID';
comment on view librenms.links is 'Neighbours that devices report (LLDP, CDP and others)';
comment on view librenms.locations is 'Locations with coordinates';
comment on view librenms.device_groups is 'Members of the device groups that the import filter names';
comment on view librenms.vrfs is 'VRFs of devices';
comment on view librenms.inventory is 'Physical parts of devices (ENTITY-MIB)';
comment on view librenms.transceivers is 'Transceivers in ports, where the endpoint''s option inventory is on';
comment on view librenms.scopes is
    'Parts of the snapshot that could not be read completely: no evidence that something is gone';
comment on view librenms.rejected is 'Rows from the server that could not be taken, with the reason';
comment on view librenms.row_counts is
    'How many rows each owner has, and had in the last good snapshot: what a fall is measured by';
