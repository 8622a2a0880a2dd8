-- Virtual disks: desired against NetBox. Key: virtual machine + Proxmox's key. Sizes in MiB.
-- The size of the virtual machine itself is kept by NetBox: the sum of its disks.
-- Only with rows of desired.virtual_disks.
with described as (
    select netbox_id from ledger.last_written where object_type = 'virtualization/virtual-disks'
        and field = 'description' and not restored
),
paired as (
    select w.key, w.virtual_machine, w.problem, a.id as netbox_id, a.last_updated,
        differing([
            case when a.id is null then field('virtual_machine', null,
                link('virtual_machines', v.key, v.netbox_id, v.name)) end,
            text_field('name', a.name, w.name),
            number_field('size', a.size, w.size),
            text_field('description', a.description, case when w.description <> '' or o.netbox_id is not null
                then w.description end)
        ]) as fields
    from desired.virtual_disks w
    join match.live_virtual_machines v on v.key = w.virtual_machine
    left join netbox.virtual_disks a on a.virtual_machine_id = v.netbox_id and a.name = w.name
    left join described o on o.netbox_id = a.id
)
select 'virtual_disks' as resource, key, virtual_machine as parent, 'virtualization/virtual-disks' as object_type,
       netbox_id, null::varchar as target, last_updated,
       coalesce(action_of(problem), if(netbox_id is null, 'create', 'update')) as action,
       problem as reason,
       case when problem is null then fields else [] end as fields
from paired
where problem is not null or len(fields) > 0
