-- The change id of every change: the first 32 hex digits of SHA-256 over its content as canonical JSON, as
-- netbox_sync_dagster/compare/change_id.py makes it. Key: resource + key. $endpoint: the endpoint's name.
-- change_id is NULL where Python may write a value in another way than this SQL: numbers with a fraction or exponent,
-- control characters, and custom fields with JSON of their users.
with changes as (
    select resource, key, action, object_type, netbox_id, target, last_updated,
        list_sort(list_transform(list_filter(fields, lambda f: f.verdict = 'update'), lambda f: {
            'field': f.field,
            'text': '[' || to_json(f.field) || ',' || coalesce(f.before, 'null') || ',' || coalesce(f.after, 'null')
                || ']',
            'canonical': is_canonical(f.field, f.before) and is_canonical(f.field, f.after)
        })) as written
    from diff.rows
    where action in ('create', 'update', 'delete')
),
texts as (
    select resource, key, list_bool_and(list_transform(written, lambda w: w.canonical)) as canonical,
        '{"action":' || to_json(action) || ',"endpoint":' || to_json($endpoint::varchar)
            || ',"fields":[' || array_to_string(list_transform(written, lambda w: w.text), ',')
            || '],"key":' || to_json(key)
            || ',"last_updated":' || coalesce(to_json(last_updated)::varchar, 'null')
            || ',"netbox_id":' || coalesce(netbox_id::varchar, 'null')
            || ',"object_type":' || to_json(object_type)
            || ',"resource":' || to_json(resource)
            || ',"target":' || coalesce(to_json(target)::varchar, 'null') || '}' as content
    from changes
)
select resource, key,
    if(coalesce(canonical, true) and not contains(content, '\u'), left(sha256(content), 32), null) as change_id
from texts
