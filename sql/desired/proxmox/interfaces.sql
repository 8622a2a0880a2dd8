-- The nodes' network interfaces in NetBox's terms. Key: node + interface. Proxmox gives them no id.
-- Only with rows of proxmox.node_interfaces.
with settings as (from config.endpoint),

members as (
    select i.node, p.port, i.iface, i.type
    from proxmox.node_interfaces i, unnest(i.ports) as p(port), settings
    where matching_pattern(i.iface, settings.ignored_interfaces) is null
),
bonds as (
    select node, port, min(iface) as iface, list(iface order by iface) as several
    from members where type in ('bond', 'OVSBond') group by all
),
bridges as (
    select node, port, min(iface) as iface, list(iface order by iface) as several
    from members where type in ('bridge', 'OVSBridge') group by all
)
select
    i.node || ' ' || i.iface as key,
    null::varchar as source_id,
    i.node as device,
    i.node as device_source_id,
    i.iface as name,
    name_problem(i.iface, 64) as problem,
    -- NetBox lets only a lag have members and only a virtual interface have a parent.
    case when i.type in ('bond', 'OVSBond') then 'lag' when i.type in ('vlan', 'OVSIntPort') then 'virtual'
        end as mapped_type,
    case when i.type = 'eth' then settings.node_interface_type
         when i.type in ('bridge', 'OVSBridge') then 'bridge'
         when i.type in ('bond', 'OVSBond') then 'lag'
         when i.type in ('vlan', 'OVSIntPort') then 'virtual'
         else 'other' end as natural_type,
    coalesce(i.active, i.autostart) as enabled,
    case when i.mtu between 1 and 65536 then i.mtu end as mtu,
    null::bigint as speed,
    described(regexp_extract(blank(i.comments), '^[^\r\n]*'), 200) as description,
    nullif(mac_address(i.mac), '') as mac,
    case when len(bonds.several) = 1 then i.node || ' ' || bonds.iface end as lag,
    case when i.type in ('vlan', 'OVSIntPort') and blank(i.vlan_raw_device) is not null
        and matching_pattern(i.vlan_raw_device, settings.ignored_interfaces) is null then i.node || ' '
        || i.vlan_raw_device end as parent_interface,
    case when len(bridges.several) = 1 and i.type <> 'OVSIntPort' then i.node || ' ' || bridges.iface end as bridge,
    null::bigint as vrf_source_id,
    case when len(bonds.several) > 1
        then conflict('several_lags', {source: 'Proxmox', lags: bonds.several}) end as lag_problem,
    case when len(bridges.several) > 1
        then conflict('several_bridges', {source: 'Proxmox', bridges: bridges.several}) end as bridge_problem
from proxmox.node_interfaces i
cross join settings
left join bonds on bonds.node = i.node and bonds.port = i.iface
left join bridges on bridges.node = i.node and bridges.port = i.iface
where i.iface <> 'lo' and matching_pattern(i.iface, settings.ignored_interfaces) is null
