-- Devices with an update, at a rack unit where their type has no room: now and, if edited, after the update. NetBox
-- refuses every edit that leaves a device there. Other devices count where they are and where an update puts them, as
-- nothing says which of two updates comes first. Positions are counted in halves of units.
-- Only with rows of netbox.devices WHERE rack_id IS NOT NULL.
with edits as materialized (
    select netbox_id as id, field, after ->> '$.name' as name, try_cast(after ->> '$.id' as bigint) as to_id
    from diff.edited where object_type = 'dcim/devices'
),
moves as materialized (
    select id, any_value(to_id) filter (field = 'rack') as rack_id,
        any_value({'id': to_id, 'model': name}) filter (field = 'device_type') as new_type
    from edits where field in ('device_type', 'rack') group by id
),
racked as (
    select id, rack_id, face, (position * 2)::integer as lowest, device_type_id, null::varchar as new_model,
        false as edited
    from netbox.devices where rack_id is not null and (position is not null or face is not null)
),
-- A type that is not in NetBox yet gets NetBox's default height and depth.
placed as materialized (
    select p.*, coalesce(t.model, p.new_model) as model, coalesce(t.u_height, 1) as height,
        p.lowest + (height * 2)::integer as top, coalesce(t.is_full_depth, true) as is_full_depth,
        coalesce(t.subdevice_role = 'child', false) or height = 0 and p.lowest is not null as no_place
    from (
        from racked
        union all
        select d.* replace (coalesce(m.rack_id, d.rack_id) as rack_id, true as edited, m.new_type.model as new_model,
            if(m.new_type is null, d.device_type_id, m.new_type.id) as device_type_id)
        from racked d join moves m using (id)
    ) p
    left join netbox.device_types t on t.id = p.device_type_id
),
beside as (
    select p.id, p.edited, min(coalesce(d.name, 'device ' || d.id)) as device
    from placed p
    join placed o on o.rack_id = p.rack_id and o.id <> p.id and o.lowest >= 2 and o.lowest < p.top and p.lowest < o.top
        and (p.is_full_depth or o.is_full_depth or p.face = o.face)
    join netbox.devices d on d.id = o.id
    where p.id in (select id from edits)
    group by p.id, p.edited
)
select p.id, p.edited, p.model, r.name as rack, b.device, p.no_place,
    regexp_replace((p.lowest / 2)::varchar, '\.0$', '') as unit,
    regexp_replace(p.height::varchar, '\.0$', '') as height
from placed p
join netbox.racks r on r.id = p.rack_id
left join beside b on b.id = p.id and b.edited = p.edited
where p.id in (select id from edits)
  and (p.no_place or b.device is not null or p.lowest < r.starting_unit * 2
      or p.top > (r.starting_unit + r.u_height) * 2)
