-- Storages in the plugin's model that are gone from Proxmox (sql/match/gone_records.sql). Key: owner + name.
select 'storages' as resource, g.owner || ' ' || g.label || ' (gone, id ' || g.id || ')' as key, g.owner as parent, g.object_type,
       g.id as netbox_id, null::varchar as target, g.last_updated, g.action, g.reason,
       case when g.action = 'delete' then holding([
           gone_field('cluster', (select existing(c.id, c.name) from netbox.clusters c where c.id = a.cluster_id)),
           gone_text('name', a.name), gone_text('storage_type', a.storage_type), gone_text('content', a.content),
           gone_text('path', a.path), gone_text('nodes', a.nodes), gone_value('shared', a.shared), gone_value('enabled', a.enabled)]) else [] end as fields
from match.gone_records g
join netbox.proxbox_storages a on a.id = g.id
where g.resource = 'storages'
