-- Interfaces of guests that are gone from their source (sql/match/gone_vm_interfaces.sql) with the addresses on them.
-- Key: virtual machine + NetBox's name. The addresses go first, each by its own row.
with moved as (
    -- An address that this diff moves to another interface does not go with the old one.
    select netbox_id as id from diff.ip_addresses where action = 'update'
),
addresses as (
    select * from netbox.ip_addresses where id not in (select id from moved where id is not null)
)
select 'vm_interfaces' as resource, owner || ' ' || name || ' (gone)' as key, owner as parent, 'virtualization/interfaces' as object_type,
       id as netbox_id, null::varchar as target, last_updated, action, reason,
       case when action = 'delete' then gone_vm_interface(g, vm_name) else [] end as fields
from match.gone_vm_interfaces g
union all
select 'ip_addresses', a.address || ' on ' || d.owner || ' ' || d.name || ' (gone)', d.owner, 'ipam/ip-addresses', a.id, null, a.last_updated,
       'delete', 'goes with its interface: ' || d.reason, gone_ip_address(a, d.vm_name || ' ' || d.name)
from match.gone_vm_interfaces d
join addresses a on a.assigned_object_type = 'virtualization.vminterface' and a.assigned_object_id = d.id
where d.action = 'delete'
union all
select 'mac_addresses', d.owner || ' ' || d.name || ' ' || a.mac_address || ' (id ' || a.id || ')', d.owner, 'dcim/mac-addresses', a.id, null, a.last_updated,
       'delete', 'goes with its interface: ' || d.reason, gone_mac_address(a, d.vm_name || ' ' || d.name)
from match.gone_vm_interfaces d
join netbox.mac_addresses a on a.assigned_object_type = 'virtualization.vminterface' and a.assigned_object_id = d.id
where d.action = 'delete'
