-- Interfaces of both kinds that other objects refer to, matched or still to be created. Key: resource + key.
-- type is NetBox's name of the object type; owner the device or virtual machine, machine_id the NetBox
-- object of that.
-- A view: it joins large tables of which each reader needs few columns or rows.
select 'interfaces' as resource, i.key, i.netbox_id, i.name, i.problem, 'dcim.interface' as type,
       i.device as owner, d.netbox_id as machine_id, i.mac,
       coalesce(d.name, i.device) || ' ' || coalesce(i.name, '') as label
from match.interfaces i
join match.live_devices d on d.key = i.device
union all
select 'vm_interfaces', i.key, m.netbox_id, coalesce(i.name, m.netbox_name, i.old_name), m.problem,
    'virtualization.vminterface',
       i.virtual_machine, v.netbox_id, i.mac, v.name || ' ' || coalesce(i.name, m.netbox_name, i.old_name)
from desired.vm_interfaces i
join match.vm_interfaces m using (key)
join match.live_virtual_machines v on v.key = i.virtual_machine
