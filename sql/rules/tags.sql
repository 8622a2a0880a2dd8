-- The tags that the user's rules give: added to those that an object has, or owned by a prefix of the slug, of which
-- others are taken off. A tag that someone has taken off in NetBox is not added again, unless the field is owned.
-- Key: resource + key.
with words as (
    select o.resource, o.key, any_value(o.parent) as parent, any_value(o.object_type) as object_type,
        any_value(o.netbox_id) as netbox_id,
        list(distinct nullif(substr(f.field, 6), '')) filter (f.field <> 'tags') as prefixes,
        list(distinct coalesce(t.slug, d.slug)) filter (coalesce(t.slug, d.slug) is not null) as slugs,
        list(distinct f.value ->> '$') filter (coalesce(t.slug, d.slug) is null and (f.value ->> '$') <> '') as unknown,
        list(distinct t.name) filter (not tag_fits(t.object_types, m.model)) as of_others,
        list(distinct f.file order by f.file) as files
    from desired.rule_fields f
    join diff.ruled_objects o on o.resource = f.resource and o.rule_key = f.key
    left join config.models m on m.resource = o.resource
    left join netbox.tags t on t.slug = lower(f.value ->> '$') or lower(t.name) = lower(f.value ->> '$')
    left join desired.tags d on d.key = lower(f.value ->> '$') and 'tags' in (select resource from config.may_create)
    where starts_with(f.field, 'tags') and f.value is not null
    group by o.resource, o.key
),
tag_lists as (
    select object_type, netbox_id, seq, text_list(before) as had, text_list("after") as has from ledger.tag_lists
),
moves as (
    select object_type, netbox_id, seq, unnest(list_filter(has, lambda t: not list_contains(had, t))) as slug,
        true as added
    from tag_lists
    union all
    select object_type, netbox_id, seq, unnest(list_filter(had, lambda t: not list_contains(has, t))), false
    from tag_lists
),
put_on as (
    select object_type, netbox_id, list(slug) as slugs
    from (select object_type, netbox_id, slug, arg_max(added, seq) as added from moves group by all)
    where added group by object_type, netbox_id
),
combined as (
    select w.*, b.last_updated, coalesce(text_list(b.before), []) as had,
        -- What the source's own tags would leave.
        coalesce(text_list(coalesce(list_filter(c.fields, lambda f: f.field = 'tags' and f.decision is null)[1].after,
            b.before)), []) as base,
        list_filter(coalesce(w.slugs, []), lambda s: not list_contains(coalesce(p.slugs, []), s)
            or list_contains(coalesce(text_list(b.before), []), s) or o.field is not null) as given
    from words w
    left join config.owned o on o.field = w.resource || '.tags'
    left join put_on p on p.object_type = w.object_type and p.netbox_id = w.netbox_id
    left join config.ruled_before b on b.resource = w.resource and b.netbox_id = w.netbox_id and b.field = 'tags'
    left join diff.compared c on c.resource = w.resource and c.key = w.key
)
select resource, key, parent, object_type, netbox_id, last_updated, 'tags' as field, to_json(had)::varchar as before,
    if(unknown is null and of_others is null, to_json(list_sort(list_distinct(list_concat(given, list_filter(base,
        lambda s: list_contains(given, s)
            or len(list_filter(coalesce(prefixes, []), lambda p: starts_with(s, p))) = 0)))))::varchar, null)
        as "after",
    case when unknown is not null and 'tags' not in (select resource from config.may_create)
        then conflict('rule_needs_new_tag', {rule: files[1], word: unknown[1]})
        when unknown is not null
        then conflict('rule_names_nothing', {rule: files[1], kind: 'tag', word: unknown[1]})
        when of_others is not null
        then conflict('rule_tag_of_others', {rule: files[1], tag: of_others[1], resource: resource}) end as problem
from combined
