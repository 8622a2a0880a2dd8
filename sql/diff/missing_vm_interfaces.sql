-- Interfaces of guests that the source does not show, and those that go with their virtual machine
-- (sql/match/removals.sql). Key: virtual machine + NetBox's name.
-- Only with rows of match.removals WHERE object_type = 'virtualization/interfaces' AND action = 'delete'.
select r.resource, r.key, r.parent, r.object_type, r.id as netbox_id, null::varchar as target, r.last_updated, r.action,
    r.reason,
       removed_vm_interface(i, v.name) as fields
from match.removals r
join netbox.vm_interfaces i on i.id = r.id
left join netbox.virtual_machines v on v.id = i.virtual_machine_id
where r.object_type = 'virtualization/interfaces' and r.action = 'delete'
