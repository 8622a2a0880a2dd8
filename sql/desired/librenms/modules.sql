-- Only with rows of librenms.inventory; librenms.transceivers.
-- Parts of devices as modules: modules, power supplies and fans of the inventory, and transceivers. Key: device + bay.
-- The bay is the container that a part is in, if no other part is in it; else the part's own name, or what describes it
-- (Juniper names no part). A transceiver's bay is its port. The configured rules rewrite bay, model and serial before
-- anything is compared.
with recursive settings as (from config.endpoint),

-- A part of a stack is the member's in whose chassis it is.
chassis_of as (
    select device_id, entPhysicalIndex as part, entPhysicalIndex as chassis from librenms.inventory
        where entPhysicalClass = 'chassis'
    union
    select i.device_id, i.entPhysicalIndex, c.chassis
    from chassis_of c join librenms.inventory i
        on i.device_id = c.device_id and i.entPhysicalContainedIn = c.part and i.entPhysicalClass is distinct
            from 'chassis'
),
housed as (
    select c.device_id, c.part, m.key as member, m.device
    from chassis_of c join desired.stack_members m on m.part = c.chassis
    union
    -- Juniper says it in words.
    select i.device_id, i.entPhysicalIndex, m.key, m.device
    from librenms.inventory i
    join librenms.inventory f on f.device_id = i.device_id and f.entPhysicalClass is distinct from 'chassis'
        and juniper_slot(f.entPhysicalDescr) = juniper_slot(i.entPhysicalDescr)
    join desired.stack_members m on m.part = f.entPhysicalIndex
),
-- Where transceivers could not be read, a part of class module may be one, in another bay than its port.
undecided as (
    select scope_id from librenms.scopes where scope = 'transceivers' and not complete
),
-- A transceiver's port; without it the part of the inventory is the module.
transceivers as (
    select t.*, p.device, p.name as port, p.source_id is not null as has_port
    from librenms.transceivers t
    left join (select source_id, device, name from desired.interfaces
               where source_id in (select port_id::varchar from librenms.transceivers)) p
        on p.source_id = t.port_id::varchar
),
parts as (
    select coalesce(h.member, d.key) as device,
        case when box.entPhysicalClass = 'container' then usable_name(box.entPhysicalName) end as container,
        coalesce(usable_name(i.entPhysicalName), usable_name(i.entPhysicalDescr)) as own_name,
        i.device_id, i.entPhysicalContainedIn as container_index,
        usable_name(i.entPhysicalModelName) as model, usable_name(i.entPhysicalSerialNum) as serial,
        usable_name(i.entPhysicalMfgName) as manufacturer, d.os
    from librenms.inventory i
    join desired.devices d on d.source_id = i.device_id::varchar
    cross join settings
    left join librenms.inventory box on box.device_id = i.device_id and box.entPhysicalIndex = i.entPhysicalContainedIn
    left join housed h on h.device = d.key and h.device_id = i.device_id and h.part = i.entPhysicalIndex
    where settings.inventory and i.entPhysicalClass in ('module', 'powerSupply', 'fan')
        and coalesce(i.entPhysicalIsFRU, true)
      and not (i.entPhysicalClass = 'module' and exists (from undecided where scope_id in ('*', d.source_id)))
      -- LibreNMS shows it a second time, with its port.
      and not exists (from transceivers t where t.device_id = i.device_id
          and t.entity_physical_index = i.entPhysicalIndex and t.has_port)
    union all
    select t.device, null, t.port, null, null, usable_name(t.model), usable_name(t.serial), usable_name(t.vendor), d.os
    from transceivers t
    join desired.devices d on d.key = t.device
    cross join settings
    where settings.inventory and t.has_port
),
-- Without a model it may be an empty slot, or a part that is not a module.
named as (
    select * from (
        select *, if(count(*) over (partition by device_id, container_index, container) = 1,
            coalesce(container, own_name), coalesce(own_name, container)) as bay
        from parts where model is not null
    ) where bay is not null
),
rules as (
    select m.manufacturer, r.field, list({'word': r.pattern, 'replacement': r.replacement} order by r.position) as rules
    from (select distinct manufacturer from named) m
    join config.module_rules r on r.manufacturer is null or lower(r.manufacturer) = lower(m.manufacturer)
    group by all
),
rewritten as materialized (
    select n.device, n.manufacturer, n.os,
        blank(rewrite(n.bay, b.rules)) as bay, blank(rewrite(n.model, mo.rules)) as model,
            serial_number(rewrite(n.serial, s.rules)) as serial
    from named n
    left join rules b on b.field = 'bay' and b.manufacturer is not distinct from n.manufacturer
    left join rules mo on mo.field = 'model' and mo.manufacturer is not distinct from n.manufacturer
    left join rules s on s.field = 'serial' and s.manufacturer is not distinct from n.manufacturer
),
counted as (
    select *, count(*) over (partition by device, lower(bay)) as same_bay, row_number()
        over (partition by device, lower(bay) order by model, serial) as turn
    from rewritten where bay is not null and model is not null
)
select device || ' ' || bay || if(same_bay > 1, ' (' || turn || ')', '') as key, device, bay, model, manufacturer,
    serial, os,
    coalesce(text_problem(bay, 64, 'the bay''s name', null::varchar),
        case when same_bay > 1 then conflict('same_bay', {number: same_bay, bay: bay}) end) as problem
from counted
