-- Backups in the plugin's model: desired against NetBox. Key: storage + volume.
-- Only with rows of desired.backups.
with storages as (
    select w.name, w.key, a.id from desired.storages w
    join match.live_clusters c on c.key = w.cluster
    left join netbox.proxbox_storages a on a.cluster_id = c.netbox_id and a.name = w.name
),
paired as (
    select w.key, w.virtual_machine, a.id as netbox_id, a.last_updated,
        differing([
            case when a.id is null then field('virtual_machine', null,
                link('virtual_machines', v.key, v.netbox_id, v.name)) end,
            json_field('proxmox_storage', existing(a.proxmox_storage_id, w.storage),
                case when s.key is not null then link('storages', s.key, s.id, w.storage) end),
            text_field('storage', a.storage, w.storage),
            text_field('volume_id', a.volume_id, w.volume_id),
            number_field('vmid', a.vmid, w.vmid),
            text_field('subtype', a.subtype, w.subtype),
            text_field('format', a.format, w.format),
            text_field('creation_time', a.creation_time, w.creation_time),
            number_field('size', a.size, w.size),
            text_field('notes', a.notes, w.notes),
            text_field('verification_state', a.verification_state, w.verification_state)
        ]) as fields
    from desired.backups w
    join match.live_virtual_machines v on v.key = w.virtual_machine
    left join storages s on s.name = w.storage
    left join netbox.proxbox_backups a on a.virtual_machine_id = v.netbox_id and a.volume_id = w.volume_id
        and a.storage = w.storage
)
select 'backups' as resource, key, virtual_machine as parent, 'plugins/proxbox/backups' as object_type, netbox_id,
       null::varchar as target, last_updated, if(netbox_id is null, 'create', 'update') as action,
           null::varchar as reason, fields
from paired where len(fields) > 0
