-- Adds to desired.tags.
-- Only with rows of desired.tag_words.
-- Words of a source, and those of defaults.tags, as NetBox tags. Key: the word in lower case. A NetBox tag of that name
-- is it, whatever its slug, or one that netbox-sync gave that name; else one of its slug whose name differs in
-- separators only (Web Prod, web.prod). Two words of one slug are two tags (c, c++): the one that is spelled like the
-- slug gets it, the other one a longer slug.
with said as (
    select tag, coalesce(max(name), tag) as name, max(color) as color from desired.tag_words group by tag
),
-- Tags that this product created under a name and someone renamed since.
renamed as (
    select lower(l.value::json ->> '$') as tag, min(t.slug) as slug
    from netbox.tags t
    join ledger.last_written l on l.object_type = 'extras/tags' and l.netbox_id = t.id and l.field = 'name'
        and not l.restored
    group by 1 having count(distinct t.id) = 1
),
known as (
    -- NetBox tells names apart by case, the sources do not: the one in lower case is it.
    select lower(name) as tag, arg_min(slug, (name <> lower(name), slug)) as slug from netbox.tags group by 1
    union all
    from renamed where tag not in (select lower(name) from netbox.tags)
),
words as (
    select tag, slug(tag) as base, slug(replace(replace(tag, '+', ' plus '), '.', ' dot ')) as spelled,
        slug(replace(tag, '+', ' plus ')) as with_plus
    from said where tag not in (select tag from known)
),
counted as (
    select *, count(*) over (partition by base) as rivals, count(*) over (partition by spelled) as same_spelled
    from words
),
slugs as (
    select w.tag, case
        when n.slug is not null and w.rivals = 1 and slug(replace(n.name, '+', ' plus ')) = w.with_plus
             and lower(n.name) not in (select tag from said) then w.base
        when n.slug is null and w.base <> '' and (w.rivals = 1 or w.tag = w.base) then w.base
        when w.spelled <> '' and w.same_spelled = 1 and w.spelled not in (select slug from netbox.tags)
             and w.spelled not in (select base from words) then w.spelled
        else concat_ws('-', nullif(w.spelled, ''), left(md5(w.tag), 6)) end as slug
    from counted w
    left join netbox.tags n on n.slug = w.base
)
select w.tag as key, w.name, coalesce(k.slug, s.slug) as slug, w.color
from said w
left join known k using (tag)
left join slugs s using (tag)
