-- The interfaces of physical machines. The type follows from the speed, which a port without a cable does not have.
with members as (
    select host, name, unnest(from_json(interface -> '$.slaves', '["varchar"]')) as member, 'lag' as kind
    from interfaces
    union all
    select host, name, unnest(from_json(interface -> '$.interfaces', '["varchar"]')), 'bridge' from interfaces
)
select
    i.host as device,
    i.name,
    case interface ->> '$.type'
        when 'bonding' then 'lag'
        when 'bridge' then 'bridge'
        when 'ether' then case
            when contains(i.name, '.') then 'virtual'
            when starts_with(i.name, 'wl') then 'other-wireless' end
        else 'virtual' end as type,
    case when (interface ->> '$.speed')::integer > 0 then (interface ->> '$.speed')::bigint * 1000 end as speed,
    (interface ->> '$.mtu')::integer as mtu,
    if(length(address) = 17, address, null) as mac,
    lag.name as lag,
    if(contains(i.name, '.'), regexp_replace(i.name, '\.[0-9]+$', ''), null) as parent,
    bridge.name as bridge
from interfaces i
left join members lag on lag.host = i.host and lag.member = i.name and lag.kind = 'lag'
left join members bridge on bridge.host = i.host and bridge.member = i.name and bridge.kind = 'bridge'
where not is_guest
