-- Addresses in IP ranges of NetBox that are marked as populated: NetBox creates no address there, whatever its mask.
-- Key: host + VRF.
-- Only with rows of netbox.ip_ranges WHERE mark_populated.
with ranges as (
    select vrf_id, if(contains(start_address, ':'), 6, 4) as family,
        address_bits(split_part(start_address, '/', 1)) as first_bits,
        address_bits(split_part(end_address, '/', 1)) as last_bits,
        split_part(start_address, '/', 1) || ' to ' || end_address as name
    from netbox.ip_ranges where mark_populated
),
hosts as (
    select host, family, address_bits(host) as bits
    from (select distinct host, family from desired.ip_addresses where left_out is null)
)
select h.host, r.vrf_id, min(r.name) as name
from hosts h join ranges r on r.family = h.family and h.bits between r.first_bits and r.last_bits
group by h.host, r.vrf_id
