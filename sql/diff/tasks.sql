-- Tasks in the plugin's model: those that NetBox does not have. Key: the UPID. History is never changed or deleted.
-- Only with rows of desired.tasks.
select 'tasks' as resource, w.key, w.virtual_machine as parent, 'plugins/proxbox/task-history' as object_type,
       null::bigint as netbox_id, null::varchar as target, null::varchar as last_updated, 'create' as action,
           null::varchar as reason,
       differing([
           field('virtual_machine', null, link('virtual_machines', v.key, v.netbox_id, v.name)),
           text_field('vm_type', null, w.vm_type),
           text_field('upid', null, w.upid),
           text_field('node', null, w.node),
           text_field('task_id', null, w.task_id),
           text_field('task_type', null, w.task_type),
           text_field('username', null, w.username),
           text_field('start_time', null, w.start_time),
           text_field('end_time', null, w.end_time),
           text_field('description', null, w.description),
           text_field('status', null, w.status)
       ]) as fields
from desired.tasks w
join match.live_virtual_machines v on v.key = w.virtual_machine
where w.upid not in (select upid from netbox.proxbox_tasks)
