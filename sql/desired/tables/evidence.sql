-- What each file proves, if the folder has it (sql/desired/tables/incomplete_scopes.sql). Key: call + scope.
-- docs/evidence.md shows this table; sql/desired/gaps.sql and undecided.sql follow from it. The columns are those of
-- desired/librenms/evidence.sql. Without the row of a device or virtual machine there is nothing that belongs to it.
select * from (values
    ('devices.sql', 'devices', true,
     ['devices', 'interfaces', 'lags', 'interface_vlans', 'mac_addresses', 'ip_addresses', 'primary_ips', 'vlans',
         'cables'],
     ['devices', 'ip_addresses', 'vlans', 'cables']),
    ('interfaces.sql', 'interfaces', false,
     ['interfaces', 'lags', 'interface_vlans', 'mac_addresses', 'ip_addresses', 'primary_ips', 'cables'],
     ['interfaces']),
    ('clusters.sql', 'clusters', true, []::varchar[], []::varchar[]),
    ('virtual_machines.sql', 'virtual_machines', true,
     ['virtual_machines', 'vm_interfaces', 'virtual_disks', 'ip_addresses', 'primary_ips', 'mac_addresses'],
     ['virtual_machines', 'ip_addresses']),
    ('vm_interfaces.sql', 'vm_interfaces', false,
     ['vm_interfaces', 'ip_addresses', 'primary_ips', 'mac_addresses'], ['vm_interfaces', 'primary_ips']),
    ('virtual_disks.sql', 'virtual_disks', false, ['virtual_disks'], ['virtual_disks']),
    ('ip_addresses.sql', 'ip_addresses', false, ['ip_addresses', 'primary_ips'], ['ip_addresses', 'primary_ips']),
    ('vlans.sql', 'vlans', true, ['vlans'], ['vlans']),
    ('cables.sql', 'cables', false, ['cables'], ['cables'])
) as t(call, scope, wide, proves, decides)
