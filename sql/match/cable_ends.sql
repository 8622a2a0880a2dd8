-- Both ends of every cable in NetBox, one row per connected object. far: the other end, as text.
-- Only with rows of netbox.cables.
with ends as (
    select id as cable_id, 'A' as side, a_type as type, unnest(a_ids) as id from netbox.cables where a_type is not null
    union all
    select id, 'B', b_type, unnest(b_ids) from netbox.cables where b_type is not null
),
named as (
    select e.*, case when e.type = 'dcim.interface' and i.id is not null then coalesce(d.name, 'device ' || d.id) || ' '
        || i.name
        else case e.type when 'dcim.frontport' then 'front port' when 'dcim.rearport' then 'rear port'
             when 'circuits.circuittermination' then 'circuit termination' else split_part(e.type, '.', 2) end || ' '
                 || e.id end as label
    from ends e
    left join netbox.interfaces i on e.type = 'dcim.interface' and i.id = e.id
    left join netbox.devices d on d.id = i.device_id
),
sides as (
    select cable_id, side, string_agg(label, ', ' order by label) as labels,
        bool_or(type in ('dcim.frontport', 'dcim.rearport', 'circuits.circuittermination')) as passes_on
    from named group by all
)
select n.*, coalesce(s.labels, 'a loose end (cable ' || n.cable_id || ')') as far,
    coalesce(s.passes_on, false) as passes_on
from named n
left join sides s on s.cable_id = n.cable_id and s.side <> n.side
