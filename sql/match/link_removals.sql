-- Interfaces that NetBox has in a LAG or bridge, if the source shows other members of it but not this one: it has left.
-- The same for an interface with a parent, if this source gave it the parent and shows it without one. Key: field
-- (lag, bridge, parent) + desired interface.
-- A LAG or bridge without members in the source proves nothing where devices do not always report them. Excluded are
-- LAGs in doubt, and ports whose LAG, bridge or parent in the source could not be resolved.
-- Only with rows of config.endpoint, netbox.interfaces WHERE (shows_lag_members OR shows_all_members)
--   AND (lag_id IS NOT NULL OR bridge_id IS NOT NULL OR parent_id IS NOT NULL).
with links as (
    select 'lag' as field, i.key, i.lag as other from desired.interfaces i where i.lag is not null
    union all
    select 'bridge', i.key, i.bridge from desired.interfaces i where i.bridge is not null
    union all
    select 'parent', i.key, i.parent_interface from desired.interfaces i where i.parent_interface is not null
),
held as (
    select id, device_id, unnest([
        {'field': 'lag', 'other': lag_id}, {'field': 'bridge', 'other': bridge_id},
        {'field': 'parent', 'other': parent_id}], recursive := true)
    from netbox.interfaces where lag_id is not null or bridge_id is not null or parent_id is not null
),
members as (
    select h.field, h.other as other_id, h.device_id, i.key, i.device, i.name, m.netbox_id
    from held h
    join match.interfaces m on m.netbox_id = h.id and m.problem is null
    join desired.interfaces i using (key)
    where h.other is not null
      and case h.field when 'lag' then i.lag_problem when 'bridge' then i.bridge_problem end is null
      and (h.field, i.key) not in (select (field, key) from links)
      and (h.field, i.source_id) not in (
          select (kind, coalesce(port_id, other_id)::varchar) from desired.port_links where problem is not null)
),
shown as (
    select distinct l.field, m.netbox_id as other_id
    from links l join match.interfaces m on m.key = l.other
    where l.field <> 'parent' and m.netbox_id is not null
    union
    select field, netbox_id from match.interfaces, config.endpoint settings, unnest(['lag', 'bridge']) as f(field)
    where settings.shows_all_members and netbox_id is not null
),
-- Parents that this source gave.
given as (
    select netbox_id, try_cast(json_extract_string(value, '$.id') as bigint) as other_id
    from ledger.last_written
    where object_type = 'dcim/interfaces' and field = 'parent' and not restored
      and endpoint in (from config.same_source)
)
select m.field, m.key, m.netbox_id
from members m
where ((m.field, m.other_id) in (select (field, other_id) from shown)
       or (m.field = 'parent' and (m.netbox_id, m.other_id) in (select (netbox_id, other_id) from given)))
  and not exists (
      from desired.incomplete_scopes u where u.resource in ('interfaces', 'lags') and u.owner in ('*', m.device))
  and not exists (from desired.sightings g where g.resource = 'lags' and g.owner = m.device and g.word = m.name)
  and not exists (from match.doubts d where d.object_type = 'dcim/interfaces'
      and d.netbox_id in (m.netbox_id, m.other_id))
  and not exists (from match.doubts d where d.object_type = 'dcim/devices' and d.netbox_id = m.device_id)
