-- LibreNMS addresses in NetBox's terms. Key: host address + VRF + interface (one row per place).
-- Addresses that NetBox should not have (loopback, link-local, ...) are in desired.skipped with the reason.
-- Those of management controllers are on their hosts.
-- Only with rows of librenms.ip_addresses; desired.bmcs.
with settings as (from config.endpoint),
-- Without the list of VRFs an address of one would look as if it were in another.
mapped as (
    select count(*) > 0 as any_vrf from config.mappings where kind = 'vrfs'
),

-- Where ports are missing from the snapshot, an address on one of them may be a second place of an address.
unread as (
    select distinct a.canonical from librenms.ip_addresses a anti join librenms.ports p using (port_id)
    where exists (from librenms.scopes where scope in ('ports', 'short_ports', 'devices', 'installation')
        and not complete)
),

places as not materialized (
    select source_id::bigint as port_id, 'interfaces' as resource, key as interface, 'devices' as owner_resource,
        device as owner, vrf_source_id
    from desired.interfaces where source_id is not null
    union all
    select port_id, 'vm_interfaces', interface, 'virtual_machines', virtual_machine, vrf_source_id
    from desired.guest_ports
),
placed as (
    select
        a.*, a.canonical in (from unread) as elsewhere_too, i.resource as interface_resource, i.interface,
        i.owner_resource, i.owner,
        case when mapped.any_vrf and i.vrf_source_id > 0 and v.vrf_id is null
             then skipped('vrf_unknown', {source: 'LibreNMS', interface: i.interface}) end as vrf_problem,
        coalesce(
            mapping('vrfs', v.vrf_name),
            (select target from config.mappings m where m.kind = 'vrfs' and m.source = v.mplsVpnVrfRouteDistinguisher),
            settings.default_vrf) as vrf
    from librenms.ip_addresses a
    join places i on i.port_id = a.port_id
    left join librenms.vrfs v on v.vrf_id = i.vrf_source_id and i.vrf_source_id > 0
    cross join settings
    cross join mapped
)

(select distinct on (canonical, vrf, interface)
    canonical as host,
    prefixlen,
    family,
    vrf,
    interface_resource,
    interface,
    owner,
    owner_resource,
    null::varchar as dns_name,
    ''::varchar as source,
    coalesce(left_out_address(canonical, family, prefixlen, settings.link_local_ipv4),
        ignored_address(canonical, family, settings.ignored_addresses), vrf_problem,
        case when elsewhere_too then skipped('also_on_unread_port') end) as left_out
from placed, settings
where canonical is not null
order by canonical, vrf, interface, prefixlen = if(family = 4, 32, 128), prefixlen desc)
union all
select b.host, b.prefixlen, b.family, b.vrf, 'interfaces', b.owner || ' ' || b.interface, b.owner, 'devices', null, '',
    coalesce(left_out_address(b.host, b.family, b.prefixlen, settings.link_local_ipv4),
        ignored_address(b.host, b.family, settings.ignored_addresses))
from desired.bmcs b, settings where b.host is not null
