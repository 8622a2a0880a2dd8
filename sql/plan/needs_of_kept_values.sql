-- Edits of objects that keep a value which NetBox no longer accepts (sql/plan/kept_values.sql): they need the field
-- that mends it; see sql/plan/field_needs.sql.
-- Only with rows of diff.kept_values.
with mends as (
    select k.object_type, k.id, k.why, min_by({'resource': e.resource, 'key': e.key, 'field': e.field},
        e.resource || e.key || e.field) as mend
    from diff.kept_values k join diff.edited e on e.object_type = k.object_type and e.netbox_id = k.id
        and list_contains(k.mended_by, e.field)
    group by all
)
select e.resource, e.key, e.field,
    coalesce(m.mend.resource, if(k.other.key is null, e.resource, k.other.resource)) as needs_resource,
    coalesce(m.mend.key, k.other.key, e.key) as needs_key,
    coalesce(m.mend.field, if(k.other.key is null, k.mended_by[1], k.other.field)) as needs_field,
    k.why
from diff.edited e
join diff.kept_values k on k.object_type = e.object_type and k.id = e.netbox_id
left join mends m on m.object_type = k.object_type and m.id = k.id and m.why = k.why
where not list_contains(k.mended_by, e.field)
