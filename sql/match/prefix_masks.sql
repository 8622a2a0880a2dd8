-- Masks that NetBox's prefixes give to addresses of devices that report every mask as that of a host (/32, /128), by
-- the policy host_masks: that of the smallest prefix with the address. Key: host + VRF + interface. Loopback
-- interfaces keep their masks, and do not count: other routers have host masks there alone.
-- Only with rows of config.endpoint WHERE host_masks = 'prefix'.
with placed as (
    select a.host, a.prefixlen, a.family, a.vrf, a.interface, a.owner_resource, a.owner, v.vrf_id
    from desired.ip_addresses a
    join match.interface_names n on n.resource = a.interface_resource and n.key = a.interface
    join match.address_vrfs v on v.host = a.host and v.vrf is not distinct from a.vrf
        and v.interface_resource = a.interface_resource and v.interface = a.interface
    where a.left_out is null and (select host_masks from config.endpoint) = 'prefix'
      and not regexp_matches(lower(n.name), '^(lo|loopback)[ 0-9.]*$')
),
affected as (
    select owner_resource, owner, family from placed group by all having bool_and(prefixlen = if(family = 4, 32, 128))
),
lengths as (
    select distinct family, prefixlen from netbox.prefixes where status <> 'container' or status is null
),
networks as (
    select family, prefixlen, vrf_id, prefix, network_bits(host, family, prefixlen) as bits
    from netbox.prefixes where status <> 'container' or status is null
),
wanted as (
    select p.host, p.vrf, p.vrf_id, p.interface, p.family, l.prefixlen,
        network_bits(p.host, p.family, l.prefixlen) as bits
    from placed p
    join affected using (owner_resource, owner, family)
    join lengths l on l.family = p.family
)
select w.host, w.vrf, w.interface, max(n.prefixlen) as prefixlen, arg_max(n.prefix, n.prefixlen) as prefix
from wanted w
join networks n on n.family = w.family and n.prefixlen = w.prefixlen and n.bits = w.bits
    and n.vrf_id is not distinct from w.vrf_id
group by w.host, w.vrf, w.interface
