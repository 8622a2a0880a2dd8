-- LibreNMS addresses in NetBox's terms. Key: host address + VRF + interface (one row per place it stands).
-- What NetBox shall not hold (loopback, link-local, ...) is in desired.left_out with its reason.
with settings as (from config.endpoint),

placed as (
    select
        a.*, i.key as interface, i.device, i.problem as interface_problem,
        coalesce(
            (select target from config.mappings m where m.kind = 'vrfs' and lower(m.source) = lower(v.vrf_name)),
            (select target from config.mappings m where m.kind = 'vrfs' and m.source = v.mplsVpnVrfRouteDistinguisher),
            settings.default_vrf) as vrf
    from librenms.ip_addresses a
    join desired.interfaces i on i.source_id = a.port_id::varchar
    left join librenms.vrfs v on v.vrf_id = i.vrf_source_id and i.vrf_source_id > 0
    cross join settings
)

select distinct on (canonical, vrf, interface)
    canonical as host,
    prefixlen,
    family,
    vrf,
    'interfaces' as interface_resource,
    interface,
    device as owner,
    'devices' as owner_resource,
    null::varchar as dns_name,
    ''::varchar as source,
    left_out_address(canonical, family, prefixlen, settings.link_local_ipv4) as left_out
from placed, settings
where canonical is not null
order by canonical, vrf, interface, prefixlen desc
