-- The ports. Netdisco's speeds are texts like 1.0 Gbps.
with ports as (
    select *, try_cast(split_part(speed, ' ', 1) as double)
        * case split_part(speed, ' ', 2) when 'Gbps' then 1000000 when 'Mbps' then 1000 when 'Kbps' then 1 end as kbits
    from netdisco.public.device_port
),
memberships as (
    select ip, port,
        min(vlan) filter (native) as untagged,
        list(vlan order by vlan) filter (not native) as tagged
    from netdisco.public.device_port_vlan
    group by ip, port
)
select
    split_part(p.ip, '/', 1) as device,
    p.port as name,
    case when p.type = 'ieee8023adLag' then 'lag'
         when p.type in ('softwareLoopback', 'propVirtual', 'l2vlan', 'l3ipvlan', 'tunnel') then 'virtual' end as type,
    p.kbits::bigint as speed,
    p.mtu,
    p.mac,
    p.up_admin = 'up' as enabled,
    case when p.name is not null and p.name not in (p.port, p.descr) then p.name else '' end as description,
    m.untagged as untagged_vlan,
    case when m.port is not null then coalesce(m.tagged, []) end as tagged_vlans
from ports p
left join memberships m using (ip, port)
