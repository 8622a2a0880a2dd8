-- What the plugin's models hold of this cluster and Proxmox no longer shows, and what is proposed. Key: resource + id.
-- A backup is gone only when every storage was read, a snapshot when its guest was, a job when all jobs were. What
-- hangs on a guest that is deleted goes with it.
with settings as (from config.endpoint),
dying as (
    select id, name || ' [' || guest || ']' as owner from match.gone_virtual_machines where action = 'delete'
),
records as (
    select 'backups' as resource, 'plugins/proxbox/backups' as object_type, b.id, b.last_updated, b.virtual_machine_id as vm_id,
           b.volume_id as name, b.storage || ' ' || b.volume_id as label,
           exists (from desired.backups d join match.live_virtual_machines v on v.key = d.virtual_machine
                   where v.netbox_id = b.virtual_machine_id and d.volume_id = b.volume_id and d.storage = b.storage) as shown
    from netbox.proxbox_backups b
    union all
    select 'snapshots', 'plugins/proxbox/snapshots', s.id, s.last_updated, s.virtual_machine_id, s.name, s.name,
           exists (from desired.snapshots d join match.live_virtual_machines v on v.key = d.virtual_machine
                   where v.netbox_id = s.virtual_machine_id and d.name = s.name)
    from netbox.proxbox_snapshots s
    union all
    select 'replications', 'plugins/proxbox/replications', r.id, r.last_updated, r.virtual_machine_id, r.replication_id, r.replication_id,
           exists (from desired.replications d join match.live_virtual_machines v on v.key = d.virtual_machine
                   where v.netbox_id = r.virtual_machine_id and d.replication_id = r.replication_id)
    from netbox.proxbox_replications r
    union all
    -- History stays as long as its virtual machine.
    select 'tasks', 'plugins/proxbox/task-history', t.id, t.last_updated, t.virtual_machine_id, t.upid, t.upid,
           t.virtual_machine_id not in (select id from dying)
    from netbox.proxbox_tasks t
),
of_guests as (
    select r.*, coalesce(v.key, d.owner) as owner, d.id is not null as dies
    from records r
    left join match.live_virtual_machines v on v.netbox_id = r.vm_id
    left join dying d on d.id = r.vm_id
    where not r.shown and (v.key is not null or d.id is not null)
),
gone as (
    select * from of_guests
    union all
    select 'storages', 'plugins/proxbox/storage', s.id, s.last_updated, null, s.name, s.name, false, c.key, false
    from netbox.proxbox_storages s
    join match.live_clusters c on c.netbox_id = s.cluster_id
    where s.name not in (select name from desired.storages)
),
unproven as (
    select g.resource, g.id, string_agg(distinct u.reason, '; ' order by u.reason) as reason
    from gone g join desired.unproven u on u.resource = g.resource and u.owner in ('*', g.owner)
    group by all
),
judged as (
    select g.*, if(g.dies, null, u.reason) as unproven, c.netbox_id is not null as created_here,
        g.resource in (select resource from config.may_delete) as may_delete,
        g.resource in (select resource from config.may_delete_unowned) as may_delete_unowned
    from gone g
    cross join settings
    left join unproven u on u.resource = g.resource and u.id = g.id
    left join ledger.created c on c.object_type = g.object_type and c.netbox_id = g.id
    where settings.records_to = 'plugin'
)
select *,
    case when dies or (unproven is null and ((created_here and may_delete) or may_delete_unowned)) then 'delete' else 'blocked' end as action,
    if(dies, 'goes with its virtual machine', 'no longer in Proxmox') || case
        when dies then ''
        when unproven is not null then ', but that is no evidence: ' || unproven
        when may_delete_unowned then ''
        when not created_here then ', but netbox-sync did not create it (policies.delete_unowned)'
        when not may_delete then ', but policies.delete does not name ' || resource
        else '' end as reason
from judged
