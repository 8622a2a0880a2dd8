-- Neighbours by LLDP, CDP and the like.
select l.local_device_id as device, p.name as interface,
    coalesce(r.device_id::varchar, nullif(l.remote_hostname, '')) as remote_device,
    coalesce(rp.name, l.remote_port) as remote_interface
from librenms.links l
join ports p on p.port_id = l.local_port_id
left join librenms.devices r on r.device_id = l.remote_device_id and r.disabled = 0
left join ports rp on rp.port_id = l.remote_port_id
where l.active = 1
