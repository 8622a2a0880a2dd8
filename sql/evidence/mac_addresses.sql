-- A MAC address is known from the interface that has it.
select 'desired.interfaces' as origin, 0 as place, to_json({interface: i.key, device: i.device, mac: i.mac}) as content
from desired.interfaces i where i.device = $parent and i.key || ' ' || i.mac = $key
union all
select 'desired.vm_interfaces', 0, to_json({interface: i.key, virtual_machine: i.virtual_machine, mac: i.mac})
from desired.vm_interfaces i where i.virtual_machine = $parent and i.key || ' ' || i.mac = $key
