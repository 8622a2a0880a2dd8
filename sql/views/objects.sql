-- The objects that a diff changes, one row each: their rows (parts.sql) together. Open questions are in diff.causes.
-- netbox_id: NULL for an object that is created. Objects with different ids are different, whatever their key.
-- fields: what is written to the object itself, and fields that are not written (decision); attached: what is created,
-- updated or deleted on it. differs: the names of the fields of an update, without the ids by which sources know the
-- object: an update that neither differs nor attaches only gets such an id.
with changes as (
    from {parts} where action in ('create', 'update', 'delete')
),
together as (
    select
        endpoint, object_resource as resource, any_value(object) as key, object_id as netbox_id,
        -- Without such a row, something is attached to the object.
        coalesce(any_value(action) filter (resource = object_resource), 'update') as action,
        coalesce(any_value(parent) filter (resource = object_resource), any_value(parent)) as parent,
        coalesce(flatten(list(fields order by resource <> object_resource, resource) filter (own)), []) as fields,
        coalesce(list({resource: resource, action: action, key: key, change_id: change_id} order by resource, key)
            filter (not own), []) as attached,
        any_value(cause) filter (own) as cause, any_value(reason) filter (own) as reason,
        list(change_id order by resource <> object_resource, not own, resource, key) as change_ids, count(*) as changes,
        histogram(decision) as decisions,
        min(coalesce(first_diff, diff_id)) as first_diff, count(*) filter (first_diff = diff_id) as new_changes,
        any_value(link) filter (own) as link
    from changes
    group by endpoint, object_resource, object_id, case when object_id is null then object end
)
select
    *,
    list_sort(list_distinct(list_transform(attached, lambda a: a.resource))) as attaches,
    case when action = 'update' then list_sort(list_distinct(list_transform(
        list_filter(fields, lambda f: f.decision = 'update' and not list_contains({links}, f.field)
            -- It comes with the address.
            and not (f.field = 'primary_mac_address'
                and list_contains(list_transform(attached, lambda a: a.resource), 'mac_addresses'))),
        lambda f: f.field))) else [] end as differs
from together
