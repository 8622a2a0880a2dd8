-- NetBox modules that a doubtful part could be; see sql/match/doubts.sql.
-- Key: netbox_id, once per reason.
-- A part of the device in an unknown bay may be any of its modules that has neither another serial nor
-- another type.
-- Only with rows of match.modules WHERE EXISTS (FROM netbox.modules); desired.sightings WHERE resource = 'modules'.
with unsettled_parts as (
    select w.key, lower(w.serial) as serial, lower(w.bay) as bay, d.netbox_id as device_id, m.bay_id,
        r.netbox_id as type_id, coalesce(m.problem, because('no_such_module_bay')) as problem
    from desired.modules w
    join match.modules m using (key)
    join match.devices d on d.key = w.device
    left join match.references r on r.owner_resource = 'modules' and r.owner_key = w.key and r.field = 'module_type'
    where m.problem is not null or m.elsewhere_id is not null or (m.netbox_id is null and m.bay_id is null)
),
part_hits as (
    select u.key, u.problem, i.id
    from unsettled_parts u
    join netbox.modules i on i.device_id = u.device_id
    where lower(trim(i.serial)) = u.serial
       or ((u.serial is null or is_no_serial(i.serial)) and (u.type_id is null or i.module_type_id = u.type_id))
)

select 'dcim/modules' as object_type, id as netbox_id, because('may_be', {object: key, because: problem}) as reason,
    false as shown
from part_hits
union
select 'dcim/modules', i.id, because('may_be', {because: s.what}), false
from desired.sightings s
join match.devices d on d.key = s.owner
join netbox.modules i on i.device_id = d.netbox_id and lower(trim(i.serial)) = lower(s.word)
where s.resource = 'modules'
