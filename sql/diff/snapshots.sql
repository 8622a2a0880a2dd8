-- Snapshots in the plugin's model: desired against NetBox. Key: guest + name. A guest that migrated takes its
-- snapshots along: that is an update of the node.
-- Only with rows of desired.snapshots.
with paired as (
    select w.key, w.virtual_machine, a.id as netbox_id, a.last_updated,
        differing([
            case when a.id is null then field('virtual_machine', null,
                link('virtual_machines', v.key, v.netbox_id, v.name)) end,
            text_field('name', a.name, w.name),
            text_field('description', a.description, w.description),
            number_field('vmid', a.vmid, w.vmid),
            text_field('node', a.node, w.node),
            text_field('snaptime', a.snaptime, w.snaptime),
            text_field('parent', a.parent, w.parent),
            text_field('subtype', a.subtype, w.subtype),
            -- What Proxmox shows is there; the plugin takes no snapshot without it.
            text_field('status', a.status, 'active')
        ]) as fields
    from desired.snapshots w
    join match.live_virtual_machines v on v.key = w.virtual_machine
    left join netbox.proxbox_snapshots a on a.virtual_machine_id = v.netbox_id and a.name = w.name
)
select 'snapshots' as resource, key, virtual_machine as parent, 'plugins/proxbox/snapshots' as object_type, netbox_id,
       null::varchar as target, last_updated, if(netbox_id is null, 'create', 'update') as action,
           null::varchar as reason, fields
from paired where len(fields) > 0
