-- Contacts that the user's rules give objects and NetBox does not have. Key: object + contact + contact role.
-- Only with rows of match.contact_assignments.
select 'contact_assignments' as resource, key, owner as parent, 'tenancy/contact-assignments' as object_type,
    null::bigint as netbox_id, null::varchar as target, null::varchar as last_updated,
    coalesce(action_of(problem), 'create') as action, problem as reason,
    case when problem is null then differing([
        field('object', null, typed_link(model, resource, owner, owner_id, owner_name)),
        field('contact', null, existing(contact_id, contact)),
        field('role', null, existing(role_id, role))]) else [] end as fields
from match.contact_assignments
where netbox_id is null
