-- Only with rows of desired.ip_addresses.
-- Primary addresses. Key: owner + family. Of a guest the first global address in interface order, what the guest
-- shows before what cloud-init would set; of a node the address by which the cluster knows it.
select * from (
    select distinct on (d.owner, d.family)
        d.owner, d.owner_resource, d.family, d.host, d.vrf, d.interface
    from desired.ip_addresses d
    join desired.virtual_machines v on v.key = d.owner
    join desired.vm_interfaces i on i.key = d.interface
    join proxmox.guest_interfaces n on n.vmid::varchar = v.source_id and n.key = i.old_name
    join proxmox.guest_addresses a on a.vmid = n.vmid and a.key = n.key and a.canonical = d.host and a.source = d.source
    where d.owner_resource = 'virtual_machines' and d.left_out is null and not v.inactive
    order by d.owner, d.family, source_rank(d.source), n.position, a.position, d.host
)
union all
select * from (
    select distinct on (d.owner, d.family)
        d.owner, d.owner_resource, d.family, d.host, d.vrf, d.interface
    from desired.ip_addresses d
    join proxmox.nodes n on n.node = d.owner and n.ip = d.host
    where d.owner_resource = 'devices' and d.left_out is null
    order by d.owner, d.family, d.interface
)
