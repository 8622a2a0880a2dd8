-- Where Docker's answer is no evidence that something is gone. Key: resource + owner; the owner of a container that
-- is no longer listed is 'container <name>'.
with gaps as (
    select scope, scope_id, reason from docker.scopes where not complete
),
everything(resource) as (
    values ('virtual_machines'), ('vm_interfaces'), ('virtual_disks'), ('ip_addresses'), ('mac_addresses')
)
select e.resource, '*' as owner, g.reason
from gaps g, everything e
where g.scope = 'containers'
   or (g.scope = 'table' and g.scope_id in ('*', 'host', 'containers', 'container_interfaces', 'container_addresses'))
union all
select e.resource, v.key, g.reason
from gaps g join desired.virtual_machines v on v.source_id = g.scope_id, everything e
where g.scope = 'container'
union all
select 'virtual_machines', 'container ' || g.scope_id, g.reason from gaps g where g.scope = 'container'
union all
-- An address that cannot be shown cannot be called gone.
select 'ip_addresses', v.key, 'the container is ' || c.state
from docker.containers c join desired.virtual_machines v on v.source_id = c.name
where c.state not in ('running', 'paused')
union all
-- Its old container still holds what the new one will have.
select e.resource, v.key, 'Docker Compose is making it anew: there is ' || c.name
from docker.containers c
join desired.virtual_machines v on v.source_id = substr(c.name, 14), everything e
where regexp_full_match(c.name, '[0-9a-f]{12}_.+') and c.name not in (select source_id from desired.virtual_machines)
union all
select 'virtual_disks', '*', 'Docker says nothing of disks'
