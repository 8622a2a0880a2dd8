-- What Proxmox shows and the comparison does not take. Key: resource + owner + kind + word.
select 'virtual_disks' as resource, v.key as owner, 'name' as kind, d.key as word,
    d.key || ' of ' || v.key || ', which is not counted as a disk: ' || coalesce(d.reason, d.bus) as what
from proxmox.disks d
join desired.virtual_machines v on v.source_id = d.vmid::varchar
where not d.counted
union all
select 'ip_addresses', '*', 'host', a.canonical, a.canonical || ' of vmid ' || a.vmid || ', on an interface that is left out'
from proxmox.guest_addresses a
where a.canonical is not null and a.canonical not in (select host from desired.ip_addresses where host is not null)
union all
select 'ip_addresses', '*', 'host', split_part(c.cidr, '/', 1), split_part(c.cidr, '/', 1) || ' of node ' || n.node || ', on an interface that is left out'
from proxmox.node_interfaces n, unnest([n.cidr, n.cidr6]) as c(cidr)
where c.cidr is not null and split_part(c.cidr, '/', 1) not in (select host from desired.ip_addresses where host is not null)
