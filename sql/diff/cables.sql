-- Cables as pairs of interfaces. Key: the two ends, or the end and the neighbour that could not be found.
-- Both ends free: create. Joined: in sync. Either end cabled elsewhere: a conflict that names the real far end.
with plugged as (
    select id as interface_id, min(cable_id) as cable_id, min(far) as far, bool_or(passes_on) as passes_on
    from match.cable_ends where type = 'dcim.interface' group by id
),
joined as (
    select distinct x.id as one, y.id as two
    from match.cable_ends x join match.cable_ends y on y.cable_id = x.cable_id and y.side <> x.side
    where x.type = 'dcim.interface' and y.type = 'dcim.interface'
),
judged as (
    select c.key, c.owner, c.a, c.b, c.crowd, pa.far as a_far, pb.far as b_far,
        coalesce(pa.passes_on, false) or coalesce(pb.passes_on, false) as passes_on,
        list_filter([c.a, c.b], lambda e: e.problem is not null) as unwritten,
        list_filter([c.a, c.b], lambda e: e.type in ('virtual', 'bridge', 'lag') or starts_with(e.type, 'ieee802.1')
            or e.type in ('other-wireless', 'gsm', 'cdma', 'lte', '4g', '5g')) as uncableable,
        list_filter([c.a, c.b], lambda e: e.mark_connected) as marked
    from match.cables c
    left join plugged pa on pa.interface_id = c.a.netbox_id
    left join plugged pb on pb.interface_id = c.b.netbox_id
    where not exists (from joined j where j.one = c.a.netbox_id and j.two = c.b.netbox_id)
),
decided as (
    select *,
        case when crowd is not null then 'conflict'
             when passes_on then 'blocked'
             when a_far is not null or b_far is not null then 'conflict'
             when len(unwritten) > 0 or len(uncableable) > 0 or len(marked) > 0 then 'blocked'
             else 'create' end as action,
        case when crowd is not null then 'ambiguous: ' || crowd
             when a_far is not null or b_far is not null then
                 if(passes_on, 'NetBox leads the way through panels or circuits, which is not followed: ', 'miscabled: NetBox has ')
                 || concat_ws(' and ', a.label || ' cabled to ' || a_far, b.label || ' cabled to ' || b_far)
             when len(unwritten) > 0 then 'its interface ' || unwritten[1].label || ' is not written: ' || unwritten[1].problem
             when len(uncableable) > 0 then 'NetBox takes no cable on ' || uncableable[1].label || ': its type is ' || uncableable[1].type
             when len(marked) > 0 then 'NetBox marks ' || marked[1].label || ' as connected without a cable'
        end as reason
    from judged
)
select 'cables' as resource, key, owner as parent, 'dcim/cables' as object_type, null::bigint as netbox_id, null::varchar as target,
       null::varchar as last_updated, action, reason,
       case when action = 'create' then [
           field('a_terminations', null, '[' || typed_link('dcim.interface', 'interfaces', a.key, a.netbox_id, a.label) || ']'),
           field('b_terminations', null, '[' || typed_link('dcim.interface', 'interfaces', b.key, b.netbox_id, b.label) || ']'),
           field('status', null, '"connected"')]
       else [] end as fields
from decided
union all
select distinct on (key) 'cables', n.local_label || ' <-> ' || n.seen as key, i.device, 'dcim/cables', null, null, null, n.action, n.problem, []
from match.neighbours n join desired.interfaces i on i.key = n.interface
where n.remote_end is null
