-- What each call of Proxmox proves. Key: call + scope. docs/evidence.md shows this table; sql/desired/unproven.sql
-- and undecided.sql follow from it. The columns are those of desired/librenms/evidence.sql.
select * from (values
    ('/cluster/status, /cluster/resources', 'cluster', true,
     ['virtual_machines', 'vm_interfaces', 'virtual_disks', 'interfaces', 'ip_addresses', 'primary_ips', 'mac_addresses', 'vlans', 'storages', 'backups', 'snapshots', 'replications'],
     ['devices', 'virtual_machines', 'ip_addresses', 'vlans']),
    ('/access/permissions', 'rights', true,
     ['virtual_machines', 'vm_interfaces', 'virtual_disks', 'interfaces', 'ip_addresses', 'primary_ips', 'mac_addresses', 'vlans', 'storages', 'backups', 'snapshots', 'replications'],
     ['devices', 'virtual_machines', 'ip_addresses', 'vlans']),
    -- A guest that is not listed might be on a node that was not read.
    ('/nodes/{node}/status, network, storage, qemu', 'node', false, ['interfaces', 'ip_addresses', 'primary_ips', 'mac_addresses'], ['interfaces']),
    ('/nodes/{node}/status, network, storage, qemu', 'node', true, ['virtual_machines', 'storages', 'backups'], []::varchar[]),
    ('/nodes/{node}/network', 'node_interfaces', false, ['interfaces', 'ip_addresses', 'primary_ips', 'mac_addresses'], ['interfaces']),
    ('/nodes/{node}/{type}/{vmid}/config', 'guest', false,
     ['virtual_machines', 'vm_interfaces', 'virtual_disks', 'ip_addresses', 'primary_ips', 'mac_addresses', 'snapshots'],
     ['vm_interfaces', 'primary_ips', 'virtual_disks']),
    ('/nodes/{node}/{type}/{vmid}/config', 'guest_interfaces', false, ['vm_interfaces', 'ip_addresses', 'primary_ips', 'mac_addresses'], ['vm_interfaces', 'primary_ips']),
    ('/nodes/{node}/{type}/{vmid}/config', 'disks', false, ['virtual_disks'], ['virtual_disks']),
    ('/nodes/{node}/qemu/{vmid}/agent/network-get-interfaces, /nodes/{node}/lxc/{vmid}/interfaces', 'guest_addresses', false,
     ['ip_addresses', 'primary_ips'], []),
    -- The first address that is still shown is not the guest's own for that.
    ('/nodes/{node}/qemu/{vmid}/agent/network-get-interfaces, /nodes/{node}/lxc/{vmid}/interfaces', 'short_guest_addresses', false,
     [], ['primary_ips']),
    ('/nodes/{node}/{type}/{vmid}/snapshot', 'guest_snapshots', false, ['snapshots'], []),
    ('/storage, /nodes/{node}/storage', 'storages', true, ['storages', 'backups'], []),
    ('/nodes/{node}/storage/{storage}/content', 'storage', true, ['backups'], []),
    ('/cluster/replication', 'replication', true, ['replications'], []),
    ('/cluster/sdn/zones, /cluster/sdn/vnets', 'sdn', true, ['vlans'], []),
    ('/cluster/backup', 'backup_jobs', true, []::varchar[], []),
    ('/pools', 'pools', true, []::varchar[], []),
    ('/cluster/options', 'options', true, []::varchar[], []),
    ('/nodes/{node}/tasks', 'tasks', false, ['tasks'], [])
) as t(call, scope, wide, proves, decides)
