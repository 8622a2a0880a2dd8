-- Which virtual chassis a device is in, and where. Key: the member device. An update of the device, after both exist.
-- Only with rows of desired.stack_members.
with paired as (
    select m.key, m.device, d.netbox_id, d.name, a.last_updated,
        differing([
            json_field('virtual_chassis', existing(was.id, was.name),
                link('virtual_chassis', v.key, v.netbox_id, v.name)),
            number_field('vc_position', a.vc_position, m.position)]) as fields
    from desired.stack_members m
    join match.live_devices d using (key)
    join match.virtual_chassis v on v.key = m.device
    left join netbox.devices a on a.id = d.netbox_id
    left join netbox.virtual_chassis was on was.id = a.virtual_chassis_id
    where v.problem is null
)
select 'virtual_chassis_members' as resource, key, device as parent, 'dcim/devices' as object_type, netbox_id,
       case when netbox_id is null then created('devices', key, name) end as target, last_updated,
       'update' as action, null::varchar as reason, fields
from paired where len(fields) > 0
