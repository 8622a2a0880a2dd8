-- Proxmox's tags as NetBox tags. Key: the tag as Proxmox writes it. A NetBox tag of that name is it, whatever its slug;
-- else one of its slug whose name differs in separators only (Web Prod, web.prod). Two tags of one slug are two tags to
-- Proxmox (c, c++): the one that is spelled like the slug gets it, the other one a longer slug. color is that of the
-- cluster's tag style, else the one that Proxmox's web interface makes of the text.
with said as (
    select distinct lower(t.tag) as tag from proxmox.guests, unnest(tags) as t(tag)
),
styles as (
    select lower(tag) as tag, any_value(lower(color)) as color from proxmox.tag_styles group by 1
),
known as (
    select lower(name) as tag, min(slug) as slug from netbox.tags group by 1
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
),
colors as (
    select tag, [((hash >> (8 * byte)) & 255) * 0.7 + 76.5 for byte in [0, 1, 2]] as rgb
    from (
        select tag, list_reduce([unicode(c)::bigint for c in string_split(tag || 'prox', '')],
            lambda a, c: (a * 31 + c) % 4294967296) as hash
        from said)
)
select s.tag as key, s.tag as name, coalesce(k.slug, g.slug) as slug,
    if(regexp_full_match(t.color, '[0-9a-f]{6}'), t.color,
        printf('%02x%02x%02x', round(c.rgb[1])::integer, round(c.rgb[2])::integer, round(c.rgb[3])::integer)) as color
from said s
left join styles t using (tag)
left join known k using (tag)
left join slugs g using (tag)
left join colors c using (tag)
