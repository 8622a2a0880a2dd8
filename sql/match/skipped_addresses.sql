-- Makes desired.skipped_addresses.
-- Addresses that NetBox knows as virtual (a VIP, an FHRP group): several machines hold them in turn, and they stay
-- where they are in NetBox. Key: interface + address.
-- Only with rows of netbox.ip_addresses WHERE role in ('vip', 'vrrp', 'hsrp', 'glbp', 'carp')
--   or assigned_object_type = 'ipam.fhrpgroup'.
with virtual as (
    select host, vrf_id
    from netbox.ip_addresses
    group by host, vrf_id
    having bool_or(is_virtual_address(role, assigned_object_type))
),
shown as (
    select a.host, a.prefixlen, a.interface, n.type, n.netbox_id, v.vrf_id
    from desired.ip_addresses a
    join match.interface_names n on n.resource = a.interface_resource and n.key = a.interface and n.problem is null
    join match.address_vrfs v on v.host = a.host and v.vrf is not distinct from a.vrf
        and v.interface_resource = a.interface_resource and v.interface = a.interface
    where a.left_out is null
)
select 'ip_addresses' as resource, s.interface || ' ' || s.host || '/' || s.prefixlen as key,
    skipped('address_moves_between_holders', {place: min(h.label)}) as reason,
    null::varchar as cause, null::varchar as subject
from shown s
join virtual v on v.host = s.host and v.vrf_id is not distinct from s.vrf_id
left join match.address_holders h on h.host = s.host and h.vrf_id is not distinct from s.vrf_id
group by s.interface, s.host, s.prefixlen, s.type, s.netbox_id
-- Where NetBox has it on this interface, it is compared.
having count(*) filter (h.type = s.type and h.interface_id = s.netbox_id) = 0
