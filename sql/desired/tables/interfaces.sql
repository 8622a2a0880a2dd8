-- The rows of interfaces.sql in NetBox's terms. Key: device + interface. The tables give interfaces no id.
-- Only with rows of tables.interfaces.
select
    d.key || ' ' || i.name as key,
    null::varchar as source_id,
    d.key as device,
    d.source_id as device_source_id,
    i.name,
    name_problem(i.name, 64) as problem,
    i.type as mapped_type,
    coalesce(i.type, ethernet_type(i.speed // 1000)) as natural_type,
    i.enabled,
    i.mtu,
    i.speed,
    described(i.description, 200) as description,
    case when i.mac is not null then mac_address(i.mac) end as mac,
    d.key || ' ' || i.lag as lag,
    d.key || ' ' || i.parent as parent_interface,
    d.key || ' ' || i.bridge as bridge,
    null::bigint as vrf_source_id,
    i.mgmt_only
from tables.interfaces i
join desired.devices d on d.source_id = i.device
cross join config.endpoint settings
where matching_pattern(i.name, settings.ignored_interfaces) is null
