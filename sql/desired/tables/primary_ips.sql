-- The addresses that may become primary: those that the tables call so. Key: owner + family + address + interface.
-- Only with rows of desired.ip_addresses.
with flagged as (
    select distinct a.host, p.key as owner, a.interface
    from tables.ip_addresses a
    join (select source_id, key, 'device' as kind from desired.devices
          union all select source_id, key, 'machine' from desired.virtual_machines) p
        on p.source_id = if(p.kind = 'device', a.device, a.virtual_machine)
    where a.is_primary
)
select d.owner, d.owner_resource, d.family, d.host, d.vrf, d.interface,
    row_number() over (partition by d.owner_resource, d.owner, d.family order by d.host, d.interface)::integer as rank,
    true as named
from desired.ip_addresses d
join flagged f on f.host = d.host and f.owner = d.owner and d.interface = d.owner || ' ' || f.interface
where d.left_out is null
