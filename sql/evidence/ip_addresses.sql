-- An address on the interfaces of its device or virtual machine. The key has the interface too where the source shows
-- the address in several places.
with places as (
    select * from desired.ip_addresses where owner = $parent and starts_with($key, host)
)
select 'desired.ip_addresses' as origin, 0 as place, to_json(a) as content
from places a
where $key = a.host || coalesce(' in ' || a.vrf, '')
   or starts_with($key, a.host || coalesce(' in ' || a.vrf, '') || ' on ')
union all
select 'desired.rule_fields', 3, to_json({field: f.field, value: f.value, file: f.file})
from desired.rule_fields f join places a on f.key = a.interface || ' ' || a.host where f.resource = 'ip_addresses'
