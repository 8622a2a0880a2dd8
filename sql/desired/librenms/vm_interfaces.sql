-- The ports of devices that are synced as virtual machines, as their interfaces. Key: machine + name. An interface that
-- its MAC address finds keeps its name.
-- Only with rows of desired.guest_ports.
select interface as key, virtual_machine, null::varchar as name, name as old_name, enabled, mtu, description, mac,
    problem
from desired.guest_ports
