-- The rows of the diff without what the user's rules leave out, and without links to interfaces that are left out and
-- not in NetBox: nothing creates these. Key: resource + key. Reads config.changed_rows, the rows with what rules set.
with left_out_keys as (
    select coalesce(list('"key":' || to_json(key) || ','), []) as keys from config.left_out_interfaces
),
kept as (
    select r.* replace (list_filter(r.fields, lambda f: f.field not in ('lag', 'parent', 'bridge')
        or not starts_with(coalesce(f.after, ''), '{"key":')
        or len(list_filter(k.keys, lambda key: starts_with(f.after, '{' || key))) = 0) as fields)
    from config.changed_rows r
    cross join left_out_keys k
    where not exists (from config.left_out s where s.resource = r.resource and s.key = r.key and r.action <> 'delete')
)
select * from kept where action <> 'update' or len(fields) > 0
