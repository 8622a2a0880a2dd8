-- Only with rows of librenms.inventory.
-- The devices that make up a stack, from its inventory: the chassis in a part of class stack, else several separate
-- chassis, else Juniper's FPCs that are complete switches. Key: the member's name; the master is the device that
-- LibreNMS shows. One chassis is not a stack, and neither is a Nexus with fabric extenders ("Fex-101 ... Chassis"):
-- their ports are its own (Ethernet101/1/1).
with settings as (from config.endpoint),

chassis as (
    select d.key as device, d.source_id, d.name as stack_name, d.serial as stack_serial, c.entPhysicalIndex as part,
        c.entPhysicalParentRelPos as place,
        serial_number(c.entPhysicalSerialNum) as serial, usable_name(c.entPhysicalModelName) as model,
        -- "2", "Switch 2", "Switch 2 Chassis", "Stack Unit 2", "CHASSIS-2": a number that the device itself shows.
        try_cast(nullif(regexp_extract(stripped(coalesce(c.entPhysicalName, '')),
            '(?i)^(?:.*\b(?:switch|unit|member|chassis|node)[ -]?)?([0-9]+)(?: chassis)?$', 1),
                '') as integer) as number,
        s.entPhysicalIndex is not null as in_stack
    from librenms.inventory c
    join desired.devices d on d.source_id = c.device_id::varchar
    cross join settings
    left join librenms.inventory s
        on s.device_id = c.device_id and s.entPhysicalIndex = c.entPhysicalContainedIn and s.entPhysicalClass = 'stack'
    where settings.virtual_chassis and c.entPhysicalClass = 'chassis'
      and not regexp_matches(stripped(coalesce(c.entPhysicalName, '')), '(?i)^fex[- ]?[0-9]')
      and (s.entPhysicalIndex is not null or c.entPhysicalContainedIn = 0)
),
-- A Juniper virtual chassis has no list of chassis: each member is an FPC ("FPC: EX4300-48T @ 1/*/*"), counted from 0.
-- In a modular router the FPCs are line cards; a switch has its own power supply or fan ("FAN 0 @ 1/0/0").
slots as (
    select device_id, entPhysicalIndex as part, entPhysicalClass as class, entPhysicalSerialNum as serial,
        juniper_slot(entPhysicalDescr) as slot, nullif(regexp_extract(entPhysicalDescr, '^FPC: (.+) @ [0-9]+/\*/\*$',
            1), '') as model
    from librenms.inventory where juniper_slot(entPhysicalDescr) is not null
),
switches as (
    select d.key as device, d.source_id, d.name as stack_name, d.serial as stack_serial, f.part, null::bigint as place,
        nullif(serial_number(f.serial), 'BUILTIN') as serial, usable_name(f.model) as model, f.slot + 1 as number,
            true as in_stack
    from slots f
    join desired.devices d on d.source_id = f.device_id::varchar
    cross join settings
    where settings.virtual_chassis and starts_with(d.os, 'junos') and f.model is not null
      and f.slot in (select o.slot from slots o where o.device_id = f.device_id and o.class in ('powerSupply', 'fan'))
),
-- An empty place in the stack has neither a serial nor a model. Chassis beside a stack are none of its members.
present as (
    select * from (from chassis union all by name from switches) where serial is not null or model is not null
    qualify in_stack = bool_or(in_stack) over (partition by device)
),
numbered as (
    select *,
        count(*) over w as members,
        count(number) over w = count(*) over w and count(distinct number) over w = count(*) over w
            and min(number) over w >= 1 as by_number,
        count(distinct place) over w = count(*) over w and min(place) over w >= 0 as by_place,
        min(place) over w as first_place,
        row_number() over (partition by device order by part) as turn
    from present
    window w as (partition by device)
),
placed as (
    select *, (case when by_number then number when by_place then place + if(first_place = 0, 1, 0)
        else turn end)::integer as position
    from numbered where members > 1
),
-- The device that NetBox has for the stack. Another member may take over at any time: LibreNMS then shows its serial,
-- and the stack is the same.
held as (
    select lower(stripped(n.serial)) as serial, min(v.master_id = n.id) as is_master,
        min(source_claim(n.cf, settings.node_field, settings.id_scope, settings.only_of_its_kind)) as claim
    from netbox.devices n
    cross join settings
    left join netbox.virtual_chassis v on v.id = n.virtual_chassis_id
    where lower(stripped(n.serial)) in (select lower(serial) from placed)
    group by 1 having count(*) = 1
),
ranked as (
    -- The master is the device that NetBox has for the stack, else the one with the serial that LibreNMS shows for it,
    -- else the first place.
    select placed.*, row_number() over (partition by device
        order by coalesce(held.claim = source_id, false) desc, coalesce(held.is_master, false) desc,
            coalesce(lower(placed.serial) = lower(stack_serial), false) desc, position) = 1 as is_master,
        replace(replace(replace(settings.member_name, '{name}', stack_name), '{position}', position::varchar),
            '{serial}', coalesce(placed.serial, position::varchar)) as new_name
    from placed cross join settings
    left join held on held.serial = lower(placed.serial)
    where stack_name is not null
)
select
    case when is_master then device
         when new_name in (select key from desired.devices) then new_name || ' (member of ' || device || ')'
         else new_name end as key,
    device, position, if(is_master, stack_name, new_name) as name, serial, model, is_master, part
from ranked
