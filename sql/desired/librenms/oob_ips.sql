-- Only with rows of desired.ip_addresses.
-- The address of each device's out-of-band port: an interface whose name the endpoint's oob_interfaces match.
-- Without one, that of its management controller. Key: device. IPv4 before IPv6; of several nobody can say which.
with settings as (from config.endpoint),
ports as (
    select coalesce(m.device, a.owner) as owner, a.family, a.host, a.vrf, a.interface
    from desired.ip_addresses a
    join desired.interfaces i on i.key = a.interface
    left join desired.stack_members m on m.key = a.owner
    cross join settings
    where a.left_out is null
      and len(list_filter(settings.oob_interfaces, lambda p: regexp_full_match(i.name, p, 'i'))) > 0
    qualify a.family = min(a.family) over (partition by coalesce(m.device, a.owner))
),
candidates as (
    select owner, host, vrf, interface from ports
    union all
    select a.owner, a.host, a.vrf, a.interface
    from desired.bmcs b
    join desired.ip_addresses a on a.interface = b.owner || ' ' || b.interface and a.host = b.host
    where a.left_out is null and b.owner not in (select owner from ports)
)
select owner, any_value(host) as host, any_value(vrf) as vrf, any_value(interface) as interface,
    case when count(*) > 1 then conflict('several_oob_addresses', {addresses: list(host order by host)}) end as problem
from candidates group by owner
