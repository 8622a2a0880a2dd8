-- Which virtual chassis a device is in, and where. Key: the member device. An update of the device, after both exist.
-- NetBox accepts a position once, and each update alone: two members cannot change places.
-- Only with rows of desired.stack_members.
with recursive paired as (
    select m.key, m.device, m.position, d.netbox_id, d.name, v.netbox_id as chassis_id, a.last_updated,
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
),
moves as (
    from paired where len(fields) > 0
),
holders as (
    select m.key, coalesce(h.name, 'device ' || h.id) as holder, o.key as holder_key
    from moves m
    join netbox.devices h on h.virtual_chassis_id = m.chassis_id and h.vc_position = m.position
        and h.id is distinct from m.netbox_id
    left join moves o on o.netbox_id = h.id
),
-- Positions that nobody has, or whose member moves to such a position.
possible as (
    select key from moves where key not in (select key from holders)
    union
    select h.key from holders h join possible p on p.key = h.holder_key
),
decided as (
    select m.*, case when p.key is null
        then blocked('stack_position_taken', {device: h.holder, position: m.position}) end as problem
    from moves m
    left join possible p using (key)
    left join holders h using (key)
)
select 'virtual_chassis_members' as resource, key, device as parent, 'dcim/devices' as object_type, netbox_id,
       case when netbox_id is null then created('devices', key, name) end as target, last_updated,
       coalesce(action_of(problem), 'update') as action, problem as reason,
       if(problem is null, fields, []) as fields
from decided
