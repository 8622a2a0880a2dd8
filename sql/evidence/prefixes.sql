-- A prefix: the addresses in it that interfaces have. The VRF may be NetBox's, where the source shows none.
with wanted as (
    select split_part(network, '/', 1) as host, if(contains(network, ':'), 6, 4) as family,
        split_part(network, '/', 2)::integer as prefixlen, vrf
    from (select split_part($key, ' in ', 1) as network, nullif(substr($key, strpos($key || ' in ', ' in ') + 4), '')
        as vrf)
)
select 'desired.ip_addresses' as origin, 0 as place, to_json(a) as content
from desired.ip_addresses a
join wanted w on w.family = a.family and (a.vrf is null or a.vrf is not distinct from w.vrf)
where a.left_out is null
    and network_bits(a.host, a.family, w.prefixlen) = network_bits(w.host, w.family, w.prefixlen)
