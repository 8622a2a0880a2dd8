-- Contact assignments that no rule gives now, and those that go with their virtual machine
-- (sql/match/removals.sql). Key: object + contact + contact role + id.
-- Only with rows of match.removals WHERE object_type = 'tenancy/contact-assignments' AND action = 'delete'.
with holders as (
    select 'virtualization.cluster' as model, id, name from netbox.clusters
    union all select 'dcim.device', id, name from netbox.devices
    union all select 'virtualization.virtualmachine', id, name from netbox.virtual_machines
)
select r.resource, r.key, r.parent, r.object_type, r.id as netbox_id, null::varchar as target, r.last_updated, r.action,
    r.reason,
    non_empty([
        removed_field('object', typed_existing(a.object_type, a.object_id, coalesce(h.name, a.object_id::varchar))),
        removed_field('contact', existing(a.contact_id, coalesce(c.name, a.contact_id::varchar))),
        removed_field('role', existing(a.role_id, coalesce(o.name, a.role_id::varchar))),
        removed_text('priority', a.priority)]) as fields
from match.removals r
join netbox.contact_assignments a on a.id = r.id
left join holders h on h.model = a.object_type and h.id = a.object_id
left join netbox.contacts c on c.id = a.contact_id
left join netbox.contact_roles o on o.id = a.role_id
where r.object_type = 'tenancy/contact-assignments' and r.action = 'delete'
