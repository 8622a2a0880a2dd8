-- The interfaces of virtual machines.
select host as virtual_machine, name, (interface ->> '$.mtu')::integer as mtu, interface ->> '$.macaddress' as mac
from interfaces
where is_guest
