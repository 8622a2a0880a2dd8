-- The addresses on ports. Primary is the one under which LibreNMS polls the device, if its hostname is an address.
with addresses as (
    select port_id, ipv4_address as address, ipv4_prefixlen as prefixlen from librenms.ipv4_addresses
    union all
    select port_id, ipv6_compressed, ipv6_prefixlen from librenms.ipv6_addresses
)
select p.device_id as device, p.name as interface, a.address || '/' || a.prefixlen as address,
    a.address = d.hostname as is_primary
from addresses a
join ports p using (port_id)
join librenms.devices d on d.device_id = p.device_id
