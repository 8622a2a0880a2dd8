-- Only with rows of librenms.links.
-- Neighbours that LibreNMS learned by LLDP, CDP and the like: one row per port and neighbour.
-- interface is the port that sees it. A link that is no longer active is not seen.
select distinct
    i.key as interface,
    coalesce(d.key, r.device) as remote_device,
    usable_name(l.remote_hostname) as remote_name,
    r.key as remote_interface,
    usable_name(l.remote_port) as remote_port
from librenms.links l
join desired.interfaces i on i.source_id = l.local_port_id::varchar
left join desired.devices d on l.remote_device_id > 0 and d.source_id = l.remote_device_id::varchar
left join desired.interfaces r on l.remote_port_id > 0 and r.source_id = l.remote_port_id::varchar
where coalesce(l.active, true)
