-- Adds to desired.devices.
-- Only with rows of desired.stack_members.
-- Members of stacks other than the master, as devices: their own serial and model, all else as the stack has it.
-- Key: the member's name. LibreNMS has no id for them.
select
    null::varchar as source_id, m.key, m.name, [m.name] as names, m.serial, d.status, d.inactive, null::varchar as ip,
    null::varchar as id_value,
    coalesce(d.not_imported,
        name_problem(m.name, 64)) as not_imported,
    false as in_site_only, d.place, m.model as hardware, d.os, d.device_kind
from desired.stack_members m
join desired.devices d on d.key = m.device
where not m.is_master
