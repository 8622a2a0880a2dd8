-- Objects of the plugin for this cluster's guests that Proxmox no longer shows. Shape: match.removed in
-- sql/match/tables.sql. A backup counts as removed only if every storage was read, a snapshot if its guest was, a job
-- if all jobs were. History (tasks) stays as long as its virtual machine.
-- Only with rows of netbox.proxbox_storages; netbox.proxbox_backups; netbox.proxbox_snapshots; netbox.proxbox_tasks;
--   netbox.proxbox_replications.
with records as (
    select 'backups' as resource, 'plugins/proxbox/backups' as object_type, b.id, b.last_updated,
        b.virtual_machine_id as vm_id,
           b.storage || ' ' || b.volume_id as label,
           exists (from desired.backups d join match.live_virtual_machines v on v.key = d.virtual_machine
                   where v.netbox_id = b.virtual_machine_id and d.volume_id = b.volume_id
                       and d.storage = b.storage) as shown
    from netbox.proxbox_backups b
    union all
    select 'snapshots', 'plugins/proxbox/snapshots', s.id, s.last_updated, s.virtual_machine_id, s.name,
           exists (from desired.snapshots d join match.live_virtual_machines v on v.key = d.virtual_machine
                   where v.netbox_id = s.virtual_machine_id and d.name = s.name)
    from netbox.proxbox_snapshots s
    union all
    select 'replications', 'plugins/proxbox/replications', r.id, r.last_updated, r.virtual_machine_id, r.replication_id,
           exists (from desired.replications d join match.live_virtual_machines v on v.key = d.virtual_machine
                   where v.netbox_id = r.virtual_machine_id and d.replication_id = r.replication_id)
    from netbox.proxbox_replications r
),
gone as (
    select r.resource, r.object_type, r.id, r.last_updated, r.label, v.key as owner,
        [{'type': 'virtualization/virtual-machines', 'id': r.vm_id}] as above
    from records r join match.live_virtual_machines v on v.netbox_id = r.vm_id
    where not r.shown
    union all
    select 'storages', 'plugins/proxbox/storage', s.id, s.last_updated, s.name, c.key, []
    from netbox.proxbox_storages s
    join match.live_clusters c on c.netbox_id = s.cluster_id
    where s.name not in (select name from desired.storages where name is not null)
)
select g.resource, g.object_type, g.id, g.last_updated, g.owner || ' ' || g.label || ' (gone, id ' || g.id
    || ')' as key,
    g.owner as parent, [g.owner] as owners, g.above,
        because('no_longer_in_source', {system: settings.system_name}) as fact, 'delete' as way,
    null::varchar as note, null::varchar as held, true as said_unproven
from gone g cross join config.endpoint settings
where settings.records_to = 'plugin'
