-- What is not compared at all, with the reason. Key: resource + key.
with settings as (from config.endpoint),
ignored as (
    select 'interfaces' as resource, d.key || ' ' || i.name as key,
        matching_pattern(i.name, settings.ignored_interfaces) as pattern
    from tables.interfaces i join desired.devices d on d.source_id = i.device cross join settings
    union all
    select 'vm_interfaces', v.key || ' ' || i.name, matching_pattern(i.name, settings.ignored_interfaces)
    from tables.vm_interfaces i join desired.virtual_machines v on v.source_id = i.virtual_machine cross join settings
)
select resource, key, skipped('ignored_by_option', {option: 'ignored_interfaces', pattern: pattern}) as reason
from ignored where pattern is not null
union all
select 'ip_addresses', interface || ' ' || host || coalesce('/' || prefixlen, ''), left_out
from desired.ip_addresses where left_out is not null
union all
select 'devices', d.key, skipped('serial_too_long', {characters: length(stripped(t.serial)), longest: 50})
from tables.devices t join desired.devices d on d.source_id = t.id
where length(stripped(t.serial)) > 50
union all
select source_table, row_key, skipped('unreadable_row', {text: reason}) from tables.rejected
