-- What Proxmox shows and the comparison does not take. Key: resource + owner + kind + word.
select 'virtual_disks' as resource, v.key as owner, 'name' as kind, d.key as word,
    because('not_counted_as_disk', {disk: d.key, guest: v.key, text: coalesce(d.reason, d.bus)}) as what
from proxmox.disks d
join desired.virtual_machines v on v.source_id = d.vmid::varchar
where not d.counted
union all
select 'ip_addresses', '*', 'host', a.canonical,
    because('address_left_out', {address: a.canonical, owner: 'vmid ' || a.vmid, place: 'an interface'})
from proxmox.guest_addresses a
where a.canonical is not null and a.canonical not in (select host from desired.ip_addresses where host is not null)
union all
select 'ip_addresses', '*', 'host', split_part(c.cidr, '/', 1),
    because('address_left_out', {address: split_part(c.cidr, '/', 1), owner: 'node ' || n.node, place: 'an interface'})
from proxmox.node_interfaces n, unnest([n.cidr, n.cidr6]) as c(cidr)
where c.cidr is not null and split_part(c.cidr, '/', 1) not in (select host from desired.ip_addresses
    where host is not null)
union all
select 'vm_interfaces', i.virtual_machine, 'name', n.name,
    because('interface_left_out', {interface: i.net, owner: i.virtual_machine})
from desired.ignored_nics i
join desired.virtual_machines v on v.key = i.virtual_machine
join (select vmid, key, name from proxmox.guest_agent_interfaces union select vmid, key, name from
      proxmox.guest_interfaces union select vmid, key, key from proxmox.guest_interfaces) n
    on n.vmid::varchar = v.source_id and n.key = i.net
where blank(n.name) is not null
union all
select 'interfaces', n.node, 'name', n.iface, because('interface_left_out', {interface: n.iface, owner: n.node})
from proxmox.node_interfaces n, config.endpoint settings
where matching_pattern(n.iface, settings.ignored_interfaces) is not null
