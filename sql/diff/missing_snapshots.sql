-- Snapshots in the plugin's model that are gone from Proxmox (sql/match/gone_records.sql). Key: owner + name.
select 'snapshots' as resource, g.owner || ' ' || g.label || ' (gone, id ' || g.id || ')' as key, g.owner as parent, g.object_type,
       g.id as netbox_id, null::varchar as target, g.last_updated, g.action, g.reason,
       case when g.action = 'delete' then holding([
           gone_field('virtual_machine', (select existing(v.id, v.name) from netbox.virtual_machines v where v.id = a.virtual_machine_id)),
           gone_text('name', a.name), gone_text('description', a.description), gone_value('vmid', a.vmid),
           gone_text('node', a.node), gone_text('snaptime', a.snaptime), gone_text('parent', a.parent),
           gone_text('subtype', a.subtype), gone_text('status', a.status)]) else [] end as fields
from match.gone_records g
join netbox.proxbox_snapshots a on a.id = g.id
where g.resource = 'snapshots'
