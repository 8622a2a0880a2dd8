-- The types of Ethernet ports whose speed says too little: it is 0 or full, as ports that are down report it, no type
-- has it, or it is slower than the name (Gi1/0/1 at 100 Mbit/s). By the name, else, without a speed, by the ports
-- beside it (policies.down_port_types). Key: port_id.
-- Beside it: with the same name but for the last number; all that have a speed have one type, or the nearest on both
-- sides. 10 Mbit/s counts as no speed: many devices report it for a port that is down.
-- Only with rows of librenms.ports.
with ethernet as (
    select p.port_id, p.device_id, p.ifSpeed, ethernet_type(p.ifSpeed // 1000000) as by_speed,
        trimmed(coalesce(blank(p.ifName), p.ifDescr)) as name,
        trimmed(p.ifDescr) as other_name, coalesce(p.ifSpeed, 0) in (0, 10000000, 4294967295) as without_speed
    from librenms.ports p
    where p.ifType in ('ethernetCsmacd', 'gigabitEthernet', 'fastEther') and not coalesce(p.deleted, false)
      and p.port_id not in (select port_id from desired.port_roles)
),
unclear as materialized (
    select *, without_speed or by_speed = 'other' as no_type,
        coalesce(type_by_name(name), type_by_name(other_name)) as by_name,
        regexp_replace(name, '[0-9]+$', '') as beside, try_cast(regexp_extract(name, '[0-9]+$') as bigint) as number
    from ethernet
    -- Most ports are gigabit ports of that name, which need no regular expression.
    where without_speed or (ifSpeed < 100000000000 and not (ifSpeed = 1000000000 and name[1] in ('G', 'g')))
       or by_speed = 'other'
),
searched as (
    from unclear where by_name is null and number is not null and without_speed
),
known as materialized (
    select device_id, regexp_replace(name, '[0-9]+$', '') as beside,
        try_cast(regexp_extract(name, '[0-9]+$') as bigint) as number, by_speed as type
    from ethernet
    where device_id in (select device_id from searched) and ifSpeed > 10000000 and ifSpeed <> 4294967295
      and by_speed <> 'other'
),
found as (
    select s.port_id, count(distinct k.type) = 1 as alike, min(k.type) as type,
        arg_max(k.type, k.number) filter (k.number < s.number) as before,
        arg_min(k.type, k.number) filter (k.number > s.number) as after
    from searched s join known k on k.device_id = s.device_id and k.beside = s.beside
    group by s.port_id
)
select port_id, by_name as type from unclear
where by_name is not null and (no_type or ethernet_mbits(by_name) > ifSpeed // 1000000)
union all
select port_id, if(alike, type, before) from found where alike or before = after
