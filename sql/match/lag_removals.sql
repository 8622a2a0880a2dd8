-- Interfaces that NetBox has in a LAG, if the source shows other members of the LAG but not this one: it has left. Key:
-- desired interface. A LAG without members in the source proves nothing: many devices do not report them. Excluded are
-- LAGs in doubt, and ports whose LAG in the source could not be resolved.
-- Only with rows of config.endpoint, desired.interfaces WHERE shows_lag_members AND lag IS NOT NULL.
with members as (
    select i.device, i.key, i.name, i.lag, i.lag_problem, m.netbox_id
    from desired.interfaces i join match.interfaces m using (key)
    where m.problem is null and m.netbox_id in (select id from netbox.interfaces where lag_id is not null)
),
shown as (
    select distinct l.netbox_id as lag_id
    from desired.interfaces x join match.interfaces l on l.key = x.lag
    where x.lag is not null and l.netbox_id is not null
)
select m.key, m.netbox_id
from members m
join netbox.interfaces a on a.id = m.netbox_id
join shown s on s.lag_id = a.lag_id
cross join config.endpoint settings
where m.lag is null and m.lag_problem is null and settings.shows_lag_members
  and not exists (
      from desired.incomplete_scopes u where u.resource in ('interfaces', 'lags') and u.owner in ('*', m.device))
  and not exists (from desired.sightings g where g.resource = 'lags' and g.owner = m.device and g.word = m.name)
  and not exists (from match.doubts d where d.object_type = 'dcim/interfaces' and d.netbox_id in (a.id, a.lag_id))
  and not exists (from match.doubts d where d.object_type = 'dcim/devices' and d.netbox_id = a.device_id)
