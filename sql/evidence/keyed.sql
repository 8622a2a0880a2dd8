-- What the source shows for a row whose key is that of the desired table {resource}: that row, the names that it gives
-- the objects it refers to, and what the user's rules say about it.
-- Columns of all files in this folder: origin is the desired table; place orders the tables; content is JSON.
select 'desired.{resource}' as origin, 0 as place, to_json(w) as content from desired.{resource} w where w.key = $key
union all
select 'desired.references', 2, to_json({field: r.field, source_name: r.source_name, mapped_name: r.mapped_name,
    default_name: r.default_name, create_name: r.create_name})
from desired.references r where r.owner_resource = $resource and r.owner_key = $key
    and coalesce(r.source_name, r.mapped_name, r.default_name, r.create_name) is not null
union all
select 'desired.rule_fields', 3, to_json({field: f.field, value: f.value, file: f.file})
from desired.rule_fields f where f.resource = $resource and f.key = $key
