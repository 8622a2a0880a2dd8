-- Resources and owners for which LibreNMS's answers do not prove a removal, although all calls succeeded. Key: resource
-- + owner.
-- What follows from calls that failed: sql/desired/gaps.sql. What holds for a stack holds for its members.
with settings as (from config.endpoint),
-- LibreNMS reports times by its clock, in its time zone: the latest poll of any device is the current time there.
polled as (
    select device_id, try_cast(last_polled as timestamp) as at, max(try_cast(last_polled as timestamp))
        over () as newest
    from librenms.devices
),
known as (
    -- Before 24.8 a member that is out of service is not shown.
    select 'lags' as resource, '*' as owner, because('shows_active_members_only',
        {source: 'LibreNMS', release: '24.8'}) as reason
    from librenms.system
    where coalesce(release_number(local_ver), 0) < 2408
    union all
    -- Without any neighbour nobody knows whether the device speaks LLDP or CDP at all.
    select 'cables', d.key, because('no_neighbour', {source: 'LibreNMS', device: d.key})
    from desired.devices d
    where d.source_id is not null
      and d.source_id not in (select i.device_source_id from desired.cables c join desired.interfaces i
          on i.key = c.interface)
    union all
    select resources.resource, d.key,
           case when not p.status then because('device_down', {source: 'LibreNMS'})
                when p.last_polled is null then because('never_polled', {source: 'LibreNMS'})
                else because('polled_last', {source: 'LibreNMS', time: p.last_polled}) end
    from librenms.devices p
    join polled using (device_id)
    join desired.devices d on d.source_id = p.device_id::varchar
    cross join settings,
         (values ('interfaces'), ('ip_addresses'), ('mac_addresses'), ('cables'), ('modules')) resources(resource)
    where not p.status
       or seconds_since(polled.at, settings.snapshot_time, polled.newest) > settings.max_poll_age
)
from known
union all
select k.resource, m.key, k.reason from known k join desired.stack_members m on m.device = k.owner where not m.is_master
