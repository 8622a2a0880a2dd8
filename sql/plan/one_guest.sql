-- Keeps the rows of one guest ($vmid), and what they need. A removed guest has its vmid in its rows' keys.
with recursive kept as (
    select r.resource, r.key from diff.rows r
    where r.parent in (select key from desired.virtual_machines where source_id = $vmid)
      and r.resource in ('virtual_machines', 'vm_interfaces', 'mac_addresses', 'primary_macs', 'ip_addresses',
                         'primary_ips', 'virtual_disks')
      and not contains(r.key, ' [vmid ')
    union
    select r.resource, r.key from diff.rows r where contains(r.key, ' [vmid ' || $vmid || ']')
    union
    select n.needs_resource, n.needs_key from diff.dependencies n join kept k
        on n.resource = k.resource and n.key = k.key
)
delete from diff.rows where (resource, key) not in (select (resource, key) from kept)
