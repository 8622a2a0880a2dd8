-- The master of each virtual chassis. Key: the stack's device. An update of the virtual chassis, after its members.
-- Only with rows of desired.stack_members.
with paired as (
    select v.key, v.netbox_id, v.name, v.last_updated,
        differing([json_field('master', existing(was.id, was.name),
            link('devices', d.key, d.netbox_id, d.name))]) as fields
    from match.virtual_chassis v
    join match.live_devices d using (key)
    left join netbox.devices was on was.id = v.master_id
    where v.problem is null
)
select 'virtual_chassis_masters' as resource, key, key as parent, 'dcim/virtual-chassis' as object_type, netbox_id,
       case when netbox_id is null then created('virtual_chassis', key, name) end as target, last_updated,
       'update' as action, null::varchar as reason, fields
from paired where len(fields) > 0
