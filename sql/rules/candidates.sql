-- The rows of the diff with what the user's rules set, of objects whose row or fields they change. Key: resource + key.
with ruled as (
    select resource, key, any_value(parent) as parent, any_value(object_type) as object_type,
        any_value(netbox_id) as netbox_id, any_value(last_updated) as last_updated, list(field) as names,
        list(field) filter (problem is not null) as undecided,
        any_value(problem) filter (
            field = 'name' or (resource = 'ip_addresses' and field = 'vrf')) as name_problem,
        differing(list(if(problem is null, field(field, before, "after"), undecided_field(field, before, problem))
            order by field)) as fields
    from diff.rule_values group by resource, key
),
merged as (
    select r.resource, r.key, coalesce(c.parent, r.parent) as parent,
        coalesce(c.object_type, r.object_type) as object_type, coalesce(c.netbox_id, r.netbox_id) as netbox_id,
        c.target, coalesce(c.last_updated, r.last_updated) as last_updated,
        -- Without a name nothing is created, nor an address without its VRF; any other field a new object has as
        -- the source says.
        case when c.action = 'create' and r.name_problem is not null then 'conflict'
             else coalesce(c.action, 'update') end as action,
        if(c.action = 'create', coalesce(r.name_problem, c.reason), c.reason) as reason,
        list_concat(list_filter(coalesce(c.fields, []), lambda f: not list_contains(r.names, f.field)
            or (c.action = 'create' and f.decision is null and list_contains(coalesce(r.undecided, []), f.field))),
            r.fields) as fields
    from ruled r left join diff.compared c using (resource, key)
    where c.action in ('create', 'update') or (c.action is null and r.netbox_id is not null)
)
select * from merged where len(fields) > 0
union all
select * from diff.compared c
where not exists (from merged m where m.resource = c.resource and m.key = c.key)
