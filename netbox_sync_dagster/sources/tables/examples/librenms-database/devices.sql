-- The devices that are polled. The identity is LibreNMS's device_id. Locations are the sites: map them.
select
    d.device_id as id,
    coalesce(nullif(d.sysName, ''), d.hostname) as name,
    l.location as site,
    d.hardware as device_type,
    d.os as platform,
    d.type as role,
    d.serial,
    if(d.status = 1, 'active', 'offline') as status
from librenms.devices d
left join librenms.locations l on l.id = d.location_id
where d.disabled = 0
