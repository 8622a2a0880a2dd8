-- Where Proxmox's answer is no evidence that something is gone, though every call was answered. Key: resource + owner.
-- What follows from calls that failed: sql/desired/gaps.sql.
-- An address that cannot be shown cannot be called gone.
select 'ip_addresses' as resource, v.key as owner,
    because('not_running', {object: 'guest', state: 'not running'}) as reason
from proxmox.guests g join desired.virtual_machines v on v.source_id = g.vmid::varchar
where g.status is distinct from 'running'
