-- Addresses of guests and nodes in NetBox's terms. Key: host address + VRF + interface.
with settings as (from config.endpoint),

of_guests as (
    select distinct on (a.vmid, a.key, a.canonical)
        a.canonical as host, a.prefixlen, a.family, i.key as interface, v.key as owner, a.source, g.hostname, n.bridge
    from proxmox.guest_addresses a
    join proxmox.guests g using (vmid)
    join desired.virtual_machines v on v.source_id = a.vmid::varchar
    join desired.vm_interfaces i on i.virtual_machine = v.key and i.old_name = a.key
    left join proxmox.guest_interfaces n on n.vmid = a.vmid and n.key = a.key
    where a.canonical is not null
    order by a.vmid, a.key, a.canonical, source_rank(a.source), a.position
),
said_by_nodes as (
    select node, iface, unnest([cidr, cidr6]) as cidr from proxmox.node_interfaces
),
of_nodes as (
    -- The snapshot gives it in canonical text.
    select distinct split_part(n.cidr, '/', 1) as host, try_cast(split_part(n.cidr, '/', 2) as integer) as prefixlen,
           if(contains(n.cidr, ':'), 6, 4) as family, i.key as interface, i.device as owner,
           n.iface as bridge
    from said_by_nodes n
    join desired.interfaces i on i.device = n.node and i.name = n.iface
    where n.cidr is not null
),
-- The VRF of a bridge or vnet, else that of the vnet's zone.
vrfs as (
    select source as place, target as vrf from config.mappings where kind = 'vrfs'
),
places as (
    select m.place, m.vrf from vrfs m
    union all
    select v.vnet, m.vrf from proxmox.sdn_vnets v join vrfs m on m.place = v.zone
    where v.vnet not in (select place from vrfs)
),
owns_dns_name as (
    select count(*) > 0 as yes from config.owned where field = 'ip_addresses.dns_name'
)

select
    g.host, g.prefixlen, g.family, coalesce(p.vrf, settings.default_vrf) as vrf,
    'vm_interfaces' as interface_resource, g.interface,
    'virtual_machines' as owner_resource, g.owner,
    case when owns_dns_name.yes and regexp_full_match(g.hostname, '[0-9A-Za-z_.-]+') then lower(g.hostname)
        end as dns_name,
    g.source,
    coalesce(left_out_address(g.host, g.family, g.prefixlen, settings.link_local_ipv4),
        ignored_address(g.host, g.family, settings.ignored_addresses)) as left_out
from of_guests g
cross join settings
cross join owns_dns_name
left join places p on p.place = g.bridge
union all
select
    n.host, n.prefixlen, n.family, coalesce(p.vrf, settings.default_vrf), 'interfaces', n.interface, 'devices', n.owner,
    null, 'node', coalesce(left_out_address(n.host, n.family, n.prefixlen, settings.link_local_ipv4),
        ignored_address(n.host, n.family, settings.ignored_addresses))
from of_nodes n
cross join settings
left join places p on p.place = n.bridge
