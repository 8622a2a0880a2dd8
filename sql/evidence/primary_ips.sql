-- A primary address: those that the source offers, the best one first. Or the out-of-band address of a device.
select 'desired.primary_ips' as origin, p.rank as place, to_json(p) as content
from desired.primary_ips p
where p.owner = $parent and $key = p.owner || ' IPv' || p.family
    and p.owner_resource = if($object_type = 'dcim/devices', 'devices', 'virtual_machines')
union all
select 'desired.oob_ips', 0, to_json(o) from desired.oob_ips o where o.owner = $parent and $key = o.owner || ' OOB'
