-- The tags of guests. color is that of the cluster's tag style, else the one that Proxmox's web interface makes of the
-- text.
with said as (
    select distinct lower(t.tag) as tag from proxmox.guests, unnest(tags) as t(tag)
),
styles as (
    select lower(tag) as tag, any_value(lower(color)) as color from proxmox.tag_styles group by 1
),
colors as (
    select tag, [((hash >> (8 * byte)) & 255) * 0.7 + 76.5 for byte in [0, 1, 2]] as rgb
    from (
        select tag, list_reduce([unicode(c)::bigint for c in string_split(tag || 'prox', '')],
            lambda a, c: (a * 31 + c) % 4294967296) as hash
        from said)
)
select s.tag, null::varchar as name,
    if(regexp_full_match(t.color, '[0-9a-f]{6}'), t.color,
        printf('%02x%02x%02x', round(c.rgb[1])::integer, round(c.rgb[2])::integer, round(c.rgb[3])::integer)) as color
from said s
left join styles t using (tag)
left join colors c using (tag)
