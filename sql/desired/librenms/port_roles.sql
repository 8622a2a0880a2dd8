-- Ports that other ports are members of: LAGs and bridges. Key: port_id; role is lag or bridge.
-- The ifType says so, or a name that the device's os gives to nothing else: IOS shows Port-channels as propVirtual, and
-- Linux bonds and bridges as ethernetCsmacd; or the configuration. A unit (ae5.10) is neither.
-- Only with rows of librenms.ports.
with configured as (
    select device_id from librenms.devices where os in (select os from config.port_roles)
),
named as (
    select p.port_id, p.device_id, p.ifType, trimmed(coalesce(blank(p.ifName), p.ifDescr)) as name
    from librenms.ports p
    where not coalesce(p.deleted, false)
      and (p.ifType in ('ieee8023adLag', 'bridge') or p.device_id in (from configured)
          or regexp_matches(coalesce(blank(p.ifName), p.ifDescr),
              '(?i)^ *([a-z]+-?(channel|ether|trunk|aggregation) ?[0-9]|[a-z]{2,13}[-_]?[0-9a-f]+ *$|bridge *$|br_)'))
),
roles as (
    select n.*,
        case
            when ifType = 'ieee8023adLag' then 'lag'
            when ifType = 'bridge' then 'bridge'
            when c.role is not null then c.role
            when ifType not in ('ethernetCsmacd', 'propVirtual', 'propMultiplexor', 'other') then null
            when regexp_full_match(name, '(?i:port-?channel|po|bundle-ether|eth-trunk|(bridge|route)-aggregation'
                || '|aggregateport|bond|lagg|lag-?|team|trk) ?[0-9]+') then 'lag'
            when regexp_matches(d.os, '^(junos|panos)') and regexp_full_match(name, 'ae[0-9]+') then 'lag'
            when d.os = 'iosxr' and regexp_full_match(name, '(?i:be)[0-9]+') then 'lag'
            when d.os = 'ruijie' and regexp_full_match(name, '(?i:ag) ?[0-9]+') then 'lag'
            when regexp_full_match(name, '[a-z]{0,4}br[0-9]+|docker[0-9]+|br-[0-9a-f]{12}|br_[a-z0-9_]+|bridge[0-9]*')
                then 'bridge'
        end as role
    from named n join librenms.devices d using (device_id)
    left join (select n.port_id, min(c.role) as role
               from named n join librenms.devices d using (device_id)
               join config.port_roles c on c.os = d.os and regexp_full_match(n.name, c.pattern)
               group by n.port_id) c using (port_id)
)
select port_id, device_id, name, role
from roles r
where role is not null
  and not (regexp_matches(name, '\.[0-9]+$') and (device_id, regexp_replace(name, '\.[0-9]+$', '')) in
      (select (device_id, trimmed(coalesce(blank(ifName), ifDescr))) from librenms.ports
       where device_id in (select device_id from roles where regexp_matches(name, '\.[0-9]+$'))
         and not coalesce(deleted, false)))
