-- Objects that the user's rules leave out, with the reason as a cause. Whatever NetBox has of them stays unchanged.

create table config.left_out as
select resource, key, skipped('left_out_by_rule', {rule: any_value(file),
    text: min(nullif(reason, ''))}) as reason
from desired.rule_skips group by resource, key;

-- Devices and guests are still matched: nothing on them is called removed.
update desired.devices as d set inactive = true, not_imported = s.reason
from config.left_out s where s.resource = 'devices' and s.key = d.key;
update desired.virtual_machines as v set inactive = true, not_imported = s.reason
from config.left_out s where s.resource = 'virtual_machines' and s.key = v.key;
update desired.modules as m set problem = s.reason
from config.left_out s where s.resource = 'modules' and s.key = m.key;
update desired.virtual_disks as d set problem = s.reason
from config.left_out s where s.resource = 'virtual_disks' and s.key = d.key;

-- Interfaces go with all that is on them. They are still matched too: their rows are taken out of the diff.
create table config.left_out_interfaces as
select 'interfaces' as resource, i.key, i.mac, s.reason
from desired.interfaces i join config.left_out s on s.resource = 'interfaces' and s.key = i.key
union all
select 'vm_interfaces', i.key, i.mac, s.reason
from desired.vm_interfaces i join config.left_out s on s.resource = 'vm_interfaces' and s.key = i.key;

insert into config.left_out
select 'mac_addresses', key || ' ' || mac, reason from config.left_out_interfaces where mac <> ''
union all
select 'primary_macs', key, reason from config.left_out_interfaces where mac <> '';
insert into desired.incomplete_scopes by name
select unnest(['ip_addresses', 'mac_addresses']) as resource, key as owner,
    because('interface_left_out_by_rule') as reason
from config.left_out_interfaces;
insert into config.left_out
select 'ip_addresses', a.interface || ' ' || a.host, any_value(i.reason)
from desired.ip_addresses a
join config.left_out_interfaces i on i.resource = a.interface_resource and i.key = a.interface
where a.left_out is null group by a.interface, a.host;
update desired.ip_addresses as a set left_out = s.reason
from config.left_out s
where s.resource = 'ip_addresses' and s.key = a.interface || ' ' || a.host and a.left_out is null;
delete from desired.primary_ips
where interface || ' ' || host in (select key from config.left_out where resource = 'ip_addresses');
delete from desired.oob_ips
where interface || ' ' || host in (select key from config.left_out where resource = 'ip_addresses');

-- A rule that names an object which the source does not show leaves out nothing.
insert into desired.skipped by name
select s.resource, s.key, s.reason from config.left_out s
where exists (from desired.devices d where s.resource = 'devices' and d.key = s.key)
   or exists (from desired.virtual_machines v where s.resource = 'virtual_machines' and v.key = s.key)
   or exists (from desired.modules m where s.resource = 'modules' and m.key = s.key)
   or exists (from desired.virtual_disks v where s.resource = 'virtual_disks' and v.key = s.key)
   or exists (from config.left_out_interfaces i where i.resource = s.resource and i.key = s.key)
   or (s.resource = 'ip_addresses' and s.key in (select interface || ' ' || host from desired.ip_addresses));
