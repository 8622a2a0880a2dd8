-- The management interface of each device that has one.
select serial as device, interface as name, true as mgmt_only
from inventory
where interface is not null
