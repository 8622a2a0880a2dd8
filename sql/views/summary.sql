-- Objects (objects.sql) that change alike, one row with their number: the same resource, action, fields and cause.
-- What is attached to them makes no difference unless it is all; with_attached counts it. example, example_id: key and
-- NetBox id of one of them. parents: the number of objects of each device, guest or cluster. fields: those that all of
-- them get, with the number of different values.
-- place: if it is not NULL, the objects of each place are separate.
with named as (select *, {place} as place from {objects}),
alike as (
    select *, to_json({endpoint: endpoint, place: place, resource: resource, action: action, cause: cause,
        differs: differs, attaches: case when action = 'update' and differs = [] then attaches else [] end})::varchar
        as kind
    from named
),
counted as (
    select kind, any_value(endpoint) as endpoint, any_value(place) as place, any_value(resource) as resource,
        any_value(action) as action, any_value(differs) as differs, any_value(cause) as cause,
        any_value(reason) as reason, count(*) as objects, sum(changes)::bigint as changes,
        sum(new_changes)::bigint as new_changes, min(first_diff) as first_diff,
        arg_min({key: key, id: netbox_id}, (natural_order(key), key, coalesce(netbox_id, 0))) as one
    from alike group by kind
),
valued as (
    select kind, list({field: field, "values": "values", before: before, "after": "after"} order by field) as fields
    from (
        select kind, f.field as field, count(distinct (f.before, f.after)) as "values", any_value(f.before) as before,
            any_value(f.after) as "after"
        from (select kind, differs, unnest(fields) as f from alike)
        where list_contains(differs, f.field) and f.decision = 'update'
        group by kind, f.field
    ) group by kind
),
placed as (
    select kind, list({parent: parent, objects: "number"} order by "number" desc, natural_order(parent), parent)
        as parents
    from (select kind, parent, count(*) as "number" from alike group by kind, parent)
    group by kind
),
attached as (
    select kind, map_from_entries(list({key: name, value: "number"} order by name)) as with_attached
    from (
        select kind, name, count(*) as "number"
        from (select kind, unnest(attaches) as name from alike) group by kind, name
    ) group by kind
),
decided as (
    select kind, map_from_entries(list({key: decision, value: "number"} order by decision)) as decisions
    from (
        select kind, item.key as decision, sum(item.value)::bigint as "number"
        from (select kind, unnest(map_entries(decisions)) as item from alike) group by kind, item.key
    ) group by kind
)
select c.* exclude (kind, one), c.one.key as example, c.one.id as example_id, v.fields, p.parents, t.with_attached,
    d.decisions
from counted c
left join valued v on v.kind = c.kind
left join placed p on p.kind = c.kind
left join attached t on t.kind = c.kind
left join decided d on d.kind = c.kind
