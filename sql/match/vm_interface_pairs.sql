-- The NetBox interface that has the MAC address of each netN of a guest on the matched virtual machine. Key: guest +
-- netN. settled: it is this one, or the machine is new; nothing else is asked. same_mac: how many netN of the guest
-- have it.
-- Only with rows of desired.vm_interfaces.
with wanted as (
    select i.key, i.virtual_machine, i.name, i.old_name, nullif(i.mac, '') as mac, m.netbox_id as vm_id, i.problem,
        count(*) over (partition by i.virtual_machine, i.mac) as same_mac
    from desired.vm_interfaces i
    left join match.virtual_machines m on m.key = i.virtual_machine
),
macs as (
    select i.virtual_machine_id as vm_id, upper(m.mac_address) as mac, min(i.id) as id
    from netbox.mac_addresses m
    join netbox.vm_interfaces i on m.assigned_object_type = 'virtualization.vminterface' and m.assigned_object_id = i.id
    group by all having count(distinct i.id) = 1
)
select w.*, m.id,
    w.problem is null and (w.vm_id is null or (m.id is not null and count(*) over (partition by m.id) = 1)) as settled
from wanted w
left join macs m on m.vm_id = w.vm_id and m.mac = w.mac and w.same_mac = 1
