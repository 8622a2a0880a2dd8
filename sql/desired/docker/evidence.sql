-- What each call of Docker proves. Key: call + scope. docs/evidence.md shows this table;
-- sql/desired/gaps.sql and undecided.sql follow from it. The columns are those of desired/librenms/evidence.sql.
select * from (values
    ('/containers/json, /info', 'containers', true,
     ['virtual_machines', 'vm_interfaces', 'virtual_disks', 'ip_addresses', 'primary_ips', 'mac_addresses'],
     ['virtual_machines', 'ip_addresses']),
    ('/info', 'host', true, []::varchar[], []::varchar[]),
    ('/containers/{id}/json', 'container', false,
     ['virtual_machines', 'vm_interfaces', 'virtual_disks', 'ip_addresses', 'primary_ips', 'mac_addresses'],
     ['vm_interfaces', 'primary_ips']),
    ('/containers/{id}/json', 'container_interfaces', false,
        ['vm_interfaces', 'ip_addresses', 'primary_ips', 'mac_addresses'], ['vm_interfaces', 'primary_ips']),
    ('/containers/{id}/json', 'container_addresses', false, ['ip_addresses', 'primary_ips'], ['primary_ips']),
    -- Which addresses are of a bridge, where those are left out.
    ('/networks', 'networks', true, ['ip_addresses', 'primary_ips'], [])
) as t(call, scope, wide, proves, decides)
where scope <> 'networks' or not (select bridge_addresses from config.endpoint)
