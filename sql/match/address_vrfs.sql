-- The VRF of each address that the source shows. Key: host + VRF of the source + interface. vrf_id: the configured VRF;
-- where the configuration names none, the one in which NetBox has the address on this interface, else on this machine.
-- NULL is the global table. found_vrf_id: where NetBox has the address, if it has none in that VRF. is_held: NetBox
-- has it on this machine. candidates: the VRFs that the configured name means.
-- Only with rows of desired.ip_addresses.
with named as (
    select w.vrf, count(distinct v.id) as candidates, min(v.id) as id, min_by(v.name, v.id) as name
    from (select distinct vrf from desired.ip_addresses where vrf is not null) w
    join netbox.vrfs v on lower(w.vrf) in (lower(v.name), lower(v.rd))
    group by w.vrf
),
held as (
    select n.key as interface, n.resource, h.host,
        arg_min({'vrf_id': h.vrf_id},
            (h.interface_id is distinct from n.netbox_id, h.vrf_id is not null, h.id)) as place
    from (select distinct interface_resource, interface, host from desired.ip_addresses where left_out is null) a
    join match.interface_names n on n.resource = a.interface_resource and n.key = a.interface
    join match.address_holders h on h.host = a.host and h.type = n.type and h.machine_id = n.machine_id
    group by all
)
select a.host, a.vrf, a.interface_resource, a.interface, coalesce(v.candidates, 0) as candidates,
    if(a.vrf is null, h.place.vrf_id, v.id) as vrf_id, if(a.vrf is null, r.name, v.name) as vrf_name,
    if(a.vrf is null or h.place is null
        or exists (from netbox.ip_addresses n where n.host = a.host and n.vrf_id is not distinct from v.id),
        if(a.vrf is null, h.place.vrf_id, v.id), h.place.vrf_id) as found_vrf_id,
    h.place is not null as is_held
from desired.ip_addresses a
left join named v on v.vrf = a.vrf
left join held h on h.interface = a.interface and h.resource = a.interface_resource and h.host = a.host
left join netbox.vrfs r on r.id = h.place.vrf_id
where a.left_out is null
