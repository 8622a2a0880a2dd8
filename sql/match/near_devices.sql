-- NetBox devices that a device of the source may be, where no step of sql/match/device_pairs.sql says it: their
-- interfaces have its MAC addresses, or the address at which the source reaches it. Key: desired device + NetBox
-- device. A MAC address of several devices on one side says nothing, and one alone says something only where NetBox's
-- device has no other. Addresses in a VRF may be those of other networks, and shared ones of other devices.
-- witnesses: in words.
-- Only with rows of netbox.mac_addresses, desired.devices WHERE key NOT IN (SELECT key FROM match.device_pairs);
--   netbox.ip_addresses, desired.devices WHERE ip IS NOT NULL AND key NOT IN (SELECT key FROM match.device_pairs).
with fresh as (
    select key, ip from desired.devices where key not in (select key from match.device_pairs)
),
free_interfaces as (
    select id, device_id from netbox.interfaces where device_id not in (select id from match.device_pairs)
),

source_macs as (
    select mac, min(device) as key from desired.interfaces where mac <> ''
    group by mac having count(distinct device) = 1 and min(device) in (select key from fresh)
),
held_macs as materialized (
    select upper(m.mac_address) as mac, i.device_id
    from netbox.mac_addresses m
    join free_interfaces i on m.assigned_object_type = 'dcim.interface' and i.id = m.assigned_object_id
),
netbox_macs as (
    select mac, min(device_id) as id from held_macs where mac in (select mac from source_macs)
    group by mac having count(distinct device_id) = 1
),
shared as (
    select s.key, n.id, count(*) as macs from source_macs s join netbox_macs n using (mac) group by s.key, n.id
),
by_macs as (
    select s.key, s.id, s.macs || ' of its MAC addresses' as witness
    from shared s
    join (select device_id as id, count(distinct mac) as macs from held_macs
          where device_id in (select id from shared) group by device_id) h using (id)
    where s.macs > 1 or h.macs = 1
),

by_address as (
    select distinct f.key, i.device_id as id, 'its address ' || f.ip as witness
    from fresh f
    join netbox.ip_addresses a on a.host = f.ip and a.assigned_object_type = 'dcim.interface'
        and a.vrf_id is null and coalesce(a.role, '') in ('', 'loopback', 'secondary')
    join free_interfaces i on i.id = a.assigned_object_id
)

select key, id as netbox_id, string_agg(witness, ' and ' order by witness desc) as witnesses
from (from by_macs union all from by_address)
group by key, id
