-- What each file proves, if the folder has it (sql/desired/tables/incomplete_scopes.sql). Key: call + scope.
-- docs/evidence.md shows this table; sql/desired/gaps.sql and undecided.sql follow from it. The columns are those of
-- desired/librenms/evidence.sql.
select * from (values
    ('devices.sql', 'devices', false,
     ['interfaces', 'lags', 'interface_vlans', 'mac_addresses', 'ip_addresses', 'primary_ips', 'vlans', 'cables'],
     ['ip_addresses', 'vlans', 'cables']),
    -- A device that is no longer in the tables has no key here.
    ('devices.sql', 'devices', true, ['devices'], ['devices']),
    ('interfaces.sql', 'interfaces', false,
     ['interfaces', 'lags', 'interface_vlans', 'mac_addresses', 'ip_addresses', 'primary_ips', 'cables'],
     ['interfaces']),
    ('clusters.sql', 'clusters', true, []::varchar[], []::varchar[]),
    ('virtual_machines.sql', 'virtual_machines', false,
     ['virtual_machines', 'vm_interfaces', 'virtual_disks', 'ip_addresses', 'primary_ips', 'mac_addresses'],
     ['virtual_machines', 'ip_addresses']),
    ('vm_interfaces.sql', 'vm_interfaces', false,
     ['vm_interfaces', 'ip_addresses', 'primary_ips', 'mac_addresses'], ['vm_interfaces', 'primary_ips']),
    ('virtual_disks.sql', 'virtual_disks', false, ['virtual_disks'], ['virtual_disks']),
    ('ip_addresses.sql', 'ip_addresses', false, ['ip_addresses', 'primary_ips'], ['ip_addresses', 'primary_ips']),
    ('vlans.sql', 'vlans', false, ['vlans'], ['vlans']),
    ('cables.sql', 'cables', false, ['cables'], ['cables'])
) as t(call, scope, wide, proves, decides)
