-- Only with rows of desired.ip_addresses.
-- Primary addresses. Key: owner + family. The address in the network that the container was started with, else in
-- the first other network by name.
select distinct on (d.owner, d.family)
    d.owner, d.owner_resource, d.family, d.host, d.vrf, d.interface
from desired.ip_addresses d
join desired.virtual_machines v on v.key = d.owner
join desired.vm_interfaces i on i.key = d.interface
join docker.container_interfaces n on n.container = v.source_id and n.network = i.old_name
where d.left_out is null
order by d.owner, d.family, n.position, d.host
