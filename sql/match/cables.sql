-- Pairs of ports of which at least one sees the other: one row per pair. Key: the two ends. ambiguous_neighbours: the
-- cause where more than one neighbour is seen at an end; such a pair is ambiguous. cabled_id of an end: where NetBox
-- has the cable; a channel of a breakout port (NetBox 4.7) has that of its parent.
-- Only with rows of match.neighbours.
with seen as (
    select distinct least(local_end, remote_end) as one, greatest(local_end, remote_end) as two
    from match.neighbours where remote_end is not null
),
at_end as (
    select one as "end", two as other from seen
    union all
    select two, one from seen
    union all
    select local_end, seen from match.neighbours where remote_end is null and is_itself is not true
),
-- The two kinds of ends separately: each is joined by its key.
numbered as (
    select distinct "end", if(starts_with("end", 'n'), try_cast(substr("end", 2) as bigint), null) as netbox_id,
        if(starts_with("end", 'k'), substr("end", 2), null) as key
    from at_end
),
labels as (
    select "end", min(key) as key, min(netbox_id) as netbox_id, min(label) as label, min(owner) as owner,
        min(problem) as problem
    from (
        select e.end, n.* from numbered e join match.interface_names n on n.netbox_id = e.netbox_id
        union all
        select e.end, n.* from numbered e join match.interface_names n on n.key = e.key and n.netbox_id is null
    )
    where resource = 'interfaces' group by "end"
),
ends as (
    select e.end, coalesce(l.label, d.name || ' ' || i.name) as label, l.key, l.owner, l.problem,
        coalesce(l.netbox_id, i.id) as netbox_id, coalesce(i.type, w.mapped_type, w.natural_type) as type,
        coalesce(i.mark_connected, false) as mark_connected,
        if(i.channel_id is null, coalesce(l.netbox_id, i.id), i.parent_id) as cabled_id, p.name as channel_of
    from numbered e
    left join labels l on l.end = e.end
    left join netbox.interfaces i on i.id = e.netbox_id
    left join netbox.devices d on d.id = i.device_id
    left join netbox.interfaces p on p.id = i.parent_id and i.channel_id is not null
    left join desired.interfaces w on w.key = l.key
),
ambiguous_ends as (
    select a.end, conflict('several_neighbours', {interface: any_value(h.label),
        neighbours: list(coalesce(e.label, a.other) order by coalesce(e.label, a.other))}) as cause
    from at_end a
    join ends h on h.end = a.end
    left join ends e on e.end = a.other
    group by a.end having count(*) > 1
),
ordered as (
    select if(x.label <= y.label, x, y) as a, if(x.label <= y.label, y, x) as b
    from seen join ends x on x.end = seen.one join ends y on y.end = seen.two
)
select a.label || ' <-> ' || b.label
           -- Two devices with the same name, in two sites.
           || if(count(*) over (partition by a.label, b.label) > 1, ' (' || a.end || ', ' || b.end || ')', '') as key,
       coalesce(a.owner, b.owner) as owner, a, b,
       coalesce(ca.cause, cb.cause) as ambiguous_neighbours
from ordered
left join ambiguous_ends ca on ca.end = a.end
left join ambiguous_ends cb on cb.end = b.end
