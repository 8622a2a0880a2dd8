-- The networks of each container that was inspected, as interfaces. Key: container + network.
-- Docker does not report the interface's name inside the container. host and none are not networks of the container.
-- A stopped container currently has no MAC address, which does not count as a difference.
select
    v.key || ' ' || i.network as key,
    v.key as virtual_machine,
    i.network as name,
    i.network as old_name,
    null::boolean as enabled,
    null::integer as mtu,
    null::varchar as description,
    mac_address(i.mac) as mac,
    null::integer as untagged,
    null::integer[] as tagged,
    null::varchar as mode,
    name_problem(i.network, 64) as problem
from docker.container_interfaces i
join desired.virtual_machines v on v.source_id = i.container
cross join config.endpoint settings
where i.network not in ('host', 'none') and matching_pattern(i.network, settings.ignored_interfaces) is null
