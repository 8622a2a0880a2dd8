-- What is not compared at all, with the reason. Key: resource + key.
with linked as (
    select source_id from desired.interfaces where source_id in (select local_port_id::varchar from librenms.links)
)
select 'interfaces' as resource, dev.key || ' port ' || p.port_id as key,
       case when p.deleted then 'deleted in LibreNMS' else 'ignored in LibreNMS' end as reason
from librenms.ports p
join desired.devices dev on dev.source_id = p.device_id::varchar
cross join config.endpoint settings
where coalesce(p.deleted, false) or (coalesce(p.ignore, false) and not settings.ignored_ports)
union all
select 'interfaces', dev.key || ' port ' || p.port_id, 'its description has ' || length(one_line(p.ifAlias)) || ' characters; NetBox takes 200, and the rest is cut off'
from librenms.ports p
join desired.devices dev on dev.source_id = p.device_id::varchar
where strlen(p.ifAlias) > 200 and length(one_line(p.ifAlias)) > 200 and not coalesce(p.deleted, false)
  and trimmed(p.ifAlias) not in (trimmed(coalesce(p.ifName, '')), trimmed(coalesce(p.ifDescr, '')))
union all
select 'devices', dev.key, 'its serial has ' || length(stripped(d.serial)) || ' characters; NetBox takes 50'
from librenms.devices d join desired.devices dev on dev.source_id = d.device_id::varchar
where length(stripped(d.serial)) > 50
union all
select 'modules', dev.key || ' part ' || i.entPhysicalIndex, 'its serial has ' || length(stripped(i.entPhysicalSerialNum)) || ' characters; NetBox takes 50'
from librenms.inventory i join desired.devices dev on dev.source_id = i.device_id::varchar
where length(stripped(i.entPhysicalSerialNum)) > 50
union all
select 'modules', dev.key, 'which of its parts are transceivers is unknown: ' || s.reason
from librenms.scopes s join desired.devices dev on s.scope_id in ('*', dev.source_id)
where s.scope = 'transceivers' and not s.complete
  and dev.source_id in (select device_id::varchar from librenms.inventory where entPhysicalClass = 'module')
union all
select 'ip_addresses', interface || ' ' || host || '/' || prefixlen, left_out
from desired.ip_addresses where left_out is not null
union all
select 'vlans', owner || ' ' || vid, problem from desired.vlans where problem is not null
union all
select 'cables', dev.key || ' link ' || l.id, 'LibreNMS does not say at which port, or the port is left out'
from librenms.links l
join desired.devices dev on dev.source_id = l.local_device_id::varchar
where coalesce(l.active, true) and (l.local_port_id is null or l.local_port_id::varchar not in (from linked))
union all
select source_table, row_key, reason from librenms.rejected
