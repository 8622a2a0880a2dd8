-- The interfaces of virtual machines.
select host as virtual_machine, name, (interface ->> '$.mtu')::integer as mtu,
    if(length(address) = 17, address, null) as mac
from interfaces
where is_guest
