-- Backups of guests for the plugin's model. Key: storage + volume. What the plugin has no word for is `undefined`.
select
    b.storage || ' ' || b.volid as key,
    v.key as virtual_machine,
    b.storage,
    b.volid as volume_id,
    b.vmid,
    case when b.subtype in ('qemu', 'lxc') then b.subtype else 'undefined' end as subtype,
    case when regexp_matches(b.volid, 'backup/(vm|ct)/') then if(b.subtype = 'lxc', 'pbs-ct', 'pbs-vm')
         when regexp_matches(b.volid, '\.tar\.zst$') then 'tzst'
         when regexp_matches(b.volid, '\.(tar\.gz|tgz)$') then 'tgz'
         when regexp_matches(b.volid, '\.(zst|tar|tbz)$') then regexp_extract(b.volid, '\.(zst|tar|tbz)$', 1)
         else 'undefined' end as format,
    strftime(b.ctime, '%Y-%m-%dT%H:%M:%S+00:00') as creation_time,
    b.size,
    several_lines(coalesce(b.notes, '')) as notes,
    b.verification as verification_state
from (select distinct on (storage, volid) * from proxmox.backups order by storage, volid, node) b
join desired.virtual_machines v on v.source_id = b.vmid::varchar
cross join config.endpoint settings
where settings.records_to = 'plugin'
