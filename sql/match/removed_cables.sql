-- Cables in NetBox between two interfaces of this endpoint's devices, without a neighbour at either end. Shape:
-- match.removed in sql/match/tables.sql. The evidence must be complete for both devices.
-- Only with rows of match.cable_ends.
with ends as (
    select e.cable_id, e.side, e.id, e.label, n.owner
    from match.cable_ends e
    left join match.interface_names n on n.type = e.type and n.netbox_id = e.id
),
cabled_pairs as (
    select e.cable_id,
        string_agg(e.label, ', ' order by e.label) filter (side = 'A') as a_label,
        string_agg(e.label, ', ' order by e.label) filter (side = 'B') as b_label,
        min(e.owner) filter (side = 'A') as a_owner, list(distinct e.owner order by e.owner) as owners,
        list_concat(list({'type': 'dcim/interfaces', 'id': e.id}),
            list({'type': 'dcim/devices', 'id': i.device_id})) as above,
        -- A neighbour whose port is unknown may be at any port of its device.
        min(w.what) as what
    from ends e
    left join netbox.interfaces i on i.id = e.id
    left join (select owner as device, min(what) as what from desired.sightings where resource = 'cables' group by 1) w
        on w.device = e.owner
    group by e.cable_id
    having bool_and(e.owner is not null) and count(distinct e.side) = 2
),
-- Ends at which a neighbour is seen have a row or are in sync.
seen as (
    select a.cabled_id as id from match.cables union select b.cabled_id from match.cables
    union
    select if(i.channel_id is null, n.netbox_id, i.parent_id)
    from match.neighbours s
    join match.interface_names n on n.resource = 'interfaces' and n.key = s.interface
    left join netbox.interfaces i on i.id = n.netbox_id
)
select 'cables' as resource, 'dcim/cables' as object_type, c.id, c.last_updated,
    'cable ' || c.id || ': ' || b.a_label || ' <-> ' || b.b_label as key, b.a_owner as parent, b.owners,
    b.above, because('no_neighbour_seen', {system: s.system_name}) as fact,
    'delete' as way, null::varchar as note, null::varchar as held, true as said_unproven,
    if(b.what is null, null, because('may_be', {because: b.what})) as doubt
from cabled_pairs b
join netbox.cables c on c.id = b.cable_id
cross join config.endpoint s
where c.id not in (select cable_id from ends where id in (select id from seen where id is not null))
