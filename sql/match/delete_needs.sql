-- What must be deleted first: otherwise NetBox would delete it too, without approval. Resource + key -> resource + key.
-- Only with rows of match.removals WHERE action = 'delete'.
with deleted as (
    select * from match.removals where action = 'delete'
)
select d.resource, d.key, b.resource as needs_resource, b.key as needs_key
from deleted b join deleted d on d.object_type = b.under_type and d.id = b.under_id
union
-- An address that moves must have moved before.
select i.resource, i.key, 'ip_addresses', m.key
from deleted i
join netbox.ip_addresses a on a.assigned_object_type = 'virtualization.vminterface' and a.assigned_object_id = i.id
join diff.ip_addresses m on m.netbox_id = a.id and m.action = 'update'
where i.resource = 'vm_interfaces'
union
-- An interface is deleted after those that have it as parent or bridge.
select i.resource, i.key, c.resource, c.key
from deleted i
join netbox.vm_interfaces v on i.id in (v.parent_id, v.bridge_id) and v.id <> i.id
join deleted c on c.resource = 'vm_interfaces' and c.id = v.id
where i.resource = 'vm_interfaces'
union
-- A former primary address is deleted after another one has replaced it.
select i.resource, i.key, p.resource, p.key
from deleted i
join (select resource, key, fields from diff.primary_ips where action = 'update'
      union all select resource, key, fields from diff.oob_ips where action = 'update') p
    on try_cast(json_extract_string(p.fields[1].before, '$.id') as bigint) = i.id
-- One that goes to another machine goes first: two machines may change places.
where i.resource = 'ip_addresses' and i.id not in (select id from match.freed_addresses)
