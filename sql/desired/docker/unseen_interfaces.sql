-- Adds to desired.incomplete_scopes.
-- Networks of a container that it is not attached to at the moment: what NetBox has on them proves nothing. Rows of
-- desired.incomplete_scopes; the owner is the interface.
select 'ip_addresses' as resource, i.key as owner,
    because('not_attached', {object: 'container', network: n.network}) as reason
from docker.container_interfaces n
join desired.virtual_machines v on v.source_id = n.container
join desired.vm_interfaces i on i.virtual_machine = v.key and i.old_name = n.network
where not coalesce(n.attached, false)
