-- The LAG, parent and bridge that a differing interface has in NetBox. Key: NetBox interface.
-- A view: few rows of large tables.
-- Only with rows of netbox.interfaces WHERE coalesce(lag_id, parent_id, bridge_id) IS NOT NULL.
with present as materialized (
    select id, lag_id, parent_id, bridge_id from netbox.interfaces
    where id in (select netbox_id from match.differing_interfaces)
),
others as materialized (
    select id, name from netbox.interfaces where id in (select unnest([lag_id, parent_id, bridge_id]) from present)
)

select i.id, existing(lag.id, lag.name) as lag, existing(parent.id, parent.name) as parent,
    existing(bridge.id, bridge.name) as bridge
from present i
left join others lag on lag.id = i.lag_id
left join others parent on parent.id = i.parent_id
left join others bridge on bridge.id = i.bridge_id
