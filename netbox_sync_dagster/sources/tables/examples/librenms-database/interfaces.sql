-- The ports. Speeds are in bit/s. Without membership rows the tagged VLANs are unknown.
with memberships as (
    select port_id, min(vlan) filter (untagged = 1) as untagged,
        list(vlan order by vlan) filter (untagged = 0) as tagged
    from librenms.ports_vlans group by port_id
)
select
    p.device_id as device,
    p.name,
    case
        when p.ifType = 'ieee8023adLag' then 'lag'
        when p.ifType in ('softwareLoopback', 'propVirtual', 'l2vlan', 'l3ipvlan', 'tunnel') then 'virtual'
    end as type,
    case when p.ifSpeed > 0 and p.ifSpeed <> 4294967295 then p.ifSpeed // 1000 end as speed,
    case when p.ifMtu between 1 and 65536 then p.ifMtu end as mtu,
    if(length(p.ifPhysAddress) = 12, p.ifPhysAddress, '') as mac,
    p.ifAdminStatus = 'up' as enabled,
    case when p.ifAlias not in (p.ifName, p.ifDescr) then p.ifAlias else '' end as description,
    coalesce(m.untagged, try_cast(nullif(p.ifVlan, '') as integer)) as untagged_vlan,
    case when m.port_id is not null then coalesce(m.tagged, []) end as tagged_vlans
from ports p
left join memberships m using (port_id)
