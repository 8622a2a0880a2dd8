-- Tasks in the plugin's model that are gone from Proxmox (sql/match/gone_records.sql). Key: owner + name.
select 'tasks' as resource, g.owner || ' ' || g.label || ' (gone, id ' || g.id || ')' as key, g.owner as parent, g.object_type,
       g.id as netbox_id, null::varchar as target, g.last_updated, g.action, g.reason,
       case when g.action = 'delete' then holding([
           gone_field('virtual_machine', (select existing(v.id, v.name) from netbox.virtual_machines v where v.id = a.virtual_machine_id)),
           gone_text('vm_type', a.vm_type), gone_text('upid', a.upid), gone_text('node', a.node), gone_text('task_id', a.task_id),
           gone_text('task_type', a.task_type), gone_text('username', a.username), gone_text('start_time', a.start_time),
           gone_text('end_time', a.end_time), gone_text('description', a.description), gone_text('status', a.status)]) else [] end as fields
from match.gone_records g
join netbox.proxbox_tasks a on a.id = g.id
where g.resource = 'tasks'
