-- The interface and the machine (device or virtual machine) of each assigned address of NetBox. Key: id.
-- Only with rows of netbox.ip_addresses WHERE assigned_object_id IS NOT NULL.
select a.id, a.host, a.vrf_id, a.assigned_object_type as type, a.assigned_object_id as interface_id,
    coalesce(i.device_id, n.virtual_machine_id) as machine_id,
    case a.assigned_object_type
        when 'dcim.interface' then d.name || ' ' || i.name
        when 'virtualization.vminterface' then m.name || ' ' || n.name
        when 'ipam.fhrpgroup' then 'FHRP group ' || a.assigned_object_id
        else a.assigned_object_type || ' ' || a.assigned_object_id end as label
from netbox.ip_addresses a
left join netbox.interfaces i on a.assigned_object_type = 'dcim.interface' and i.id = a.assigned_object_id
left join netbox.devices d on d.id = i.device_id
left join netbox.vm_interfaces n on a.assigned_object_type = 'virtualization.vminterface'
    and n.id = a.assigned_object_id
left join netbox.virtual_machines m on m.id = n.virtual_machine_id
where a.assigned_object_id is not null
