-- Out-of-band addresses of devices whose management controller is polled beside them: the address has to be on an
-- interface of the device in NetBox. Key: device + OOB.
-- Only with rows of desired.bmcs.
with settings as (from config.endpoint),
wanted as (
    select w.owner, w.name as bmc, w.host, d.netbox_id, b.name as device, b.last_updated, b.oob_ip_id as current_id,
        split_part(was.address, '/', 1) as current_host,
        (select min(a.id) from netbox.ip_addresses a join netbox.interfaces i
            on a.assigned_object_type = 'dcim.interface' and a.assigned_object_id = i.id
         where a.host = w.host and i.device_id = d.netbox_id) as ip_id,
        exists (from ledger.last_written l where l.object_type = 'dcim/devices' and l.netbox_id = d.netbox_id
            and l.field = 'oob_ip' and not l.restored
            and try_cast(json_extract_string(l.value, '$.id') as bigint) = b.oob_ip_id) as ours
    from desired.bmcs w
    join match.devices d on d.key = w.owner and d.netbox_id is not null
    join netbox.devices b on b.id = d.netbox_id
    left join netbox.ip_addresses was on was.id = b.oob_ip_id
    where w.host is not null and w.owner not in (select owner from desired.oob_ips)
    qualify count(*) over (partition by w.owner) = 1
),
evaluated as (
    select w.*, case
        when w.ip_id is null and w.current_id is null
            then blocked('bmc_address_missing', {bmc: w.bmc, address: w.host, device: w.device})
        when w.current_id is not null and not w.ours and settings.primary_ip = 'set_if_empty'
            then drifted('other_oob_address') end as cause
    from wanted w, settings
    where settings.primary_ip <> 'never' and w.current_host is distinct from w.host
)
select 'primary_ips' as resource, owner || ' OOB' as key, owner as parent, 'dcim/devices' as object_type, netbox_id,
    null::varchar as target, last_updated, coalesce(action_of(cause), 'update') as action, cause as reason,
    case when ip_id is null then []
         else [field('oob_ip', coalesce(existing(current_id, current_host), 'null'), existing(ip_id, host))]
         end as fields
from evaluated
where cause is not null or ip_id is not null
