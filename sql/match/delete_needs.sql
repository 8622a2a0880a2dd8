-- What must be deleted before what: NetBox would delete it along, unapproved. Resource + key -> resource + key.
with deleted as (
    select resource, key, netbox_id from
        (select resource, key, netbox_id, action from diff.missing_virtual_machines
         union all select resource, key, netbox_id, action from diff.missing_interfaces
         union all select resource, key, netbox_id, action from diff.missing_vm_interfaces
         union all select resource, key, netbox_id, action from diff.missing_backups
         union all select resource, key, netbox_id, action from diff.missing_snapshots
         union all select resource, key, netbox_id, action from diff.missing_tasks
         union all select resource, key, netbox_id, action from diff.missing_replications)
    where action = 'delete'
),
-- ... and an address that moves away must have gone.
addresses as (
    select resource, key, netbox_id from deleted where resource = 'ip_addresses'
    union all
    select resource, key, netbox_id from diff.ip_addresses where action = 'update'
)
select i.resource, i.key, c.resource as needs_resource, c.key as needs_key
from deleted i
join netbox.ip_addresses a on a.assigned_object_type = 'virtualization.vminterface' and a.assigned_object_id = i.netbox_id
join addresses c on c.netbox_id = a.id
where i.resource = 'vm_interfaces'
union
select i.resource, i.key, c.resource, c.key
from deleted i
join netbox.mac_addresses a on a.assigned_object_type = 'virtualization.vminterface' and a.assigned_object_id = i.netbox_id
join deleted c on c.resource = 'mac_addresses' and c.netbox_id = a.id
where i.resource = 'vm_interfaces'
union
select v.resource, v.key, c.resource, c.key
from deleted v
join netbox.vm_interfaces i on i.virtual_machine_id = v.netbox_id
join deleted c on c.resource = 'vm_interfaces' and c.netbox_id = i.id
where v.resource = 'virtual_machines'
union
select v.resource, v.key, c.resource, c.key
from deleted v
join netbox.virtual_disks d on d.virtual_machine_id = v.netbox_id
join deleted c on c.resource = 'virtual_disks' and c.netbox_id = d.id
where v.resource = 'virtual_machines'
union
select v.resource, v.key, c.resource, c.key
from deleted v
join match.gone_records g on g.vm_id = v.netbox_id
join deleted c on c.resource = g.resource and c.netbox_id = g.id
where v.resource = 'virtual_machines'
union
select i.resource, i.key, c.resource, c.key
from deleted i
join netbox.mac_addresses a on a.assigned_object_type = 'dcim.interface' and a.assigned_object_id = i.netbox_id
join deleted c on c.resource = 'mac_addresses' and c.netbox_id = a.id
where i.resource = 'interfaces'
union
-- An interface goes after those that name it as their parent or bridge.
select i.resource, i.key, c.resource, c.key
from deleted i
join netbox.vm_interfaces v on i.netbox_id in (v.parent_id, v.bridge_id) and v.id <> i.netbox_id
join deleted c on c.resource = 'vm_interfaces' and c.netbox_id = v.id
where i.resource = 'vm_interfaces'
