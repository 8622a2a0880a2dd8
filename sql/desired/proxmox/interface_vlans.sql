-- The VLAN of a node's VLAN interface. Key: interface.
select
    i.node || ' ' || i.iface as key,
    i.vlan_id as untagged,
    null::integer[] as tagged,
    'access' as mode,
    null::varchar as mode_if_empty,
    null::varchar as problem
from proxmox.node_interfaces i
where i.type in ('vlan', 'OVSIntPort') and i.vlan_id between 1 and 4094
