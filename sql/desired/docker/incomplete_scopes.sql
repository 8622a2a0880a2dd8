-- Resources and owners for which Docker's answers do not prove a removal, although all calls succeeded. Key: resource +
-- owner.
-- What follows from calls that failed: sql/desired/gaps.sql.
with everything(resource) as (
    values ('virtual_machines'), ('vm_interfaces'), ('virtual_disks'), ('ip_addresses'), ('primary_ips'),
        ('mac_addresses')
)
-- An address that cannot be shown cannot be called gone.
select 'ip_addresses' as resource, v.key as owner,
    because('not_running', {object: 'container', state: c.state}) as reason
from docker.containers c join desired.virtual_machines v on v.source_id = c.name
where c.state not in ('running', 'paused')
union all
-- Its old container still holds what the new one will have.
select e.resource, v.key, because('being_made_anew', {program: 'Docker Compose', name: c.name})
from docker.containers c
join desired.virtual_machines v on v.source_id = substr(c.name, 14), everything e
where regexp_full_match(c.name, '[0-9a-f]{12}_.+') and c.name not in (select source_id from desired.virtual_machines)
union all
select 'virtual_disks', '*', because('shows_no_disks', {source: 'Docker'})
