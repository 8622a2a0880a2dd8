-- The netN of each guest whose configuration was read, in NetBox's terms. Key: guest + netN.
-- The configuration is known here: no tag means no VLAN, which is complete information.
-- Only with rows of proxmox.guest_interfaces.
with settings as (from config.endpoint),

-- A vnet's tag is a VLAN in VLAN and QinQ zones; in VXLAN and EVPN zones it is a VNI.
vnets as (
    select v.vnet, v.tag from proxmox.sdn_vnets v left join proxmox.sdn_zones z using (zone)
    where v.tag is not null and coalesce(z.type, 'vlan') in ('vlan', 'qinq')
),
mapped_vnets as (
    select source as vnet, try_cast(target as integer) as tag from config.mappings where kind = 'vnets'
),
sdn_unread as (
    select count(*) > 0 as unread from proxmox.scopes where scope = 'sdn' and not complete
),
-- vid: the VLAN of a bridge that has VLAN interfaces of that VID (eno1.51) for ports, and nothing else.
ports as (
    select b.node, b.iface,
        coalesce(v.vlan_id, try_cast(nullif(regexp_extract(b.port, '\.([0-9]+)$', 1), '') as integer)) as vid
    from (select node, iface, unnest(ports) as port from proxmox.node_interfaces
          where type in ('bridge', 'OVSBridge')) b
    left join proxmox.node_interfaces v on v.node = b.node and v.iface = b.port
),
bridges as (
    select i.node, i.iface, bool_or(coalesce(i.bridge_vlan_aware, false) or i.type = 'OVSBridge') as all_vlans,
        any_value(p.vid) as vid
    from proxmox.node_interfaces i
    left join (select node, iface, min(vid) as vid from ports group by all
               having count(*) = count(vid) and count(distinct vid) = 1 and min(vid) between 1 and 4094) p
        on p.node = i.node and p.iface = i.iface
    group by i.node, i.iface
),
-- Several interfaces of a guest have the MAC address of one netN: VLANs, bridges and bonds on top of the network card.
-- The name is that of the card, whatever the order in which the agent lists them.
agent_names as (
    select vmid, key, arg_min(stripped(name), (interface_rank(stripped(name)), length(stripped(name)), stripped(name)))
        as name
    from proxmox.guest_agent_interfaces where blank(name) is not null group by all
),

nics as (
    select
        i.vmid, i.key as net, settings.guest_bridge, settings.ignored_interfaces,
            coalesce(i.bridge, '') as bridge, i.position,
            v.key as virtual_machine, g.type,
        case when g.type = 'lxc' then coalesce(blank(i.name), i.key)
             when settings.agent_interface_names then a.name
             else i.key end as name,
        not coalesce(i.link_down, false) as enabled,
        -- 1 stands for the bridge's MTU.
        case when coalesce(i.mtu, 1) = 1 then 0 when i.mtu between 1 and 65536 then i.mtu end as mtu,
        mac_address(i.mac) as mac,
        coalesce(i.tag, m.tag, vn.tag, if(b.all_vlans, null, b.vid)) as tag,
        coalesce(i.trunks, []) as trunks,
        coalesce(i.trunk_ranges, []) as ranges,
        -- All VLANs: a range of all of them, or by policy a bridge that passes them on.
        len(list_filter(i.trunks, lambda v: v > 1)) = 4093
            or (settings.vlan_aware_bridges = 'tagged-all' and b.all_vlans and i.tag is null and m.tag is null
                and vn.tag is null and coalesce(len(i.trunks), 0) = 0) as all_vlans,
        -- The bridge may be a vnet that nobody showed.
        sdn_unread.unread and i.tag is null and m.tag is null and vn.tag is null and i.bridge is not null
            and b.iface is null as vlan_unknown
    from proxmox.guest_interfaces i
    join proxmox.guests g using (vmid)
    join desired.virtual_machines v on v.source_id = i.vmid::varchar
    cross join settings
    cross join sdn_unread
    left join agent_names a on a.vmid = i.vmid and a.key = i.key
    left join mapped_vnets m on m.vnet = i.bridge
    left join vnets vn on vn.vnet = i.bridge
    left join bridges b on b.node = g.node and b.iface = i.bridge
    where g.config_read
),
counted as (
    select *, count(*) over (partition by vmid, coalesce(name, net)) as same_name,
        tag is not null and tag not between 1 and 4094 as bad_tag
    from nics
)

select
    virtual_machine || ' ' || net as key,
    virtual_machine,
    name,
    net as old_name,
    enabled,
    mtu,
    case when guest_bridge = 'description' then bridge end as description,
    case when guest_bridge = 'custom_field' then bridge end as bridge,
    mac,
    case when vlan_unknown or bad_tag then null else coalesce(tag, 0) end as untagged,
    case when vlan_unknown then null when all_vlans then []
         else list_filter(trunks, lambda v: v <> coalesce(tag, 0) and not list_contains(ranges, v)) end as tagged,
    case when vlan_unknown or coalesce(all_vlans, false) then null
         else list_filter(ranges, lambda v: v <> coalesce(tag, 0)) end as permitted,
    case when vlan_unknown or bad_tag then null
         when all_vlans then 'tagged-all'
         when len(trunks) > 0 then 'tagged'
         when tag is not null then 'access'
         else '' end as mode,
    coalesce(name_problem(name, 64), case when same_name > 1 then conflict('same_name',
        {number: same_name, objects: 'interfaces', owner: 'guest', name: coalesce(name, net)}) end) as problem
from counted
where matching_pattern(coalesce(name, net), ignored_interfaces) is null
