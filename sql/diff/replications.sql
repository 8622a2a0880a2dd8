-- Replication jobs in the plugin's model: desired against NetBox. Key: the job's id.
-- Only with rows of desired.replications.
with paired as (
    select w.key, w.virtual_machine, a.id as netbox_id, a.last_updated,
        differing([
            case when a.id is null then field('virtual_machine', null,
                link('virtual_machines', v.key, v.netbox_id, v.name)) end,
            text_field('replication_id', a.replication_id, w.replication_id),
            number_field('guest', a.guest, w.guest),
            number_field('jobnum', a.jobnum, w.jobnum),
            text_field('target', a.target, w.target),
            text_field('source', a.source, w.source),
            text_field('schedule', a.schedule, w.schedule),
            number_field('rate', a.rate, w.rate),
            text_field('comment', a.comment, w.comment),
            number_field('disable', a.disable, w.disabled)
        ]) as fields
    from desired.replications w
    join match.live_virtual_machines v on v.key = w.virtual_machine
    left join netbox.proxbox_replications a on a.virtual_machine_id = v.netbox_id
        and a.replication_id = w.replication_id
)
select 'replications' as resource, key, virtual_machine as parent, 'plugins/proxbox/replications' as object_type,
    netbox_id,
       null::varchar as target, last_updated, if(netbox_id is null, 'create', 'update') as action,
           null::varchar as reason, fields
from paired where len(fields) > 0
