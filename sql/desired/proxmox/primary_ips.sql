-- Only with rows of desired.ip_addresses.
-- The addresses that may become primary. Key: owner + family + address + interface. Of a guest, the address that its
-- configuration names comes first, then those on the interface with the gateway, then the others in the order of the
-- interfaces, temporary IPv6 addresses after the others; of a node, the address by which the cluster knows it.
select
    d.owner, d.owner_resource, d.family, d.host, d.vrf, d.interface,
    row_number() over (
        partition by d.owner, d.family
        order by a.configured is not true, (if(d.family = 4, n.gateway, n.gateway6)) is null, source_rank(d.source),
            n.position, lasting_rank(d.host, n.mac), a.position, d.host
    )::integer as rank,
    coalesce(a.configured, false) as named
from desired.ip_addresses d
join desired.virtual_machines v on v.key = d.owner
join desired.vm_interfaces i on i.key = d.interface
join proxmox.guest_interfaces n on n.vmid::varchar = v.source_id and n.key = i.old_name
join proxmox.guest_addresses a on a.vmid = n.vmid and a.key = n.key and a.canonical = d.host and a.source = d.source
where d.owner_resource = 'virtual_machines' and d.left_out is null and not v.inactive
union all
select
    d.owner, d.owner_resource, d.family, d.host, d.vrf, d.interface,
    row_number() over (partition by d.owner, d.family order by d.interface)::integer, true
from desired.ip_addresses d
join proxmox.nodes n on n.node = d.owner and n.ip = d.host
where d.owner_resource = 'devices' and d.left_out is null
