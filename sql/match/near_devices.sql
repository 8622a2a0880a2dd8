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
source_macs as (
    select mac, min(device) as key from desired.interfaces where mac <> ''
    group by mac having count(distinct device) = 1 and min(device) in (select key from fresh)
),
-- Of all devices in NetBox, for the few MAC addresses of new ones.
found_macs as (
    select s.key, s.mac, i.device_id as id
    from source_macs s
    join netbox.mac_addresses m on upper(m.mac_address) = s.mac and m.assigned_object_type = 'dcim.interface'
    join netbox.interfaces i on i.id = m.assigned_object_id
),
shared as (
    select key, id, count(*) as macs
    from (select key, mac, min(id) as id from found_macs group by key, mac having count(distinct id) = 1)
    where id not in (select id from match.device_pairs)
    group by key, id
),
held as (
    select i.device_id as id, count(distinct upper(m.mac_address)) as macs
    from netbox.interfaces i
    join netbox.mac_addresses m on m.assigned_object_type = 'dcim.interface' and m.assigned_object_id = i.id
    where i.device_id in (select id from shared)
    group by i.device_id
),
by_macs as (
    select s.key, s.id, s.macs || ' of its MAC addresses' as witness
    from shared s join held h using (id)
    where s.macs > 1 or h.macs = 1
),

by_address as (
    select distinct f.key, i.device_id as id, 'its address ' || f.ip as witness
    from fresh f
    join netbox.ip_addresses a on a.host = f.ip and a.assigned_object_type = 'dcim.interface'
        and a.vrf_id is null and coalesce(a.role, '') in ('', 'loopback', 'secondary')
    join netbox.interfaces i on i.id = a.assigned_object_id
    where i.device_id not in (select id from match.device_pairs)
)

select key, id as netbox_id, string_agg(witness, ' and ' order by witness desc) as witnesses
from (from by_macs union all from by_address)
group by key, id
