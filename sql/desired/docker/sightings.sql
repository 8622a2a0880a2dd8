-- What Docker shows and the comparison does not take. Key: resource + owner + kind + word.
select 'ip_addresses' as resource, '*' as owner, 'host' as kind, a.canonical as word, a.canonical || ' of the container ' || a.container || ', on a network that is left out' as what
from docker.container_addresses a
where a.canonical is not null and a.canonical not in (select host from desired.ip_addresses where host is not null)
union all
select 'vm_interfaces', v.key, 'name', i.network, 'the network ' || i.network || ' of the container, which is left out'
from docker.container_interfaces i
join desired.virtual_machines v on v.source_id = i.container
where i.network in ('host', 'none')
