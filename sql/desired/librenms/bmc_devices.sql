-- Management controllers that LibreNMS polls beside their hosts: those that mappings.bmcs names, and those of
-- bmc_os with the serial of one other device. Key: device_id.
with settings as (from config.endpoint),
named as (
    select device_id, unnest([hostname, sysName]) as name from librenms.devices
),
mapped as (
    select b.device_id, h.device_id as host_id
    from config.mappings m
    join named b on lower(b.name) = lower(m.source)
    join named h on lower(h.name) = lower(m.target)
    where m.kind = 'bmcs' and h.device_id <> b.device_id
),
serials as (
    select d.device_id, lower(serial_number(d.serial)) as serial, coalesce(list_contains(settings.bmc_os, d.os), false)
        as is_bmc
    from librenms.devices d, settings where serial_number(d.serial) is not null
),
by_serial as (
    select min(device_id) filter (is_bmc) as device_id, min(device_id) filter (not is_bmc) as host_id
    from serials group by serial
    having count(*) filter (is_bmc) = 1 and count(*) filter (not is_bmc) = 1
)
select device_id, min(host_id) as host_id, bool_or(is_mapped) as is_mapped
from (
    select *, true as is_mapped from mapped
    union all
    select *, false from by_serial where device_id not in (select device_id from mapped)
)
group by device_id having count(distinct host_id) = 1
