-- A virtual machine; one that the comparison leaves out has NetBox's name and the source's id as its key.
select 'desired.virtual_machines' as origin, 0 as place, to_json(w) as content
from desired.virtual_machines w where w.key = $key
union all
select 'desired.skipped_guests', 1, to_json(s) from desired.skipped_guests s
where $key = $parent || ' (' || s.source_id || ')'
union all
select 'desired.references', 2, to_json({field: r.field, source_name: r.source_name, mapped_name: r.mapped_name,
    default_name: r.default_name, create_name: r.create_name})
from desired.references r where r.owner_resource = 'virtual_machines' and r.owner_key = $key
    and coalesce(r.source_name, r.mapped_name, r.default_name, r.create_name) is not null
union all
select 'desired.rule_fields', 3, to_json({field: f.field, value: f.value, file: f.file})
from desired.rule_fields f where f.resource = 'virtual_machines' and f.key = $key
