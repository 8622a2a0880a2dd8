-- A view of the tags that each guest's virtual machine gets. Key: the guest. had: those it has; has: those it gets;
-- taken_off: those of the source that someone took off in NetBox, which are not put on again.
-- Only with rows of desired.virtual_machines WHERE len(tags) > 0; netbox.virtual_machines WHERE len(tags) > 0.
with
-- Tags that this product put on a virtual machine and did not take off again: only these are ever removed.
tag_lists as (
    select netbox_id, seq, text_list(before) as had, text_list("after") as has
    from ledger.tag_lists where object_type = 'virtualization/virtual-machines'
),
tag_moves as (
    select netbox_id, seq, unnest(list_filter(has, lambda t: not list_contains(had, t))) as slug, true as added
        from tag_lists
    union all
    select netbox_id, seq, unnest(list_filter(had, lambda t: not list_contains(has, t))), false from tag_lists
),
managed as (
    select netbox_id, list(slug) as slugs
    from (select netbox_id, slug, arg_max(added, seq) as added from tag_moves group by all)
    where added group by netbox_id
),
-- others: those that NetBox allows on other types of objects only; a machine that has one keeps it.
known_tags as (
    select coalesce(list(slug), []) as slugs, 'tags' in (select resource from config.may_create) as may_create,
        coalesce(list(slug) filter (not tag_fits(object_types, 'virtualization.virtualmachine')), []) as others
        from netbox.tags
),
-- Those that the configuration gives new virtual machines.
given_tags as (
    select coalesce(list(slug), []) as slugs from netbox.tags
    where exists (from config.default_tags d where d.resource in ('virtual_machines', '*')
        and lower(d.tag) in (lower(name), slug))
),
tagged as (
    select w.key, a.tags as had, coalesce(g.slugs, []) as managed,
        list_filter(w.tags, lambda t: (list_contains(k.slugs, t) or k.may_create)
            and (not list_contains(k.others, t) or list_contains(coalesce(a.tags, []), t))) as wanted,
        'virtual_machines.tags' in (select field from config.owned) as owned, o.slugs as given
    from desired.virtual_machines w
    join match.virtual_machines m using (key)
    cross join known_tags k
    cross join given_tags o
    left join netbox.virtual_machines a on a.id = m.netbox_id
    left join managed g on g.netbox_id = m.netbox_id
    where w.tags is not null
)
select key, coalesce(had, []) as had,
    list_sort(list_distinct(list_concat(
        list_filter(coalesce(had, []), lambda t: list_contains(wanted, t) or not list_contains(managed, t)
            or list_contains(given, t)),
        -- Tags that someone removed in NetBox are not added again.
        list_filter(wanted, lambda t: had is null or owned or list_contains(had, t)
            or not list_contains(managed, t))))) as has,
    list_filter(wanted, lambda t: had is not null and not owned and not list_contains(had, t)
        and list_contains(managed, t)) as taken_off
from tagged
