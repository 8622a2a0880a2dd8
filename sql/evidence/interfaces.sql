-- An interface of a device, and its VLANs, which are a table apart.
select 'desired.interfaces' as origin, 0 as place, to_json(w) as content from desired.interfaces w where w.key = $key
union all
select 'desired.interface_vlans', 1, to_json(v) from desired.interface_vlans v where v.key = $key
union all
select 'desired.rule_fields', 3, to_json({field: f.field, value: f.value, file: f.file})
from desired.rule_fields f where f.resource = 'interfaces' and f.key = $key
