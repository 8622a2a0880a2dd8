-- Proxmox's tags as NetBox tags. Key: the tag as Proxmox writes it. A NetBox tag of that name is it, whatever
-- its slug; color is that of the cluster's tag style.
with said as (
    select distinct lower(t.tag) as tag from proxmox.guests, unnest(tags) as t(tag)
),
styles as (
    select lower(tag) as tag, any_value(lower(color)) as color from proxmox.tag_styles group by 1
),
known as (
    select lower(name) as tag, min(slug) as slug from netbox.tags group by 1
)
select s.tag as key, s.tag as name, coalesce(k.slug, slug(s.tag)) as slug,
       case when regexp_full_match(t.color, '[0-9a-f]{6}') then t.color end as color
from said s
left join styles t using (tag)
left join known k using (tag)
where coalesce(k.slug, slug(s.tag)) <> ''
