-- The interface and the machine (device or virtual machine) of each assigned address of NetBox. Key: id. Of a virtual
-- machine with the name of another one, the label names the cluster.
-- Only with rows of netbox.ip_addresses WHERE assigned_object_id IS NOT NULL.
with namesakes as (
    select v.id, ' (' || coalesce('cluster ' || c.name, 'no cluster') || ')' as place
    from netbox.virtual_machines v
    left join netbox.clusters c on c.id = v.cluster_id
    where lower(v.name) in (select lower(name) from netbox.virtual_machines group by all having count(*) > 1)
       or (lower(v.name) in (select lower(name) from desired.virtual_machines)
           and v.id not in (select netbox_id from match.virtual_machines where netbox_id is not null))
)
select a.id, a.host, a.vrf_id, a.assigned_object_type as type, a.assigned_object_id as interface_id,
    coalesce(i.device_id, n.virtual_machine_id) as machine_id,
    case a.assigned_object_type
        when 'dcim.interface' then d.name || ' ' || i.name
        when 'virtualization.vminterface' then m.name || ' ' || n.name || coalesce(s.place, '')
        when 'ipam.fhrpgroup' then 'FHRP group ' || a.assigned_object_id
        else a.assigned_object_type || ' ' || a.assigned_object_id end as label
from netbox.ip_addresses a
left join netbox.interfaces i on a.assigned_object_type = 'dcim.interface' and i.id = a.assigned_object_id
left join netbox.devices d on d.id = i.device_id
left join netbox.vm_interfaces n on a.assigned_object_type = 'virtualization.vminterface'
    and n.id = a.assigned_object_id
left join netbox.virtual_machines m on m.id = n.virtual_machine_id
left join namesakes s on s.id = m.id
where a.assigned_object_id is not null
