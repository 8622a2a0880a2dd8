-- What LibreNMS shows and the comparison does not take. Key: resource + owner + kind + word.
-- Only with rows of librenms.ports WHERE ignore; desired.ignored_ports; librenms.rejected; desired.bmcs;
--   librenms.ip_addresses; librenms.links; librenms.port_stack; librenms.inventory.
with settings as materialized (from config.endpoint),
rejected as (
    select source_table, row_key, reason, try_cast(row_json as json) as content from librenms.rejected
),
lost_ports as materialized (
    select d.key as owner, p.port_id::varchar as id, [p.ifName, p.ifDescr] as names, p.ifPhysAddress as mac,
        because('port_ignored', {port: p.port_id, device: d.key, source: 'LibreNMS'}) as what
    from librenms.ports p
    join desired.devices d on d.source_id = p.device_id::varchar
    cross join settings
    where coalesce(p.ignore, false) and not coalesce(p.deleted, false) and not settings.ignored_ports
    union all
    select i.device, p.port_id::varchar, [p.ifName, p.ifDescr], p.ifPhysAddress,
        because('interface_left_out', {interface: i.name, owner: i.device})
    from desired.ignored_ports i join librenms.ports p using (port_id)
    union all
    select coalesce(d.key, '*'), r.row_key, [r.content ->> '$.ifName', r.content ->> '$.ifDescr'],
        r.content ->> '$.ifPhysAddress',
        because('unreadable', {object: 'port', id: r.row_key, owner: d.key, text: r.reason})
    from rejected r
    left join desired.devices d on d.source_id = (r.content ->> '$.device_id')
    where r.source_table = 'ports'
),
-- A port, or the one that a unit (X.N) lies on, of which port_stack says that a LAG or bridge is above or below it.
-- known: the other one is a port that it still shows.
stacked as (
    select s.*, s.other_id in (select port_id from librenms.ports where not coalesce(deleted, false)) as known
    from (
        select high_port_id as port_id, low_port_id as other_id from librenms.port_stack
        union
        select low_port_id, high_port_id from librenms.port_stack
    ) s
),
near_lags as (
    select i.device, i.name, o.name as lag, r.role
    from stacked s
    join desired.port_roles r on r.port_id = s.other_id
    join desired.interfaces i on i.source_id = s.port_id::varchar
        and if(r.role = 'lag', i.lag, i.bridge) is null
    join desired.interfaces o on o.source_id = s.other_id::varchar
)
select 'interfaces' as resource, owner, 'id' as kind, id as word, what from lost_ports where id is not null
union all
select distinct 'interfaces', owner, 'name', name, what from lost_ports, unnest(names) as n(name)
    where blank(name) is not null
union all
select 'interfaces', owner, 'mac', mac_address(mac), what from lost_ports where mac_address(mac) <> ''
union all
select 'interfaces', owner, 'name', unnest(candidates), name
from desired.bmcs where problem is not null
union all
select 'devices', '*', kind, word, because('unreadable',
    {object: 'device', id: row_key, owner: null, text: reason})
from (
    select row_key, reason, unnest(['id', 'serial', 'name', 'name']) as kind,
        unnest([row_key, serial_number(content ->> '$.serial'), usable_name(content ->> '$.sysName'),
            usable_name(content ->> '$.hostname')]) as word
    from rejected where source_table = 'devices')
where word is not null
union all
select distinct 'ip_addresses', '*', 'host', a.canonical,
    because('address_on_unread_port', {address: a.canonical, port: a.port_id})
from librenms.ip_addresses a
where a.canonical is not null and a.canonical not in (select host from desired.ip_addresses where host is not null)
union all
select 'cables', d.key, '*', null, because('link_without_port', {link: l.id})
from librenms.links l
join desired.devices d on d.source_id = l.local_device_id::varchar
left join desired.interfaces i on i.source_id = l.local_port_id::varchar
where coalesce(l.active, true) and i.key is null
union all
select distinct 'lags', i.device, 'name', i.name, because('shown_with_lag', {source: 'LibreNMS', lag: n.lag})
from near_lags n
join desired.interfaces i on i.device = n.device and if(n.role = 'lag', i.lag, i.bridge) is null
    and i.name in (n.name, regexp_replace(n.name, '\.[0-9]+$', ''))
union all
-- LibreNMS writes NULL for a port that it did not know when it read port_stack, and may keep the id of a port that it
-- has recreated since: any of the device's ports may be that member, and a port may be in any LAG or bridge.
select distinct 'lags', i.device, 'name', i.name, because('unknown_lag_member', {source: 'LibreNMS', lag: o.name})
from stacked s
join desired.port_roles r on r.port_id = s.port_id
join desired.interfaces o on o.source_id = s.port_id::varchar
join desired.interfaces i on i.device = o.device and i.key <> o.key and if(r.role = 'lag', i.lag, i.bridge) is null
where not coalesce(s.known, false)
union all
select distinct 'lags', i.device, 'name', i.name, because('shown_with_unknown_port', {source: 'LibreNMS'})
from stacked s
join desired.interfaces i on i.source_id = s.port_id::varchar and i.lag is null
where not coalesce(s.known, false)
union all
select distinct 'modules', d.key, 'serial', serial_number(i.entPhysicalSerialNum),
    because('part_left_out', {part: i.entPhysicalIndex, device: d.key})
from librenms.inventory i
join desired.devices d on d.source_id = i.device_id::varchar
cross join settings
where settings.inventory and serial_number(i.entPhysicalSerialNum) is not null
  and lower(serial_number(i.entPhysicalSerialNum)) not in (select lower(serial) from desired.modules
      where serial is not null)
