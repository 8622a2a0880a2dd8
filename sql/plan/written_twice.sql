-- Objects of which two changes write the same field, or that two changes delete: neither is certain.
with repeated as (
    select object_type, netbox_id from diff.rows where action in ('update', 'delete') and netbox_id is not null
    group by all having count(*) > 1
)
select object_type || ' ' || netbox_id || ' ('
    || string_agg(distinct resource || ' ' || key, ', ' order by resource || ' ' || key) || ')' as object
from (
    select resource, key, object_type, netbox_id, 'delete' as written from diff.rows where action = 'delete'
    union all
    select resource, key, object_type, netbox_id, f.field
    from (from diff.rows semi join repeated using (object_type, netbox_id) where action = 'update'),
        unnest(fields) as u(f)
    where f.decision = 'update'
)
where netbox_id is not null
group by object_type, netbox_id, written
having count(*) > 1
order by all
limit 5
