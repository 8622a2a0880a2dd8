-- Where Proxmox's answer is no evidence that something is gone. Key: resource + owner; the owner of a guest that
-- is no longer listed is 'vmid <n>'.
with gaps as (
    select scope, scope_id, reason from proxmox.scopes where not complete
),
everything(resource) as (
    values ('virtual_machines'), ('vm_interfaces'), ('virtual_disks'), ('interfaces'), ('ip_addresses'), ('mac_addresses'), ('vlans')
),
of_a_guest(resource) as (
    values ('virtual_machines'), ('vm_interfaces'), ('virtual_disks'), ('ip_addresses'), ('mac_addresses')
)
select e.resource, '*' as owner, g.reason
from gaps g, everything e
where g.scope in ('cluster', 'rights')
   or (g.scope = 'table' and g.scope_id in ('*', 'cluster', 'nodes', 'guests', 'guest_interfaces', 'guest_addresses', 'disks', 'node_interfaces', 'guest_config'))
   or (g.scope in ('guest', 'node') and g.scope_id = '*')
union all
-- A guest that is not listed might be on a node that was not read.
select 'virtual_machines', '*', g.reason from gaps g where g.scope = 'node'
union all
select r.resource, d.key, g.reason
from gaps g join desired.devices d on d.source_id = g.scope_id,
     (values ('interfaces'), ('ip_addresses'), ('mac_addresses')) r(resource)
where g.scope = 'node'
union all
select o.resource, v.key, g.reason
from gaps g join desired.virtual_machines v on v.source_id = g.scope_id, of_a_guest o
where g.scope = 'guest'
union all
select 'virtual_machines', 'vmid ' || g.scope_id, g.reason from gaps g where g.scope = 'guest'
union all
select 'ip_addresses', v.key, g.reason
from gaps g join desired.virtual_machines v on v.source_id = g.scope_id
where g.scope = 'guest_addresses'
union all
select 'ip_addresses', '*', g.reason from gaps g where g.scope = 'guest_addresses' and g.scope_id = '*'
union all
-- What hangs on the guests: a backup may be in any storage, a snapshot is its guest's own, the jobs are the cluster's.
select r.resource, '*', g.reason
from gaps g, (values ('storages'), ('backups'), ('snapshots'), ('replications')) r(resource)
where g.scope in ('cluster', 'rights')
   or (g.scope = 'table' and g.scope_id in ('*', 'guests', r.resource))
   -- Only one guest was ever read.
   or (g.scope = 'guest' and g.scope_id = '*')
   or (r.resource = 'backups' and g.scope in ('storage', 'storages', 'node'))
   or (r.resource = 'storages' and g.scope in ('storages', 'node'))
   or (r.resource = 'replications' and g.scope = 'replication')
   or (r.resource = 'snapshots' and g.scope = 'guest_snapshots' and g.scope_id = '*')
union all
select 'snapshots', v.key, g.reason
from gaps g join desired.virtual_machines v on v.source_id = g.scope_id
where g.scope in ('guest', 'guest_snapshots')
union all
-- An address that cannot be shown cannot be called gone.
select 'ip_addresses', v.key, 'the guest is not running'
from proxmox.guests g join desired.virtual_machines v on v.source_id = g.vmid::varchar
where g.status is distinct from 'running'
