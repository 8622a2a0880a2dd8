-- Cables as pairs of interfaces. Key: the two ends, or the end and the neighbour that could not be found.
-- Both ends free: create. Joined: in sync. Either end cabled elsewhere: a conflict that names the real far end.
-- Only with rows of match.neighbours.
with cabled as (
    select id as interface_id, min(cable_id) as cable_id, min(far) as far, bool_or(passes_on) as passes_on
    from match.cable_ends where type = 'dcim.interface' group by id
),
joined as (
    select distinct x.id as one, y.id as two
    from match.cable_ends x join match.cable_ends y on y.cable_id = x.cable_id and y.side <> x.side
    where x.type = 'dcim.interface' and y.type = 'dcim.interface'
),
-- Lanes of a breakout port (et-0/0/0:1, Ethernet1/49/1) whose port NetBox has with a cable: that cable may have the
-- neighbours of all lanes at its other end.
ends as (
    select a.end, a.key, a.netbox_id from match.cables union select b.end, b.key, b.netbox_id from match.cables
),
lanes as (
    select e.end, base.id as base_id
    from ends e
    left join match.interface_names n on n.resource = 'interfaces' and n.key = e.key
    left join netbox.interfaces i on i.id = e.netbox_id
    join netbox.interfaces base on base.device_id = coalesce(i.device_id, n.machine_id) and base.cable_id is not null
        and base.name = regexp_replace(coalesce(i.name, n.name), '[:/][0-9]+$', '') and base.name <> coalesce(i.name,
            n.name)
),
evaluated as (
    select c.key, c.owner, c.a, c.b, c.ambiguous_neighbours, pa.far as a_far, pb.far as b_far,
        coalesce(pa.passes_on, false) or coalesce(pb.passes_on, false) as passes_on,
        list_filter([c.a, c.b], lambda e: e.problem is not null) as unwritten,
        list_filter([c.a, c.b], lambda e: is_virtual_type(e.type) or is_wireless_type(e.type)) as uncableable,
        list_filter([c.a, c.b], lambda e: e.channel_of is not null) as channels,
        list_filter([c.a, c.b], lambda e: e.mark_connected) as marked,
        list_distinct([pa.cable_id, pb.cable_id]) as cable_ids
    from match.cables c
    left join cabled pa on pa.interface_id = c.a.cabled_id
    left join cabled pb on pb.interface_id = c.b.cabled_id
    left join lanes la on la.end = c.a.end
    left join lanes lb on lb.end = c.b.end
    where not exists (from joined j where j.one in (c.a.cabled_id, la.base_id) and j.two in (c.b.cabled_id, lb.base_id))
),
decided as (
    select *,
        case when ambiguous_neighbours is not null then ambiguous_neighbours
             -- Which interface of NetBox that end is, is not known: its cable may be the right one.
             when len(unwritten) > 0
                 then blocked('interface_not_written', {interface: unwritten[1].label, because: unwritten[1].problem})
             when passes_on then blocked('cabled_through_panels', {cabled: cabled})
             when len(cabled) > 0 then conflict('miscabled', {cabled: cabled})
             when len(channels) > 0
                 then blocked('channel_takes_no_cable', {interface: channels[1].label, parent: channels[1].channel_of})
             when len(uncableable) > 0
                 then blocked('type_takes_no_cable', {interface: uncableable[1].label, type: uncableable[1].type})
             when len(marked) > 0 then blocked('marked_as_connected', {interface: marked[1].label})
        end as reason,
        -- The only cable in the way.
        if(ambiguous_neighbours is null and len(unwritten) = 0 and len(cable_ids) = 1, cable_ids[1], null) as netbox_id
    from (select *, list_filter([a.label || ' cabled to ' || a_far, b.label || ' cabled to ' || b_far],
              lambda one: one is not null) as cabled from evaluated)
),
unknown as (
    select i.device, count(distinct (n.interface, n.seen)) as number
    from match.neighbours n join desired.interfaces i on i.key = n.interface
    where starts_with(n.problem, '{"cause":"remote_device_unknown"')
    group by i.device
),
-- number: how many neighbours of the device are unknown, for those that are.
unresolved as (
    select n.local_label || ' <-> ' || n.seen as key, n.seen, i.device, n.problem, settings.system_name,
        if(starts_with(n.problem, '{"cause":"remote_device_unknown"'), u.number, 0) as number
    from match.neighbours n
    join desired.interfaces i on i.key = n.interface
    cross join config.endpoint settings
    left join unknown u on u.device = i.device
    where n.remote_end is null
)
select 'cables' as resource, key, owner as parent, 'dcim/cables' as object_type, netbox_id::bigint as netbox_id,
       null::varchar as target, null::varchar as last_updated, coalesce(action_of(reason), 'create') as action, reason,
       case when reason is null then [
           field('a_terminations', null, '[' || typed_link('dcim.interface', 'interfaces', a.key, a.netbox_id, a.label)
               || ']'),
           field('b_terminations', null, '[' || typed_link('dcim.interface', 'interfaces', b.key, b.netbox_id, b.label)
               || ']'),
           field('status', null, '"connected"')]
       else [] end as fields
from decided
union all
select distinct on (key) 'cables', key, device, 'dcim/cables', null, null, null, action_of(problem), problem, []
from unresolved where number < 10
union all
-- The computers on an access switch are one question.
select 'cables', device || ': unknown neighbours', device, 'dcim/cables', null, null, null, 'blocked',
    blocked('remote_devices_unknown', {number: number, system: any_value(system_name),
        names: list(distinct seen order by seen)[:5],
        more: nullif(greatest(count(distinct seen) - 5, 0), 0)}), []
from unresolved where number >= 10 group by device, number
