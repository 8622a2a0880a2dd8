-- Tasks in the plugin's model that go with their virtual machine (sql/match/removals.sql). Key: owner + name.
-- Only with rows of match.removals WHERE object_type = 'plugins/proxbox/task-history' AND action = 'delete'.
select r.resource, r.key, r.parent, r.object_type, r.id as netbox_id, null::varchar as target, r.last_updated, r.action,
    r.reason,
       non_empty([
           removed_field('virtual_machine', (select existing(v.id, v.name) from netbox.virtual_machines v
               where v.id = a.virtual_machine_id)),
           removed_text('vm_type', a.vm_type), removed_text('upid', a.upid), removed_text('node', a.node),
               removed_text('task_id', a.task_id),
           removed_text('task_type', a.task_type), removed_text('username', a.username),
               removed_text('start_time', a.start_time),
           removed_text('end_time', a.end_time), removed_text('description', a.description),
           removed_text('status', a.status)]) as fields
from match.removals r
join netbox.proxbox_tasks a on a.id = r.id
where r.object_type = 'plugins/proxbox/task-history' and r.action = 'delete'
