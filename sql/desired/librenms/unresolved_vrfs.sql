-- Only with rows of librenms.vrfs.
-- The VRFs in which this endpoint's addresses stand, by the name that LibreNMS gives them. Key: word, in any case.
select min(v.vrf_name) as word, count(distinct i.key)::integer as owners, min(i.key) as example
from desired.ip_addresses a
join desired.interfaces i on i.key = a.interface
join librenms.vrfs v on v.vrf_id = i.vrf_source_id
where a.left_out is null and blank(v.vrf_name) is not null
  and not exists (from config.mappings m where m.kind = 'vrfs'
      and (lower(m.source) = lower(v.vrf_name) or m.source = v.mplsVpnVrfRouteDistinguisher))
group by lower(v.vrf_name)
