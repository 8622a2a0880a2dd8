-- The neighbours at either end of what is left out say nothing: the cables that NetBox has there stay.
create table config.left_out_cables as
select distinct c.interface, c.remote_interface
from desired.cables c
left join desired.interfaces i on i.key = c.interface
where c.interface in (select key from config.left_out_interfaces where resource = 'interfaces')
   or c.remote_interface in (select key from config.left_out_interfaces where resource = 'interfaces')
   or i.device in (select key from config.left_out where resource = 'devices')
   or c.remote_device in (select key from config.left_out where resource = 'devices');
insert into desired.sightings by name
select distinct 'cables' as resource, i.device as owner, '*' as kind, because('neighbour_left_out_by_rule') as what
from desired.interfaces i
where i.key in (select unnest([interface, remote_interface]) from config.left_out_cables);
delete from desired.cables as c
using config.left_out_cables l
where c.interface = l.interface and c.remote_interface is not distinct from l.remote_interface;
