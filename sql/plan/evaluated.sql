-- Judges each differing field of the updates: written, drifted or in conflict. Key: resource + key.
-- Three-way: what NetBox has, what the source wants, and what this product wrote last (ledger.last_written).
with fields as (
    select r.resource, r.key, r.object_type, r.netbox_id, f.*, position, content(f.before) as had,
        content(f.after) as wanted
    from diff.candidates r, unnest(r.fields) with ordinality as u(f, position)
    where r.action = 'update'
),

-- The configuration as lists, which are read for every field.
rules as (
    select (select coalesce(list(endpoint), []) from config.same_source) as same_source,
        (select coalesce(list(field), []) from config.owned) as owned,
        (select coalesce(list(field), []) from config.disowned) as disowned,
        (select coalesce(list(field), []) from config.unowned_fields) as unowned,
        (select list_transform(id_fields, lambda name: 'cf.' || name) from config.endpoint) as id_fields
),
-- Values that this product gives to a new object because NetBox demands one: they say nothing, so they yield to those
-- of any source, and never replace them.
made_up as (
    select 'ipam/vlans' as object_type, id as netbox_id, 'name' as field, to_json(name)::varchar as value
    from netbox.vlans
    where name = neutral_vlan_name(vid) and id in (select netbox_id from fields where resource = 'vlans')
    union all
    select distinct object_type, netbox_id, field, '"other"' from fields
    where object_type = 'dcim/interfaces' and field = 'type'
),
own_ranks as (
    select field, min(rank) as rank from config.precedence
    where endpoint in (select endpoint from config.same_source) group by field
),
rival_ranks as (
    select field, endpoint, min(rank) as rank from config.precedence group by all
),

-- Computed once: its columns compare JSON and are used several times.
evaluated as materialized (
    select f.*, w.value as ours,
        case when w.value is not null then same_value(f.had, content(w.value)) end as was_ours,
        case when w.value is not null then same_value(f.wanted, content(w.value)) end as wants_ours,
        -- Another endpoint wrote it last: the configured precedence decides between the two. An endpoint of the
        -- same cluster does not count.
        -- In a field of ids each endpoint has its entry: they are merged and never disagree.
        case when not list_contains(r.same_source, w.endpoint)
              and (f.object_type, w.endpoint) not in (select (object_type, endpoint) from config.no_rivals)
              and not list_contains(r.id_fields, f.field) then w.endpoint end as rival,
        own.rank, other.rank as rival_rank, m.value is not null and f.before = m.value as replaces_made_up,
        -- A type "other" that a source has is one that its mappings name.
        m.field = 'name' and f.after = m.value as is_made_up,
        list_contains(r.owned, f.resource || '.' || f.field) as owned,
        list_contains(r.disowned, f.resource || '.' || f.field) as disowned,
        -- A rule fills what is empty.
        (list_contains(r.unowned, f.field) or ruled.field is not null)
            and coalesce(f.before, 'null') not in ('null', '""', '[]', if(ruled.field is null, '', 'false'))
            -- NetBox itself gives a new virtual machine the site of its cluster.
            and not (f.resource = 'virtual_machines' and f.field = 'site' and f.netbox_id in (
                select netbox_id from ledger.created where object_type = 'virtualization/virtual-machines')) as kept
    from fields f
    cross join rules r
    left join made_up m on m.object_type = f.object_type and m.netbox_id = f.netbox_id and m.field = f.field
    left join diff.rule_values ruled on ruled.resource = f.resource and ruled.key = f.key and ruled.field = f.field
    left join (select distinct field from config.precedence) o on o.field = f.resource || '.' || f.field
    left join ledger.last_written w
        on w.object_type = f.object_type and w.netbox_id = f.netbox_id and w.field = f.field
        -- A value that an undo restored to the one before our first write counts as never written.
        and not (w.restored and same_value(f.had, content(w.value)))
    -- A field's order comes before the order for all fields.
    left join own_ranks own on own.field = coalesce(o.field, '*')
    left join rival_ranks other on other.field = coalesce(o.field, '*') and other.endpoint = w.endpoint
),

-- Why a field is not written; NULL if it is.
kept_back as (
    select *,
        case
            when disowned then drifted('field_disowned')
            when rival is not null and was_ours and not wants_ours then
                case when replaces_made_up or (rank < coalesce(rival_rank, 1000) and is_made_up is not true) then null
                     when rival_rank < coalesce(rank, 1000) then drifted('source_with_precedence', {endpoint: rival})
                     else conflict('sources_disagree', {endpoint: rival}) end
            when owned then null
            -- Tags are added and removed one by one; tags of others are kept.
            when field = 'tags' then null
            when ours is not null and was_ours then null
            when ours is not null and wants_ours then drifted('changed_in_netbox')
            when ours is not null then conflict('changed_on_both_sides')
            when kept then drifted('not_owned')
        end as cause
    from evaluated
),

said as (
    select *,
        coalesce(decision, action_of(cause), 'update') as said,
        case when decision is null then cause when decision = 'conflict' then as_conflict(reason) else reason
            end as said_reason
    from kept_back
),

-- take: written after all. keep: NetBox's value stays, whatever the source says where the answer has no question.
decided as (
    select s.*,
        case a.answer when 'take' then 'update' when 'keep' then 'drifted' else s.said end as final,
        case a.answer when 'take' then null
            when 'keep' then drifted('kept_by_answer', {who: a.who, day: a.answered_on})
            else s.said_reason end as final_reason
    from said s
    left join config.answers a on a.resource = s.resource and a.key = s.key and a.field = s.field
        and ((a.answer = 'take' and s.after is not null) or a.answer = 'keep')
        and coalesce(a.question = field_question(s.said_reason, s.before, s.after), true)
)

select resource, key,
    list({'field': field, 'before': before, 'after': "after", 'decision': final, 'reason': final_reason}
        order by position) as fields,
    bool_or(final = 'update') as any_update,
    bool_or(final = 'conflict') as any_conflict,
    string_agg(field || ': ' || final_reason, '; ' order by position) filter (final_reason is not null) as reasons
from decided
group by resource, key
