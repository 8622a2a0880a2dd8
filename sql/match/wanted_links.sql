-- The LAG, parent and bridge that a differing interface should have, as references, and those that it leaves. Key:
-- desired interface (device + name). One in doubt is undecided.
-- A view: few rows of large tables.
-- Only with rows of desired.interfaces WHERE lag IS NOT NULL OR parent_interface IS NOT NULL OR bridge IS NOT NULL;
--   match.link_removals.
with wanted as materialized (
    select key, lag, parent_interface, bridge from desired.interfaces
    where key in (select key from match.differing_interfaces)
),
left_links as (
    select key, bool_or(field = 'lag') as lag, bool_or(field = 'parent') as parent, bool_or(field = 'bridge') as bridge
    from match.link_removals where key in (select key from wanted) group by key
),
targets as materialized (
    select key, netbox_id, name, problem from match.interface_names
    where resource = 'interfaces' and key in (select unnest([lag, parent_interface, bridge]) from wanted)
)

select w.key,
    lag.netbox_id as lag_id, lag.name as lag_name, of_undecided(lag.name, lag.problem) as lag_undecided,
    case when lag.key is not null and lag.problem is null
        then link('interfaces', lag.key, lag.netbox_id, lag.name) end as lag,
    parent.netbox_id as parent_id, parent.name as parent_name,
    of_undecided(parent.name, parent.problem) as parent_undecided,
    case when parent.key is not null and parent.problem is null
        then link('interfaces', parent.key, parent.netbox_id, parent.name) end as parent,
    of_undecided(bridge.name, bridge.problem) as bridge_undecided,
    case when bridge.key is not null and bridge.problem is null
        then link('interfaces', bridge.key, bridge.netbox_id, bridge.name) end as bridge,
    coalesce(l.lag, false) as leaves_lag, coalesce(l.parent, false) as leaves_parent,
    coalesce(l.bridge, false) as leaves_bridge
from wanted w
left join targets lag on lag.key = w.lag
left join targets parent on parent.key = w.parent_interface
left join targets bridge on bridge.key = w.bridge
left join left_links l on l.key = w.key
