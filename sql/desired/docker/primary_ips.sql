-- Only with rows of desired.ip_addresses.
-- The addresses that may become primary. Key: owner + family + address + interface. The address in the network that the
-- container was started with comes first, then those in the other networks by name.
select
    d.owner, d.owner_resource, d.family, d.host, d.vrf, d.interface,
    row_number() over (partition by d.owner, d.family order by n.position, d.host)::integer as rank, false as named
from desired.ip_addresses d
join desired.virtual_machines v on v.key = d.owner
join desired.vm_interfaces i on i.key = d.interface
join docker.container_interfaces n on n.container = v.source_id and n.network = i.old_name
where d.left_out is null
