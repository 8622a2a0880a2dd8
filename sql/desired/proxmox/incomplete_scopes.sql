-- Resources and owners for which Proxmox's answers do not prove a removal, although all calls succeeded. Key: resource
-- + owner.
-- What follows from calls that failed: sql/desired/gaps.sql.
-- The absence of an address proves nothing if addresses cannot be read.
select 'ip_addresses' as resource, v.key as owner,
    because('not_running', {object: 'guest', state: 'not running'}) as reason
from proxmox.guests g join desired.virtual_machines v on v.source_id = g.vmid::varchar
where g.status is distinct from 'running'
