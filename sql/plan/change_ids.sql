-- The change id of every change: the first 32 hex digits of SHA-256 over its content as canonical JSON, as
-- netbox_sync_dagster/compare/change_id.py makes it. Key: resource + key. $endpoint: the endpoint's name.
-- change_id is NULL where Python may write a value in another way than this SQL: numbers with a fraction or exponent,
-- control characters, and custom fields with JSON of their users.
with changes as (
    select resource, key, action, object_type, netbox_id, target, last_updated,
        len(list_filter(list_transform(fields, lambda f: f.after), lambda text: not is_canonical(text))) = 0
            and len(list_filter(list_transform(fields, lambda f: f.before), lambda text: not is_canonical(text))) = 0
            and len(list_filter(list_filter(fields, lambda f: starts_with(f.field, 'cf.')),
                lambda f: not (is_canonical_object(f.before) and is_canonical_object(f.after)))) = 0 as canonical,
        -- The name is the beginning of each text, so they are sorted by it; fields that are not written have none.
        coalesce(array_to_string(list_sort(list_transform(fields, lambda f: case when f.decision = 'update'
            then concat('["', f.field, '",', coalesce(f.before, 'null'), ',', coalesce(f.after, 'null'), ']') end)),
            ','), '') as written
    from diff.rows
    where action in ('create', 'update', 'delete')
),
texts as (
    select resource, key, canonical,
        concat('{"action":', to_json(action), ',"endpoint":', to_json($endpoint::varchar),
            ',"fields":[', written,
            '],"key":', to_json(key),
            ',"last_updated":', coalesce(to_json(last_updated)::varchar, 'null'),
            ',"netbox_id":', coalesce(netbox_id::varchar, 'null'),
            ',"object_type":', coalesce(to_json(object_type)::varchar, 'null'),
            ',"resource":', to_json(resource),
            ',"target":', coalesce(to_json(target)::varchar, 'null'), '}') as content
    from changes
)
select resource, key,
    if(coalesce(canonical, true) and not contains(content, '\u'), left(sha256(content), 32), null) as change_id
from texts
