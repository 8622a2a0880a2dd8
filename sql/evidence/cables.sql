-- A cable: the neighbours that its ends see.
select 'desired.cables' as origin, 0 as place, to_json(c) as content
from desired.cables c
where c.interface in (select interface from desired.row_sources where resource = 'cables' and key = $key)
