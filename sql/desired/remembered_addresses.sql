-- Only with rows of config.last_ip_addresses.
-- Addresses that the last comparison knew, of owners whose addresses cannot all be seen now: where another one has the
-- same address, it may still be there twice. Key: host + owner.
with unproven as (
    select owner, min(reason) as reason from desired.incomplete_scopes where resource = 'ip_addresses' group by owner
    union all
    -- A guest that is out of sight.
    select v.key, min(u.reason)
    from config.last_virtual_machines v cross join config.endpoint settings
    join desired.incomplete_scopes u
        on u.resource = 'virtual_machines' and u.owner = settings.id_word || ' ' || v.source_id
    group by v.key
),
known as (
    select host, owner from config.last_ip_addresses where left_out is null
    union
    select host, owner from config.last_remembered_addresses
)
select k.host, k.owner, min(u.reason) as reason
from known k
join unproven u on u.owner in ('*', k.owner)
anti join desired.ip_addresses a on a.host = k.host and a.owner = k.owner
group by k.host, k.owner
