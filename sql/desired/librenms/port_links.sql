-- What LibreNMS's port_stack says of two ports, in whichever column each is. Key: kind + port_id + other_id.
-- kind lag or bridge: port_id is a member of other_id; parent: other_id is the parent of port_id. A unit in a LAG
-- (xe-0/0/0.0) means its port. A VLAN interface of a switch is stacked with the ports that carry the VLAN, which says
-- nothing of either; on other systems it lies on one port. problem: why nothing follows from the two; port_id NULL: a
-- port that LibreNMS does not list.
-- Only with rows of librenms.port_stack.
with pairs as (
    select device_id, high_port_id as port_id, low_port_id as other_id from librenms.port_stack
    union
    select device_id, low_port_id, high_port_id from librenms.port_stack
),
ports as materialized (
    select p.port_id, p.device_id, trimmed(coalesce(blank(p.ifName), p.ifDescr)) as name, coalesce(p.ifType, '') as kind
    from librenms.ports p
    where p.device_id in (select device_id from pairs) and not coalesce(p.deleted, false)
),
-- A unit X.N and its port X.
units as (
    select u.port_id, min(b.port_id) as base_id
    from (select *, regexp_replace(name, '\.[0-9]+$', '') as base from ports where regexp_matches(name, '\.[0-9]+$')) u
    join ports b on b.device_id = u.device_id and b.name = u.base
    group by u.port_id having count(*) = 1
),
-- Junos stacks a LAG's unit with the units of its members (ae3.0, xe-0/0/0.0): the LAG and the ports are meant.
meant as (
    select distinct s.device_id, s.port_id, if(r.role = 'lag' and of_port.base_id <> of_other.base_id, of_other.base_id,
        s.other_id) as other_id
    from pairs s
    left join units of_port on of_port.port_id = s.port_id
    left join units of_other on of_other.port_id = s.other_id
    left join desired.port_roles r on r.port_id = of_other.base_id
),
ends as (
    select s.device_id, s.port_id, s.other_id, p.kind, p.name, o.name as other_name, o.kind as other_kind,
        r.role, other.role as other_role, u.base_id, p.port_id is not null as known,
        p.kind in ('l2vlan', 'l3ipvlan') as is_vlan,
        p.kind in ('l2vlan', 'l3ipvlan', 'propVirtual', 'softwareLoopback', 'tunnel', 'ipForward', 'serviceVprn')
            as is_virtual,
        o.kind in ('l2vlan', 'l3ipvlan', 'propVirtual', 'softwareLoopback', 'tunnel', 'ipForward', 'serviceVprn')
            as other_is_virtual,
        regexp_matches(d.os, '^(fortigate|timos|linux|proxmox|pfsense|opnsense|truenas|vyos|vyatta|edgeos|routeros'
            || '|cumulus|dsm|qnap|opengear)') as vlans_lie_on_one_port
    from meant s
    join ports o on o.port_id = s.other_id
    join librenms.devices d on d.device_id = o.device_id
    left join ports p on p.port_id = s.port_id
    left join desired.port_roles r on r.port_id = s.port_id
    left join desired.port_roles other on other.port_id = s.other_id
    left join units u on u.port_id = s.port_id
    where s.port_id is distinct from s.other_id
),
members as (
    select other_role as kind, device_id, other_id,
        if(known, coalesce(if(other_role = 'lag' and not is_vlan, base_id, null), port_id), null) as port_id,
        case when not known then skipped('stacked_port_unknown')
             when role = other_role and base_id is distinct from other_id
                 then skipped('stacked_ports_undecided', {source: 'LibreNMS', ports: list_sort([name, other_name])})
             when other_role = 'bridge' and is_vlan and base_id is null
                 then skipped('stacked_ports_undecided', {source: 'LibreNMS', ports: list_sort([name, other_name])})
        end as problem
    from ends
    where other_role is not null
      and not coalesce(role = other_role and port_id > other_id, false)
      -- Not what lies on a LAG or bridge: its units, and the VLANs that it carries.
      and base_id is distinct from other_id
      and not coalesce(other_role = 'lag' and is_virtual and role is null and (base_id is null or is_vlan), false)
      and not coalesce(other_role = 'lag' and role = 'bridge', false)
      and not coalesce(other_role = 'bridge' and kind in ('softwareLoopback', 'l3ipvlan'), false)
),
children as (
    select device_id, port_id, any_value(name) as name, min(other_id) as other_id,
        list(distinct other_name order by other_name) as others
    from ends
    where vlans_lie_on_one_port and kind in ('l2vlan', 'ipForward') and base_id is null
      and not coalesce(other_is_virtual, false) and other_role is distinct from 'bridge'
    group by device_id, port_id
)
select distinct kind, device_id, port_id, other_id, problem from members
union all
select 'parent', device_id, port_id, other_id,
    case when len(others) > 1
        then skipped('several_parents', {source: 'LibreNMS', port: name, others: others}) end
from children
