-- What the tables show and the comparison does not take. Key: resource + owner + kind + word.
select 'ip_addresses' as resource, '*' as owner, 'host' as kind, a.host as word,
    because('address_left_out', {address: a.host, owner: coalesce(a.device, a.virtual_machine),
        place: 'an interface'}) as what
from tables.ip_addresses a
where a.host not in (select host from desired.ip_addresses where host is not null)
union all
select 'ip_addresses', '*', 'host', try_cast(row_json as json) ->> '$.host', because('unreadable',
    {object: 'row', id: row_key, owner: null, text: reason})
from tables.rejected
where source_table = 'ip_addresses' and (try_cast(row_json as json) ->> '$.host') is not null
union all
select 'interfaces', d.key, 'name', i.name, because('interface_left_out', {interface: i.name, owner: d.key})
from tables.interfaces i
join desired.devices d on d.source_id = i.device
cross join config.endpoint settings
where matching_pattern(i.name, settings.ignored_interfaces) is not null
union all
select 'vm_interfaces', v.key, 'name', i.name, because('interface_left_out', {interface: i.name, owner: v.key})
from tables.vm_interfaces i
join desired.virtual_machines v on v.source_id = i.virtual_machine
cross join config.endpoint settings
where matching_pattern(i.name, settings.ignored_interfaces) is not null
