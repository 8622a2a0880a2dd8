-- Replications in the plugin's model that are gone from Proxmox (sql/match/removals.sql). Key: owner + name.
-- Only with rows of match.removals WHERE object_type = 'plugins/proxbox/replications' AND action = 'delete'.
select r.resource, r.key, r.parent, r.object_type, r.id as netbox_id, null::varchar as target, r.last_updated, r.action,
    r.reason,
       non_empty([
           removed_field('virtual_machine', (select existing(v.id, v.name) from netbox.virtual_machines v
               where v.id = a.virtual_machine_id)),
           removed_text('replication_id', a.replication_id), removed_value('guest', a.guest),
           removed_value('jobnum', a.jobnum),
           removed_text('target', a.target), removed_text('source', a.source), removed_text('schedule', a.schedule),
           removed_value('rate', a.rate), removed_text('comment', a.comment), removed_value('disable', a.disable),
               removed_text('status', a.status)]) as fields
from match.removals r
join netbox.proxbox_replications a on a.id = r.id
where r.object_type = 'plugins/proxbox/replications' and r.action = 'delete'
