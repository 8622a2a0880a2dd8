-- Finished tasks of guests for the plugin's model. Key: the UPID. Tasks that still run come once they have ended.
select
    t.upid as key,
    v.key as virtual_machine,
    g.type as vm_type,
    t.upid as upid,
    t.node,
    t.id as task_id,
    t.type as task_type,
    t.user as username,
    strftime(t.starttime, '%Y-%m-%dT%H:%M:%S+00:00') as start_time,
    strftime(t.endtime, '%Y-%m-%dT%H:%M:%S+00:00') as end_time,
    one_line(t.type || ' ' || t.id) as description,
    one_line(t.status) as status
from (select distinct on (upid) * from proxmox.tasks order by upid) t
join proxmox.guests g on g.vmid::varchar = t.id
join desired.virtual_machines v on v.source_id = t.id
cross join config.endpoint settings
where settings.records_to = 'plugin' and t.endtime is not null and t.status is not null
  and t.type is not null and t.user is not null and t.starttime is not null
