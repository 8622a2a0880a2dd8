-- Backups in the plugin's model that are gone from Proxmox (sql/match/removals.sql). Key: owner + name.
-- Only with rows of match.removals WHERE object_type = 'plugins/proxbox/backups' AND action = 'delete'.
select r.resource, r.key, r.parent, r.object_type, r.id as netbox_id, null::varchar as target, r.last_updated, r.action,
    r.reason,
       non_empty([
           removed_field('virtual_machine', (select existing(v.id, v.name) from netbox.virtual_machines v
               where v.id = a.virtual_machine_id)),
           removed_text('storage', a.storage), removed_text('volume_id', a.volume_id), removed_value('vmid', a.vmid),
           removed_text('subtype', a.subtype), removed_text('format', a.format),
           removed_text('creation_time', a.creation_time),
           removed_value('size', a.size), removed_text('notes', a.notes),
               removed_text('verification_state', a.verification_state),
           removed_field('proxmox_storage', existing(a.proxmox_storage_id, a.storage))]) as fields
from match.removals r
join netbox.proxbox_backups a on a.id = r.id
where r.object_type = 'plugins/proxbox/backups' and r.action = 'delete'
