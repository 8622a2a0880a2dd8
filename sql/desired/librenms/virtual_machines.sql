-- Devices of LibreNMS that are synced as the virtual machines that NetBox knows, by the policy virtual_machines. Key:
-- the name, source_id LibreNMS's device_id. Of the machine itself nothing is compared but its interfaces and addresses.
-- Only with rows of desired.known_guests WHERE is_synced.
with named as (
    select k.*, d.disabled, d.ignore, coalesce(usable_name(d.sysName), usable_name(d.hostname), 'device') as name
    from desired.known_guests k join librenms.devices d using (device_id)
    where k.is_synced
)
select if(count(*) over (partition by lower(name)) > 1, name || ' (LibreNMS ' || device_id || ')', name) as key,
    device_id::varchar as source_id, netbox_id as known_id,
    coalesce(disabled, false) or coalesce(ignore, false) as inactive,
    case when disabled then blocked('device_disabled', {source: 'LibreNMS'})
         when ignore then blocked('device_ignored', {source: 'LibreNMS'}) end as not_imported
from named
