-- Where Docker's answer is no evidence that something is gone, though every call was answered. Key: resource + owner.
-- What follows from calls that failed: sql/desired/gaps.sql.
-- An address that cannot be shown cannot be called gone.
select 'ip_addresses' as resource, v.key as owner, 'the container is ' || c.state as reason
from docker.containers c join desired.virtual_machines v on v.source_id = c.name
where c.state not in ('running', 'paused')
union all
select 'virtual_disks', '*', 'Docker says nothing of disks'
