-- What Docker shows and the comparison does not take. Key: resource + owner + kind + word.
select 'ip_addresses' as resource, '*' as owner, 'host' as kind, a.canonical as word, 
    because('address_left_out', {address: a.canonical, owner: 'the container ' || a.container,
        place: 'a network'}) as what
from docker.container_addresses a
where a.canonical is not null and a.canonical not in (select host from desired.ip_addresses where host is not null)
union all
select 'vm_interfaces', v.key, 'name', i.network, because('network_left_out', {network: i.network, object: 'container'})
from docker.container_interfaces i
join desired.virtual_machines v on v.source_id = i.container
where i.network in ('host', 'none')
union all
select 'vm_interfaces', v.key, 'name', i.network, because('interface_left_out', {interface: i.network, owner: v.key})
from docker.container_interfaces i
join desired.virtual_machines v on v.source_id = i.container
cross join config.endpoint settings
where matching_pattern(i.network, settings.ignored_interfaces) is not null
