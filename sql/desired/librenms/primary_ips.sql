-- Only with rows of desired.ip_addresses.
-- The address that LibreNMS polls, if it is on one of the interfaces of the device or of its stack. Key:
-- device + family.
select distinct on (d.key, a.family)
    d.key as owner, 'devices' as owner_resource, a.family, a.host, a.vrf, a.interface
from desired.devices d
left join desired.stack_members m on m.device = d.key
join desired.ip_addresses a on a.owner in (d.key, m.key) and a.host = d.ip
where a.left_out is null and not d.inactive
order by d.key, a.family, a.interface
