-- The rows of ip_addresses.sql in NetBox's terms. Key: host address + VRF + interface.
-- Only with rows of tables.ip_addresses.
with places as (
    select d.source_id as device, null::varchar as virtual_machine, i.name, i.key, 'interfaces' as resource,
        'devices' as owner_resource, d.key as owner
    from desired.interfaces i join desired.devices d on d.key = i.device
    union all
    select null, v.source_id, i.name, i.key, 'vm_interfaces', 'virtual_machines', v.key
    from desired.vm_interfaces i join desired.virtual_machines v on v.key = i.virtual_machine
)
select
    a.host, a.prefixlen, a.family,
    coalesce(mapping('vrfs', a.vrf), a.vrf, settings.default_vrf) as vrf,
    p.resource as interface_resource, p.key as interface, p.owner_resource, p.owner,
    lower(a.dns_name) as dns_name,
    '' as source,
    coalesce(left_out_address(a.host, a.family, a.prefixlen, settings.link_local_ipv4),
        ignored_address(a.host, a.family, settings.ignored_addresses)) as left_out
from tables.ip_addresses a
join places p on p.device is not distinct from a.device and p.virtual_machine is not distinct from a.virtual_machine
    and p.name = a.interface
cross join config.endpoint settings
