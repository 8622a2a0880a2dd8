-- Addresses of running containers in NetBox's terms. Key: host address + VRF + interface.
with settings as (from config.endpoint),

mapped_vrfs as (
    select source as network, target as vrf from config.mappings where kind = 'vrfs'
),
owns_dns_name as (
    select count(*) > 0 as yes from config.owned where field = 'ip_addresses.dns_name'
),
-- A host name that Docker made up is the beginning of the container's id, and another one next time.
host_names as (
    select name as container, lower(concat_ws('.', hostname, domainname)) as dns_name
    from docker.containers
    where hostname is not null and not starts_with(id, hostname)
),
drivers as (
    select id, name, any_value(driver) as driver from docker.networks group by all
)
select
    a.canonical as host, a.prefixlen, a.family, coalesce(m.vrf, settings.default_vrf) as vrf,
    'vm_interfaces' as interface_resource, i.key as interface,
    'virtual_machines' as owner_resource, i.virtual_machine as owner,
    case when o.yes and regexp_full_match(h.dns_name, '[0-9a-z_.-]+') then h.dns_name end as dns_name,
    'docker' as source,
    coalesce(
        left_out_address(a.canonical, a.family, a.prefixlen, settings.link_local_ipv4),
        ignored_address(a.canonical, a.family, settings.ignored_addresses),
        case when settings.bridge_addresses then null
             when d.driver is null then skipped('network_driver_unknown', {network: a.network})
             when d.driver = 'bridge' then skipped('address_of_a_bridge', {network: a.network}) end) as left_out
from docker.container_addresses a
join docker.container_interfaces n using (container, network)
join desired.virtual_machines v on v.source_id = a.container
join desired.vm_interfaces i on i.virtual_machine = v.key and i.old_name = a.network
cross join settings
cross join owns_dns_name o
left join mapped_vrfs m on m.network = a.network
left join host_names h using (container)
-- Podman up to 5 names the network where Docker has its id, and lists the default one under another name; its id is the
-- hash of the name.
left join drivers d on n.network_id in (d.id, d.name) or sha256(n.network_id) = d.id
