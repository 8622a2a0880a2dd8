-- The NetBox object of each row that the user's rules set a field of: of objects that are in NetBox or that this diff
-- creates. Key: resource + rule_key, the key as rules write it; key is that of the
-- diff. Addresses: sql/rules/addresses.sql.
with ruled as materialized (select distinct resource, key from desired.rule_fields),

devices as (select m.key, m.netbox_id from match.live_devices m),
machines as (select m.key, m.netbox_id from match.live_virtual_machines m)

select 'clusters' as resource, r.key as rule_key, m.key, m.netbox_id, m.key as parent,
    'virtualization/clusters' as object_type
from ruled r join match.live_clusters m on m.key = r.key where r.resource = 'clusters'
union all
select 'devices', r.key, m.key, m.netbox_id, m.key, 'dcim/devices'
from ruled r join devices m on m.key = r.key where r.resource = 'devices'
union all
select 'virtual_machines', r.key, m.key, m.netbox_id, m.key, 'virtualization/virtual-machines'
from ruled r join machines m on m.key = r.key where r.resource = 'virtual_machines'
union all
select 'modules', r.key, m.key, m.netbox_id, w.device, 'dcim/modules'
from ruled r
join desired.modules w on w.key = r.key
join devices d on d.key = w.device
join match.modules m on m.key = w.key and m.problem is null
where r.resource = 'modules'
union all
select distinct 'vlans', r.key, m.key, m.netbox_id, coalesce(m.group_slug, ''), 'ipam/vlans'
from ruled r join match.vlans m on r.key = m.owner || ' ' || m.vid and m.problem is null and not m.permitted
where r.resource = 'vlans'
union all
select 'interfaces', r.key, m.key, m.netbox_id, m.device, 'dcim/interfaces'
from ruled r
join match.interfaces m on m.key = r.key and m.problem is null
join devices d on d.key = m.device
where r.resource = 'interfaces'
union all
select 'vm_interfaces', r.key, m.key, m.netbox_id, w.virtual_machine, 'virtualization/interfaces'
from ruled r
join desired.vm_interfaces w on w.key = r.key
join machines v on v.key = w.virtual_machine
join match.vm_interfaces m on m.key = w.key and m.problem is null
where r.resource = 'vm_interfaces'
union all
select 'virtual_disks', r.key, w.key, a.id, w.virtual_machine, 'virtualization/virtual-disks'
from ruled r
join desired.virtual_disks w on w.key = r.key and w.problem is null
join machines v on v.key = w.virtual_machine
left join netbox.virtual_disks a on a.virtual_machine_id = v.netbox_id and a.name = w.name
where r.resource = 'virtual_disks'
