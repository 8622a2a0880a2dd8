-- The bay of each part in NetBox: by name or label, else the bay of the module with its serial. Key: module. By policy
-- a module moves to another bay that is empty: of its device, or from NetBox 4.7 on of another one if it has no
-- interfaces (those would come with it, where the source shows them already). elsewhere_id is a module that is not
-- moved.
-- Only with rows of desired.modules.
with settings as (from config.endpoint),
wanted as (
    select m.*, d.netbox_id as device_id, d.name as device_name,
        count(*) over (partition by lower(m.serial)) as same_serial
    from desired.modules m join match.live_devices d on d.key = m.device
),
by_name as (
    select w.key, b.id, 1 as step
    from wanted w join netbox.module_bays b on b.device_id = w.device_id
        and (lower(b.name) = lower(w.bay) or lower(b.label) = lower(w.bay))
    where w.problem is null
),
serials as (
    select lower(stripped(serial)) as serial, min(id) as id, min(device_id) as device_id, min(module_bay_id) as bay_id
    from netbox.modules where not is_no_serial(serial) group by 1 having count(*) = 1
),
by_serial as (
    select w.key, s.bay_id as id, 2 as step
    from wanted w join serials s on s.serial = lower(w.serial) and s.device_id = w.device_id
    where w.problem is null and w.key not in (select key from by_name)
),
best as (
    select key, count(distinct id) as candidates, min(id) as bay_id
    from (from by_name union all from by_serial) group by key
),
-- NetBox gives a new device the module bays of its type.
new_devices as (
    select r.owner_key as device, r.name as type, t.module_bay_template_count as number
    from match.references r
    join netbox.device_types t on t.id = r.netbox_id
    where r.owner_resource = 'devices' and r.field = 'device_type' and t.module_bay_template_count > 0
),
taken as (
    select bay_id from best group by bay_id having count(*) > 1
)
select w.key, case when b.candidates = 1 then b.bay_id end as bay_id, n.name as bay_name,
    case when i.id is null and moves then elsewhere.id else i.id end as netbox_id,
    case when moves then null else elsewhere.id end as elsewhere_id,
    settings.move_modules and elsewhere.device_id = w.device_id and i.id is not null as occupied,
    case when w.problem is not null then w.problem
         when w.device_id is null and t.device is not null then blocked('components_of_new_device',
             {device: w.device_name, type: t.type, number: t.number, objects: 'module bays'})
         when b.candidates > 1 then conflict('several_module_bays',
             {bay: w.bay, device: w.device_name, candidates: b.candidates})
         when b.bay_id in (select bay_id from taken) then conflict('several_parts_in_one_bay', {bay: n.name})
             end as problem
from wanted w
cross join settings
left join best b using (key)
left join new_devices t on t.device = w.device
left join netbox.module_bays n on n.id = b.bay_id
left join netbox.modules i on i.module_bay_id = b.bay_id
left join serials elsewhere on elsewhere.serial = lower(w.serial) and elsewhere.id is distinct from i.id
cross join lateral (
    select coalesce(settings.move_modules
        and (elsewhere.device_id = w.device_id or (target_release() >= 407 and b.bay_id is not null
            and elsewhere.id not in (select module_id from netbox.interfaces where module_id is not null)))
        and w.same_serial = 1 and i.id is null
        and w.problem is null and coalesce(b.candidates, 1) = 1 and b.bay_id not in (select bay_id from taken),
            false) as moves
)
