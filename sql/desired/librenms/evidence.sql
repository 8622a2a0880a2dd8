-- What each call of LibreNMS proves. Key: call + scope. docs/evidence.md shows this table;
-- sql/desired/gaps.sql and undecided.sql follow from it.
-- scope: what a failed or short answer marks (sources/librenms/scopes.py). wide: a gap reaches all owners, whichever
-- it names. proves: the resources that may look removed, or clear a field, without its rows. decides: the resources
-- whose creates and updates rows out of sight could contradict.
select * from (values
    ('/devices, /system', 'installation', true,
     ['devices', 'virtual_chassis_members', 'interfaces', 'lags', 'interface_vlans', 'mac_addresses', 'ip_addresses',
         'primary_ips', 'oob_ips', 'vlans', 'cables', 'modules'],
     ['devices', 'ip_addresses', 'vlans', 'cables']),
    ('/devices', 'devices', true,
     ['devices', 'virtual_chassis_members', 'interfaces', 'lags', 'interface_vlans', 'mac_addresses', 'ip_addresses',
         'primary_ips', 'oob_ips', 'vlans', 'cables', 'modules'],
     ['devices', 'ip_addresses', 'vlans', 'cables']),
    ('/devicegroups, /devicegroups/{id}', 'device_groups', true, ['devices'], []::varchar[]),
    ('/ports, /devices/{id}/ports', 'ports', false,
     ['interfaces', 'lags', 'interface_vlans', 'mac_addresses', 'ip_addresses', 'primary_ips', 'oob_ips', 'cables',
         'modules'],
     ['interfaces']),
    -- A device that has VLANs or VRFs, and no port.
    ('/ports, /devices/{id}/ports', 'no_ports', false,
     ['interfaces', 'lags', 'interface_vlans', 'mac_addresses', 'ip_addresses', 'primary_ips', 'oob_ips', 'cables',
         'modules'], []),
    ('/devices/{id}/ports?with=vlans, /ports/{id}?with=vlans', 'port_vlans', false, ['interface_vlans'], []),
    ('/devices/{id}/ports?with=vlans, /ports/{id}?with=vlans', 'tagged_vlans', false, ['interface_vlans'], []),
    ('/devices/{id}/port_stack', 'port_stack', false, ['lags'], ['lags']),
    ('/resources/ip/addresses', 'ip_addresses', false, ['ip_addresses', 'primary_ips', 'oob_ips'],
        ['ip_addresses', 'primary_ips', 'oob_ips']),
    ('/resources/vlans', 'vlans', true, ['vlans', 'interface_vlans'], ['vlans']),
    ('/resources/links', 'links', false, ['cables'], ['cables']),
    ('/resources/locations', 'locations', true, ['sites'], []),
    -- An address of a VRF that is not known would look like one outside all VRFs.
    ('/routing/vrf', 'vrfs', true, ['ip_addresses', 'primary_ips', 'oob_ips'], []),
    -- The member of a stack that a port is on, and with it everything on the port.
    ('/inventory/{id}/all', 'inventory', false,
     ['modules', 'virtual_chassis_members', 'interfaces', 'lags', 'interface_vlans', 'mac_addresses', 'ip_addresses',
         'primary_ips', 'oob_ips', 'cables', 'vlans'],
     ['modules', 'virtual_chassis', 'virtual_chassis_members', 'virtual_chassis_masters', 'interfaces']),
    ('/devices/{id}/transceivers', 'transceivers', false, ['modules'], []),
    ('/devices/{id}/transceivers', 'transceiver_ports', false, []::varchar[], [])
) as t(call, scope, wide, proves, decides)
