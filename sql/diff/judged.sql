-- Judges each differing field of the updates: written, drifted or in conflict. Key: resource + key.
-- Three-way: what NetBox has, what the source wants, and what this product wrote last (ledger.last_written).
with fields as (
    select r.resource, r.key, r.object_type, r.netbox_id, f.*, position, content(f.before) as had, content(f.after) as wanted
    from diff.candidates r, unnest(r.fields) with ordinality as u(f, position)
    where r.action = 'update'
),

judged as (
    select f.*, w.value as ours,
        case when w.value is not null then same_value(f.had, content(w.value)) end as was_ours,
        case when w.value is not null then same_value(f.wanted, content(w.value)) end as wants_ours,
        -- Another endpoint wrote it last: the configured precedence decides between the two. One that reaches the
        -- same cluster is no other.
        -- In a field of ids each has an entry of its own: they are put together, and nobody disagrees.
        case when w.endpoint not in (select endpoint from config.same_source)
              and (f.object_type, w.endpoint) not in (select (object_type, endpoint) from config.no_rivals)
              and f.field not in (select 'cf.' || unnest(id_fields) from config.endpoint) then w.endpoint end as rival,
        -- A field's own order goes before the order for all.
        (select min(rank) from config.precedence p
         where p.field = if(o.field is null, '*', o.field) and p.endpoint in (select endpoint from config.same_source)) as rank,
        (select min(rank) from config.precedence p where p.field = if(o.field is null, '*', o.field) and p.endpoint = w.endpoint) as rival_rank,
        (f.resource || '.' || f.field) in (select field from config.owned) as owned,
        (f.resource || '.' || f.field) in (select field from config.disowned) as disowned,
        (f.field in (select field from config.unowned_fields) and (f.resource || '.' || f.field) not in (select field from config.owned_by_default))
            and coalesce(f.before, 'null') not in ('null', '""', '[]')
            -- NetBox itself gives a new virtual machine the site of its cluster.
            and not (f.resource = 'virtual_machines' and f.field = 'site' and f.netbox_id in (
                select netbox_id from ledger.created where object_type = 'virtualization/virtual-machines')) as kept
    from fields f
    left join (select distinct field from config.precedence) o on o.field = f.resource || '.' || f.field
    left join ledger.last_written w
        on w.object_type = f.object_type and w.netbox_id = f.netbox_id and w.field = f.field
        -- What an undo brought back as it was before this product wrote there counts as never written.
        and not (w.restored and same_value(f.had, content(w.value)))
),

decided as (
    select *,
        case
            when verdict is not null then verdict
            when disowned then 'drifted'
            when rival is not null and was_ours and not wants_ours then
                case when rank < coalesce(rival_rank, 1000) then 'update'
                     when rival_rank < coalesce(rank, 1000) then 'drifted'
                     else 'conflict' end
            when owned then 'update'
            -- Tags go on and off one by one; what others put on stays.
            when field = 'tags' then 'update'
            when ours is not null and was_ours then 'update'
            when ours is not null and wants_ours then 'drifted'
            when ours is not null then 'conflict'
            when kept then 'drifted'
            else 'update'
        end as final,
        case
            when verdict is not null then reason
            when disowned then 'policies.disowns names it'
            when rival is not null and was_ours and not wants_ours then
                case when rank < coalesce(rival_rank, 1000) then null
                     when rival_rank < coalesce(rank, 1000) then 'sources disagree: ' || rival || ' wrote it and has precedence'
                     else 'sources disagree: ' || rival || ' wrote it; name both in precedence or field_precedence to decide' end
            when owned then null
            when field = 'tags' then null
            when ours is not null and was_ours then null
            when ours is not null and wants_ours then 'changed in NetBox since netbox-sync wrote it; the source is unchanged'
            when ours is not null then 'changed in NetBox and in the source since netbox-sync wrote it'
            when kept then 'NetBox has a value that netbox-sync did not write (policies.owns)'
        end as final_reason
    from judged
)

select resource, key,
    list({'field': field, 'before': before, 'after': "after", 'verdict': final, 'reason': final_reason} order by position) as fields,
    bool_or(final = 'update') as any_update,
    bool_or(final = 'conflict') as any_conflict,
    string_agg(field || ': ' || final_reason, '; ' order by position) filter (final_reason is not null) as reasons
from decided
group by resource, key
