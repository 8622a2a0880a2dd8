-- The rows of the diff without what the user's rules leave out, and without links to interfaces that are left out and
-- not in NetBox: nothing creates these. Key: resource + key. Reads config.changed_rows, the rows with what rules set.
with links as (
    select r.resource, r.key, list(f.field) as names
    from config.changed_rows r, unnest(r.fields) as u(f)
    where f.field in ('lag', 'parent', 'bridge') and starts_with(f.after, '{"key":')
      and json_extract_string(f.after, '$.key') in (select key from config.left_out_interfaces)
    group by r.resource, r.key
),
kept as (
    select r.* replace (if(l.names is null, r.fields,
        list_filter(r.fields, lambda f: not list_contains(l.names, f.field))) as fields)
    from config.changed_rows r
    left join links l using (resource, key)
    where not exists (from config.left_out s where s.resource = r.resource and s.key = r.key and r.action <> 'delete')
)
select * from kept where action <> 'update' or len(fields) > 0
