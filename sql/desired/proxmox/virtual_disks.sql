-- Only with rows of proxmox.disks.
-- The disks of guests, in MiB. Key: guest + Proxmox's key (scsi0). One of unknown size is shown and not written.
select
    v.key || ' ' || d.key as key,
    v.key as virtual_machine,
    d.key as name,
    d.size_mib as size,
    described(coalesce(d.storage, d.volume, ''), 200) as description,
    case when d.size_mib is null then blocked('size_unknown', {source: 'Proxmox', storage: d.storage, volume: d.volume})
         when d.size_mib > 2147483647 then blocked('size_too_large', {size: d.size_mib}) end as problem
from proxmox.disks d
join desired.virtual_machines v on v.source_id = d.vmid::varchar
where d.counted or d.reason = 'size unknown'
