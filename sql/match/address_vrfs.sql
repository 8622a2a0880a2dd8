-- The VRF of each address that the source shows. Key: host + VRF of the source + interface. vrf_id: the configured VRF.
-- Where configuration and rules name none, it is NetBox's: where it has the address on this interface, else on this
-- machine; else the VRF of the interface; else the one in which it has the address on another machine of this endpoint,
-- or as a virtual one. NULL is the global table. found_vrf_id: where NetBox has the address, if it has none in that
-- VRF. is_held: NetBox has it on this machine. is_certain: that, or the VRF is that of its interface. candidates: the
-- VRFs that the configured name means. doubt_ids: addresses of other machines, in VRFs that a person chose, which it
-- may be.
-- Only with rows of desired.ip_addresses.
with named as (
    select w.vrf, count(distinct v.id) as candidates, min(v.id) as id, min_by(v.name, v.id) as name
    from (select distinct vrf from desired.ip_addresses where vrf is not null) w
    join netbox.vrfs v on lower(w.vrf) in (lower(v.name), lower(v.rd))
    group by w.vrf
),
shown as materialized (
    select distinct a.host, a.vrf is null and a.in_global_table is not true as without_vrf,
        n.key as interface, n.resource, n.type, n.netbox_id, n.machine_id
    from desired.ip_addresses a
    join match.interface_names n on n.resource = a.interface_resource and n.key = a.interface
    where a.left_out is null
),
held as (
    select n.interface, n.resource, h.host,
        arg_min({'vrf_id': h.vrf_id},
            (h.interface_id is distinct from n.netbox_id, h.vrf_id is not null, h.id)) as place
    from shown n
    join match.address_holders h on h.host = n.host and h.type = n.type and h.machine_id = n.machine_id
    group by all
),

-- Addresses without a configured VRF that NetBox does not have on their machine.
loose as materialized (
    select host, interface, resource, type, netbox_id from shown
    where without_vrf and (interface, resource, host) not in (select (interface, resource, host) from held)
),
found as (
    select host, vrf_id from netbox.ip_addresses where host in (select host from loose) group by all
),
of_interfaces as (
    select l.host, l.interface, l.resource, coalesce(i.vrf_id, n.vrf_id) as vrf_id
    from loose l
    left join netbox.interfaces i on l.type = 'dcim.interface' and i.id = l.netbox_id
    left join netbox.vm_interfaces n on l.type = 'virtualization.vminterface' and n.id = l.netbox_id
    where coalesce(i.vrf_id, n.vrf_id) is not null
),
-- Where NetBox has them on others, in VRFs that a person chose.
elsewhere as (
    select a.host, min(a.vrf_id) as vrf_id, list(a.id order by a.id) as ids,
        bool_and(is_virtual_address(a.role, a.assigned_object_type)) or (count(distinct a.vrf_id) = 1
            and bool_and(m.machine_id is not null or coalesce(a.role, '') = 'anycast')) as certain
    from netbox.ip_addresses a
    left join match.address_holders h on h.id = a.id
    left join (select distinct type, machine_id from match.interface_names) m
        on m.type = h.type and m.machine_id = h.machine_id
    where a.vrf_id is not null and a.host in (select host from loose)
      and (h.id is not null or is_virtual_address(a.role, a.assigned_object_type))
      and not exists (from ledger.last_written w where w.object_type = 'ipam/ip-addresses' and w.netbox_id = a.id
          and w.field = 'vrf' and try_cast(json_extract_string(w.value, '$.id') as bigint) = a.vrf_id)
    group by a.host
),
netbox_vrfs as (
    select l.host, l.interface, l.resource,
        case when (l.host, i.vrf_id) in (select (host, vrf_id) from found) then i.vrf_id
             when l.host in (select host from found where vrf_id is null) then null
             else coalesce(i.vrf_id, if(e.certain, e.vrf_id, null)) end as vrf_id,
        i.vrf_id is not null as of_interface,
        case when i.vrf_id is null and not e.certain and l.host not in (select host from found where vrf_id is null)
             then e.ids end as doubt_ids
    from loose l
    left join of_interfaces i using (host, interface, resource)
    left join elsewhere e using (host)
    union all
    select host, interface, resource, place.vrf_id, true, null from held
)
select a.host, a.vrf, a.interface_resource, a.interface, coalesce(v.candidates, 0) as candidates,
    if(a.is_named, v.id, n.vrf_id) as vrf_id, if(a.is_named, v.name, r.name) as vrf_name,
    if(not a.is_named or h.place is null
        or exists (from netbox.ip_addresses n where n.host = a.host and n.vrf_id is not distinct from v.id),
        if(a.is_named, v.id, n.vrf_id), h.place.vrf_id) as found_vrf_id,
    h.place is not null as is_held, coalesce(n.of_interface, false) as is_certain, n.doubt_ids
from (select *, vrf is not null or in_global_table is true as is_named from desired.ip_addresses) a
left join named v on v.vrf = a.vrf
left join held h on h.interface = a.interface and h.resource = a.interface_resource and h.host = a.host
left join netbox_vrfs n on n.interface = a.interface and n.resource = a.interface_resource and n.host = a.host
left join netbox.vrfs r on r.id = n.vrf_id
where a.left_out is null
