-- The ports of devices that are synced as virtual machines. Key: port_id. interface is a key of desired.vm_interfaces.
-- Only with rows of desired.known_guests WHERE is_synced.
with settings as (from config.endpoint),
named as (
    select p.port_id, v.key as virtual_machine, dev.os, p.ifVrf, p.ifAdminStatus, p.ifMtu, p.ifAlias,
        p.ifName, p.ifDescr, p.ifPhysAddress,
        if(coalesce(n.name_field, settings.interface_name_field) = 'ifDescr', trimmed(p.ifDescr), trimmed(p.ifName))
            as name
    from librenms.ports p
    join librenms.devices dev using (device_id)
    join desired.virtual_machines v on v.source_id = p.device_id::varchar
    left join config.name_fields n on n.os = dev.os
    cross join settings
    where not coalesce(p.deleted, false) and (settings.ignored_ports or not coalesce(p.ignore, false))
)
select port_id, virtual_machine,
    virtual_machine || ' ' || coalesce(blank(name), '') || if(same_name > 1 or blank(name) is null,
        ' (port ' || port_id || ')', '') as interface,
    name, ifVrf as vrf_source_id,
    case lower(ifAdminStatus) when 'up' then true when 'down' then false when 'testing' then false end as enabled,
    if(ifMtu between 1 and 65536, ifMtu::integer, null) as mtu,
    if(trimmed(ifAlias) in (trimmed(ifName), trimmed(ifDescr), ''), null, described(ifAlias, 200)) as description,
    if(coalesce(ifPhysAddress, '') = '', '', mac_address(ifPhysAddress)) as mac,
    coalesce(
        case when blank(name) is null then blocked('no_name', {source: 'LibreNMS', what: 'port ' || port_id}) end,
        name_problem(name, 64),
        case when same_name > 1
             then conflict('same_name', {number: same_name, objects: 'ports', owner: 'device', name: name}) end)
        as problem
from (select *, count(*) over (partition by virtual_machine, name) as same_name from named)
where not exists (
    from config.interface_filters f where (f.os is null or f.os = os) and regexp_full_match(name, f.pattern, 'i'))
