-- Fields that NetBox accepts only together with one that is not written (sql/plan/field_needs.sql), with the cause.
-- Key: resource + key.
with written as (
    select r.resource, r.key, r.action, f.field
    from diff.rows r, unnest(r.fields) as u(f)
    where r.action in ('create', 'update') and f.decision = 'update'
      and (r.resource, r.key) in (select (resource, key) from diff.field_needs
                                  union select (needs_resource, needs_key) from diff.field_needs)
),
refused as (
    select distinct w.resource, w.key, w.field,
        case when n.needs_key is null or (n.needs_resource = n.resource and n.needs_key = n.key)
                 then conflict('field_needs_another', {because: n.why})
             when o.key is null
                 then conflict('field_needs_another', {because: n.why, what: n.needs_resource || ' "' || n.needs_key
                     || '"'})
             else conflict('field_needs_another', {because: n.why, changed: n.needs_resource || ' "' || n.needs_key
                 || '"', state: o.action,
                 because_other: nested(o.reason)}) end as reason
    from diff.field_needs n
    join written w on w.resource = n.resource and w.key = n.key and w.field = n.field
    left join written other
        on other.resource = n.needs_resource and other.key = n.needs_key and other.field = n.needs_field
    left join diff.rows o on o.resource = n.needs_resource and o.key = n.needs_key
    where other.key is null
)
select resource, key, list(field order by field) as fields, list(reason order by field) as reasons,
    string_agg(field || ': ' || reason, '; ' order by field) as reason
from (select resource, key, field, string_agg(reason, '; ' order by reason) as reason from refused group by all)
group by resource, key
