-- The rows of some resources ($resources), each with its change id, the changes that it needs, and the earlier diff
-- that had it first (NULL: it is new). field_needs: the fields of an update that NetBox accepts only together with
-- others of it (sql/plan/field_needs.sql).
with needed as (
    select n.resource, n.key, list(i.change_id order by i.change_id) as changes
    from diff.dependencies n join diff.ids i on i.resource = n.needs_resource and i.key = n.needs_key
    where n.resource in (select unnest($resources::varchar[])) group by n.resource, n.key
),
asked as (
    select resource, key, to_json(map_from_entries(list({'field': field, 'question': {'whole': question,
        'cause': cause}})))::varchar as questions
    from diff.questions
    where resource in (select unnest($resources::varchar[])) group by resource, key
),
together as (
    select resource, key, to_json(map_from_entries(list({'field': field, 'needs': needs} order by field)))::varchar
        as field_needs
    from (
        select resource, key, field, list(distinct needs_field order by needs_field) as needs
        from diff.field_needs
        where needs_resource = resource and needs_key = key
          and resource in (select unnest($resources::varchar[]))
        group by resource, key, field
    )
    group by resource, key
)
select
    r.resource, r.action, r.key, r.parent, r.object_type, r.netbox_id, r.target, r.last_updated, r.reason, r.fields,
    coalesce(i.change_id, '') as change_id,
    case when i.change_id is null then [] else coalesce(needed.changes, []) end as depends_on,
    asked.questions, if(r.action = 'update', together.field_needs, null) as field_needs, earlier.first_diff
from diff.rows r
left join diff.ids i on i.resource = r.resource and i.key = r.key
left join asked on asked.resource = r.resource and asked.key = r.key
left join together on together.resource = r.resource and together.key = r.key
left join needed on needed.resource = r.resource and needed.key = r.key
left join diff.first_diffs earlier on earlier.resource = r.resource and earlier.key = r.key
where r.resource in (select unnest($resources::varchar[]))
