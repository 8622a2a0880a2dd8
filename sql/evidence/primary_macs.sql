-- The MAC address that an interface shows as its own.
select 'desired.interfaces' as origin, 0 as place, to_json({interface: i.key, device: i.device, mac: i.mac}) as content
from desired.interfaces i where $object_type = 'dcim/interfaces' and i.key = $key
union all
select 'desired.vm_interfaces', 0, to_json({interface: i.key, virtual_machine: i.virtual_machine, mac: i.mac})
from desired.vm_interfaces i where $object_type = 'virtualization/interfaces' and i.key = $key
