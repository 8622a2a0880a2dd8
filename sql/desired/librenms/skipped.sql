-- What is not compared at all, with the reason. Key: resource + key.
-- Only with rows of librenms.ports WHERE deleted OR ignore OR strlen(ifAlias) > 200; desired.bmc_devices;
--   desired.known_guests; desired.ignored_ports; librenms.devices WHERE strlen(serial) > 50; librenms.inventory;
--   librenms.transceivers; desired.port_links; desired.port_roles; desired.ip_addresses WHERE left_out IS NOT NULL;
--   desired.vlans WHERE problem IS NOT NULL; librenms.links; librenms.rejected.
with linked as (
    select source_id from desired.interfaces where source_id in (select local_port_id::varchar from librenms.links)
)
select 'interfaces' as resource, dev.key || ' port ' || p.port_id as key,
       if(p.deleted, skipped('deleted_in_source', {source: 'LibreNMS'}),
           skipped('ignored_in_source', {source: 'LibreNMS'})) as reason
from librenms.ports p
join desired.devices dev on dev.source_id = p.device_id::varchar
cross join config.endpoint settings
where coalesce(p.deleted, false) or (coalesce(p.ignore, false) and not settings.ignored_ports)
union all
select 'devices', coalesce(usable_name(l.sysName), l.hostname),
       skipped('is_bmc', {device: d.key, evidence: if(b.is_mapped, 'mappings.bmcs', 'the serial')})
from desired.bmc_devices b
join librenms.devices l using (device_id)
join desired.devices d on d.source_id = b.host_id::varchar
union all
select 'devices', v.key, skipped('synced_as_virtual_machine', {candidates: [
    {'type': 'virtualization/virtual-machines', 'id': k.netbox_id, 'name': k.names[1]}], witness: k.witness})
from desired.known_guests k join desired.virtual_machines v on v.source_id = k.device_id::varchar
union all
select 'interfaces', device || ' ' || name, skipped('ignored_by_option', {option: option, pattern: pattern})
from desired.ignored_ports
union all
select 'interfaces', dev.key || ' port ' || p.port_id,
       skipped('description_too_long', {characters: length(one_line(p.ifAlias)), longest: 200})
from librenms.ports p
join desired.devices dev on dev.source_id = p.device_id::varchar
where strlen(p.ifAlias) > 200 and length(one_line(p.ifAlias)) > 200 and not coalesce(p.deleted, false)
  and trimmed(p.ifAlias) not in (trimmed(coalesce(p.ifName, '')), trimmed(coalesce(p.ifDescr, '')))
union all
select 'devices', dev.key, skipped('serial_too_long', {characters: length(stripped(d.serial)), longest: 50})
from librenms.devices d join desired.devices dev on dev.source_id = d.device_id::varchar
where length(stripped(d.serial)) > 50
union all
select 'modules', dev.key || ' part ' || i.entPhysicalIndex,
       skipped('serial_too_long', {characters: length(stripped(i.entPhysicalSerialNum)), longest: 50})
from librenms.inventory i join desired.devices dev on dev.source_id = i.device_id::varchar
where length(stripped(i.entPhysicalSerialNum)) > 50
union all
select 'modules', dev.key, skipped('transceivers_unknown', {because: because('not_read', {text: s.reason})})
from librenms.scopes s join desired.devices dev on s.scope_id in ('*', dev.source_id)
where s.scope = 'transceivers' and not s.complete
  and dev.source_id in (select device_id::varchar from librenms.inventory where entPhysicalClass = 'module')
union all
-- Parts that are certainly there, and cannot be a module: without a port or without a model.
select 'modules', dev.key || ' transceiver ' || t.id,
       if(p.source_id is null, skipped('port_unknown', {source: 'LibreNMS'}),
           skipped('part_without_model', {source: 'LibreNMS'}))
from librenms.transceivers t
join desired.devices dev on dev.source_id = t.device_id::varchar
cross join config.endpoint settings
left join (select source_id from desired.interfaces
           where source_id in (select port_id::varchar from librenms.transceivers)) p
    on p.source_id = t.port_id::varchar
where settings.inventory
  and (p.source_id is null or (usable_name(t.model) is null and serial_number(t.serial) is not null))
  -- Without a port it is the part that the inventory shows.
  and not (p.source_id is null and exists (from librenms.inventory i where i.device_id = t.device_id
      and i.entPhysicalIndex = t.entity_physical_index and i.entPhysicalClass in ('module', 'powerSupply', 'fan')
      and coalesce(i.entPhysicalIsFRU, true) and usable_name(i.entPhysicalModelName) is not null))
union all
select 'modules', dev.key || ' part ' || i.entPhysicalIndex, skipped('part_without_model', {source: 'LibreNMS'})
from librenms.inventory i
join desired.devices dev on dev.source_id = i.device_id::varchar
cross join config.endpoint settings
where settings.inventory and i.entPhysicalClass in ('module', 'powerSupply', 'fan')
  and coalesce(i.entPhysicalIsFRU, true)
  and usable_name(i.entPhysicalModelName) is null and serial_number(i.entPhysicalSerialNum) is not null
  and not exists (from librenms.transceivers t where t.device_id = i.device_id
      and t.entity_physical_index = i.entPhysicalIndex)
union all
-- Once per device: what port_stack says and nothing follows from, and LAGs of which it shows no member.
select distinct 'interfaces', dev.key || ' ' || r.name, l.problem
from desired.port_links l
join desired.port_roles r on r.port_id = l.other_id
join desired.devices dev on dev.source_id = l.device_id::varchar
where l.problem is not null and l.kind <> 'parent' and l.port_id is not null
union all
select 'interfaces', dev.key, skipped('stacked_port_unknown',
    {source: 'LibreNMS', ports: list(r.name order by r.port_id)[:5], more: nullif(greatest(count(*) - 5, 0), 0)})
from (select distinct device_id, other_id from desired.port_links where kind <> 'parent' and port_id is null) l
join desired.port_roles r on r.port_id = l.other_id
join desired.devices dev on dev.source_id = l.device_id::varchar
group by dev.key
union all
select 'interfaces', dev.key || ' port ' || l.port_id, l.problem
from desired.port_links l join desired.devices dev on dev.source_id = l.device_id::varchar
where l.problem is not null and l.kind = 'parent'
union all
select 'interfaces', dev.key, skipped('lags_without_members',
    {source: 'LibreNMS', number: count(*), lags: list(r.name order by r.port_id)[:5],
        more: nullif(greatest(count(*) - 5, 0), 0)})
from desired.port_roles r
join desired.devices dev on dev.source_id = r.device_id::varchar
where r.role = 'lag' and r.port_id not in (
    select other_id from desired.port_links where kind = 'lag' and problem is null)
group by dev.key
union all
select 'ip_addresses', interface || ' ' || host || '/' || prefixlen, left_out
from desired.ip_addresses where left_out is not null
union all
select 'vlans', owner || ' ' || vid, problem from desired.vlans where problem is not null
union all
select 'cables', dev.key || ' link ' || l.id, skipped('port_unknown', {source: 'LibreNMS'})
from librenms.links l
join desired.devices dev on dev.source_id = l.local_device_id::varchar
where coalesce(l.active, true) and (l.local_port_id is null or l.local_port_id::varchar not in (from linked))
union all
select source_table, row_key, skipped('unreadable_row', {text: reason}) from librenms.rejected
