-- The management controllers of devices. Key: owner + name.
-- Only with rows of desired.bmc_devices.
select d.key as owner, coalesce(usable_name(l.sysName), l.hostname) as name, blank(l.ip) as host
from desired.bmc_devices b
join librenms.devices l using (device_id)
join desired.devices d on d.source_id = b.host_id::varchar
