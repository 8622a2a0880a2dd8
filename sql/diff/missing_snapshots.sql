-- Snapshots in the plugin's model that are gone from Proxmox (sql/match/removals.sql). Key: owner + name.
-- Only with rows of match.removals WHERE object_type = 'plugins/proxbox/snapshots' AND action = 'delete'.
select r.resource, r.key, r.parent, r.object_type, r.id as netbox_id, null::varchar as target, r.last_updated, r.action,
    r.reason,
       non_empty([
           removed_field('virtual_machine', (select existing(v.id, v.name) from netbox.virtual_machines v
               where v.id = a.virtual_machine_id)),
           removed_text('name', a.name), removed_text('description', a.description), removed_value('vmid', a.vmid),
           removed_text('node', a.node), removed_text('snaptime', a.snaptime), removed_text('parent', a.parent),
           removed_text('subtype', a.subtype), removed_text('status', a.status)]) as fields
from match.removals r
join netbox.proxbox_snapshots a on a.id = r.id
where r.object_type = 'plugins/proxbox/snapshots' and r.action = 'delete'
