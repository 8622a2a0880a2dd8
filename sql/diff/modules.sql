-- Modules: the parts of devices against NetBox. Key: device + bay. Another serial in the bay is a part that was
-- replaced, unless the source shows the old one in another bay. A serial that NetBox has in another bay is a conflict,
-- or by policy a move (sql/match/modules.sql). A bay that is disabled, or that has other types than the module type,
-- takes no module.
-- Only with rows of desired.modules.
with actual as (
    select i.*, existing(t.id, t.model) as module_type, existing(b.id, b.name) as module_bay, b.name as bay,
        d.name as device_name
    from netbox.modules i
    left join netbox.module_types t on t.id = i.module_type_id
    left join netbox.module_bays b on b.id = i.module_bay_id
    left join netbox.devices d on d.id = i.device_id
),
-- Where the source shows each part, by its serial if no other has it.
shown as (
    select lower(serial) as serial, min(key) as key from desired.modules
    where serial is not null group by 1 having count(*) = 1
),
paired as (
    select w.key, w.device, w.serial, a.serial as held_serial, s.key as shown_at, m.netbox_id, a.last_updated,
        m.problem, m.bay_id, m.occupied,
        r.problem as type_problem,
        e.device_name || ' ' || e.bay as elsewhere,
        if(a.device_id <> d.netbox_id, a.device_name || ' ' || a.bay, null) as moved_from,
        slot.name as bay_name, not slot.enabled and a.module_bay_id is distinct from slot.id as bay_is_disabled,
        type.model as model, len(slot.bay_type_ids) > 0 and len(type.bay_type_ids) > 0
            and not list_has_any(slot.bay_type_ids, type.bay_type_ids)
            and (a.module_bay_id, a.module_type_id) is distinct from (slot.id, type.id) as other_bay_type,
        differing([
            case when m.netbox_id is null then field('device', null, link('devices', d.key, d.netbox_id, d.name)) end,
            json_field('module_bay', a.module_bay, link('module_bays', w.key, m.bay_id, coalesce(m.bay_name, w.bay))),
            -- NetBox 4.7 refuses a new type along with a move: the next diff has it.
            case when m.netbox_id is null or a.module_bay_id = m.bay_id or target_release() < 407
                then json_field('module_type', a.module_type, r.value) end,
            case when m.netbox_id is null then field('status', null, '"active"') end,
            text_field('serial', a.serial, w.serial)]) as fields
    from desired.modules w
    join match.modules m using (key)
    join match.live_devices d on d.key = w.device
    join match.references r on r.owner_resource = 'modules' and r.owner_key = w.key and r.field = 'module_type'
    left join netbox.module_bays slot on slot.id = m.bay_id
    left join netbox.module_types type on type.id = r.netbox_id
    left join actual a on a.id = m.netbox_id
    left join actual e on e.id = m.elsewhere_id
    left join shown s on s.serial = lower(stripped(a.serial)) and s.key <> w.key
        and w.serial is not null and a.module_bay_id = m.bay_id
)
select 'modules' as resource, key, device as parent, 'dcim/modules' as object_type, netbox_id, null::varchar as target,
    last_updated,
       coalesce(nullif(action_of(cause), 'noted'), if(netbox_id is null, 'create', 'update')) as action,
       cause as reason, fields
from (
    select *,
        case when problem is not null then problem
             when elsewhere is not null
                 then conflict('module_elsewhere', {serial: serial, place: elsewhere,
                     occupied: if(occupied, 'another module', null)})
             when shown_at is not null
                 then conflict('module_shown_elsewhere', {serial: held_serial, place: shown_at})
             when netbox_id is null and type_problem is not null then type_problem
             when bay_id is null and 'module_bays' not in (select resource from config.may_create)
                 then blocked('no_module_bay')
             when bay_is_disabled then blocked('module_bay_disabled', {bay: bay_name})
             when other_bay_type then blocked('module_bay_takes_other_types', {bay: bay_name, model: model})
             when moved_from is not null then noted('module_moves', {place: moved_from}) end as cause
    from paired
)
where problem is not null or elsewhere is not null or shown_at is not null or netbox_id is null or len(fields) > 0
