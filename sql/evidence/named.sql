-- What applies wrote to objects of a resource, and the rows of current diffs about them, by their key in diffs or their
-- id in NetBox ($name). {rows}: the rows of current diffs.
-- $here: the ledger's names of this NetBox, in which alone an id means these objects; NULL if they are not known.
with known as (
    select endpoint, resource, key, action, object_type, netbox_id, fields
    from ledger.verdicts where resource = $resource and ($here is null or list_contains($here::varchar[], target))
    union all
    select endpoint, resource, key, action, object_type, netbox_id,
        list_transform(fields, lambda f: {field: f.field, before: f.before::json, "after": f.after::json})
    from {rows} where resource = $resource
)
from known where key = $name or netbox_id::varchar = $name
