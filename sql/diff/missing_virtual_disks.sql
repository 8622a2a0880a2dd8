-- Disks that guests do not have, and those that go with their virtual machine (sql/match/removals.sql). Key: virtual
-- machine + name.
-- Only with rows of match.removals WHERE object_type = 'virtualization/virtual-disks' AND action = 'delete'.
select r.resource, r.key, r.parent, r.object_type, r.id as netbox_id, null::varchar as target, r.last_updated, r.action,
    r.reason,
       removed_virtual_disk(d, v.name) as fields
from match.removals r
join netbox.virtual_disks d on d.id = r.id
left join netbox.virtual_machines v on v.id = d.virtual_machine_id
where r.object_type = 'virtualization/virtual-disks' and r.action = 'delete'
