-- Virtual machines that are gone from their source (sql/match/gone_virtual_machines.sql) and what hangs on them.
-- Key: NetBox's name. What NetBox would delete along with a virtual machine is deleted first, each by its own row.
with interfaces as (
    select i.*, g.id as vm_id from netbox.vm_interfaces i join match.gone_virtual_machines g on g.id = i.virtual_machine_id
),
-- An address that this diff moves to another interface does not go with the old one.
moved as (
    select netbox_id as id from diff.ip_addresses where action = 'update'
),
addresses as (
    select * from netbox.ip_addresses where id not in (select id from moved where id is not null)
)
select 'virtual_machines' as resource, name || ' [' || guest || ']' as key, name as parent,
       'virtualization/virtual-machines' as object_type, id as netbox_id, null::varchar as target, last_updated, action, reason,
       case action
           when 'update' then [field('status', to_json(status)::varchar, to_json(policy)::varchar)]
           when 'delete' then holding(list_concat([
               gone_value('name', name),
               gone_field('cluster', (select existing(c.id, c.name) from netbox.clusters c where c.id = cluster_id)),
               gone_field('device', (select existing(d.id, d.name) from netbox.devices d where d.id = device_id)),
               gone_field('site', (select existing(s.id, s.name) from netbox.sites s where s.id = site_id)),
               gone_value('status', status),
               gone_field('role', (select existing(r.id, r.name) from netbox.device_roles r where r.id = role_id)),
               gone_field('platform', (select existing(p.id, p.name) from netbox.platforms p where p.id = platform_id)),
               gone_tenant(tenant_id),
               gone_value('vcpus', vcpus), gone_value('memory', memory),
               gone_text('start_on_boot', start_on_boot), gone_text('serial', serial),
               gone_text('description', description), gone_text('comments', comments),
               gone_primary_ip('primary_ip4', primary_ip4_id), gone_primary_ip('primary_ip6', primary_ip6_id),
               gone_tags(tags)],
               gone_custom_fields(cf)))
           else [] end as fields
from match.gone_virtual_machines
union all
select 'vm_interfaces', d.name || ' [' || d.guest || '] ' || i.name, d.name, 'virtualization/interfaces', i.id, null, i.last_updated,
       'delete', 'goes with its virtual machine: ' || d.reason, gone_vm_interface(i, d.name)
from match.gone_virtual_machines d join interfaces i on i.vm_id = d.id where d.action = 'delete'
union all
select 'virtual_disks', d.name || ' [' || d.guest || '] ' || v.name, d.name, 'virtualization/virtual-disks', v.id, null, v.last_updated,
       'delete', 'goes with its virtual machine: ' || d.reason, gone_virtual_disk(v, d.name)
from match.gone_virtual_machines d join netbox.virtual_disks v on v.virtual_machine_id = d.id where d.action = 'delete'
union all
select 'ip_addresses', a.address || ' on ' || d.name || ' [' || d.guest || '] ' || i.name, d.name, 'ipam/ip-addresses', a.id, null, a.last_updated,
       'delete', 'goes with its virtual machine: ' || d.reason, gone_ip_address(a, d.name || ' ' || i.name)
from match.gone_virtual_machines d join interfaces i on i.vm_id = d.id
join addresses a on a.assigned_object_type = 'virtualization.vminterface' and a.assigned_object_id = i.id
where d.action = 'delete'
union all
select 'mac_addresses', d.name || ' [' || d.guest || '] ' || i.name || ' ' || a.mac_address || ' (id ' || a.id || ')', d.name, 'dcim/mac-addresses', a.id, null, a.last_updated,
       'delete', 'goes with its virtual machine: ' || d.reason, gone_mac_address(a, d.name || ' ' || i.name)
from match.gone_virtual_machines d join interfaces i on i.vm_id = d.id
join netbox.mac_addresses a on a.assigned_object_type = 'virtualization.vminterface' and a.assigned_object_id = i.id
where d.action = 'delete'
