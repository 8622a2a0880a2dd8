-- Virtual disks: desired against NetBox. Key: virtual machine + Proxmox's key. Sizes in MiB.
-- The size of the virtual machine itself is kept by NetBox: the sum of its disks.
-- Only with rows of desired.virtual_disks.
with described as (
    select netbox_id from ledger.last_written where object_type = 'virtualization/virtual-disks'
        and field = 'description' and not restored
),
-- Sizes that were entered for machines without disks, where the sum will be another one.
entered as (
    select m.id, m.name, m.disk from netbox.virtual_machines m
    where m.disk is not null and m.id not in (select virtual_machine_id from netbox.virtual_disks)
),
sums as (
    select virtual_machine, case when count(size) = count(*) then sum(size) end as size
    from desired.virtual_disks group by 1
),
paired as (
    select w.key, w.virtual_machine, a.id as netbox_id, a.last_updated,
        coalesce(w.problem, n.problem, case when e.disk is not null and e.disk is distinct from s.size
            then noted('disk_size_summed', {guest: e.name, size: e.disk}) end) as cause,
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
    left join match.near_disks n on n.key = w.key
    join sums s on s.virtual_machine = w.virtual_machine
    left join entered e on e.id = v.netbox_id
)
select 'virtual_disks' as resource, key, virtual_machine as parent, 'virtualization/virtual-disks' as object_type,
       netbox_id, null::varchar as target, last_updated,
       coalesce(nullif(action_of(cause), 'noted'), if(netbox_id is null, 'create', 'update')) as action,
       cause as reason,
       case when coalesce(action_of(cause), 'noted') = 'noted' then fields else [] end as fields
from paired
where action_of(cause) <> 'noted' or len(fields) > 0
