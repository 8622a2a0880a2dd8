-- Storages in the plugin's model that are gone from Proxmox (sql/match/removals.sql). Key: owner + name.
-- Only with rows of match.removals WHERE object_type = 'plugins/proxbox/storage' AND action = 'delete'.
select r.resource, r.key, r.parent, r.object_type, r.id as netbox_id, null::varchar as target, r.last_updated, r.action,
    r.reason,
       non_empty([
           removed_field('cluster', (select existing(c.id, c.name) from netbox.clusters c where c.id = a.cluster_id)),
           removed_text('name', a.name), removed_text('storage_type', a.storage_type),
           removed_text('content', a.content),
           removed_text('path', a.path), removed_text('nodes', a.nodes), removed_value('shared', a.shared),
               removed_value('enabled', a.enabled)]) as fields
from match.removals r
join netbox.proxbox_storages a on a.id = r.id
where r.object_type = 'plugins/proxbox/storage' and r.action = 'delete'
