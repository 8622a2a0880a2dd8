-- The address on it, which is the device's primary address.
select serial as device, interface, address, true as is_primary
from inventory
where address is not null
