-- The ports that LibreNMS shows, by the name of the interface.
select p.*, coalesce(nullif(p.ifName, ''), p.ifDescr) as name
from librenms.ports p
join librenms.devices d using (device_id)
where p.deleted = 0 and d.disabled = 0
