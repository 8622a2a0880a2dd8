-- The management controllers of devices, each as an interface of its device. Key: owner + name of the controller.
-- interface: the name that NetBox gives it there: of the interface with the controller's address, else with its MAC
-- address, else with the name that bmc_interface makes, else of the only interface that is for management alone and
-- that LibreNMS does not show. Where NetBox has none of these, the name is that of bmc_interface. host and its mask as
-- NetBox has them, if LibreNMS does not show the mask.
-- Only with rows of desired.bmc_devices.
with settings as (from config.endpoint),
controllers as (
    select d.key as owner, d.source_id, d.serial, d.names, coalesce(usable_name(l.sysName), l.hostname) as name, l.os,
        blank(l.ip) as host, if(contains(l.ip, ':'), 6, 4) as family, l.device_id, l.status
    from desired.bmc_devices b
    join librenms.devices l using (device_id)
    join desired.devices d on d.source_id = b.host_id::varchar
),
-- The controller's port with that address, as LibreNMS shows it.
ports as (
    select c.device_id, any_value(a.prefixlen) as prefixlen, any_value(mac_address(p.ifPhysAddress)) as mac,
        max(p.ifSpeed) as speed
    from controllers c
    join librenms.ip_addresses a on a.canonical = c.host
    join librenms.ports p on p.port_id = a.port_id and p.device_id = c.device_id
    group by c.device_id
),
-- The NetBox device of the host: by its id, serial or name.
claims as (
    select id, source_claim(cf, settings.node_field, settings.id_scope, settings.only_of_its_kind) as claim
    from netbox.devices, settings where contains(cf, settings.node_field)
),
hosts as (
    select owner, min(id) as id
    from (
        select c.owner, n.id from controllers c join claims n on n.claim = c.source_id
        union
        select c.owner, n.id from controllers c join netbox.devices n on lower(stripped(n.serial)) = lower(c.serial)
        union
        select c.owner, n.id from (select owner, lower(unnest(names)) as name from controllers) c
        join netbox.devices n on lower(n.name) = c.name)
    group by owner having count(distinct id) = 1
),
named as (
    select c.*, p.prefixlen, coalesce(p.mac, '') as mac, p.speed, h.id as device,
        stripped(replace(replace(settings.bmc_interface, '{name}', coalesce(short_name(c.name), c.name)), '{os}',
            coalesce(c.os, ''))) as wanted_name
    from controllers c
    cross join settings
    left join ports p using (device_id)
    left join hosts h using (owner)
),
witnesses as (
    select c.device_id, i.id, i.name, 1 as step
    from named c
    join netbox.interfaces i on i.device_id = c.device
    join netbox.ip_addresses a on a.assigned_object_type = 'dcim.interface' and a.assigned_object_id = i.id
        and a.host = c.host
    union
    select c.device_id, i.id, i.name, 2
    from named c
    join netbox.interfaces i on i.device_id = c.device
    join netbox.mac_addresses m on m.assigned_object_type = 'dcim.interface' and m.assigned_object_id = i.id
        and upper(m.mac_address) = c.mac
    union
    select c.device_id, i.id, i.name, 3
    from named c join netbox.interfaces i on i.device_id = c.device and lower(i.name) = lower(c.wanted_name)
    union
    select c.device_id, i.id, i.name, 4
    from named c
    cross join settings
    join netbox.interfaces i on i.device_id = c.device and i.mgmt_only
        and source_claim(i.cf, settings.node_field, settings.id_scope, settings.only_of_its_kind) is null
    left join librenms.ports p on p.device_id::varchar = c.source_id
        and i.name in (trimmed(p.ifName), trimmed(p.ifDescr))
    where p.port_id is null
),
found as (
    select device_id, count(distinct id) as candidates, min_by(name, id) as name,
        list(distinct name) as names,
        list({'type': 'dcim/interfaces', 'id': id, 'name': name} order by name, id) as objects
    from (from witnesses qualify step = min(step) over (partition by device_id))
    group by device_id
),
-- The only address object of NetBox with that address: its mask and VRF are kept.
known as (
    select host, min(prefixlen) as prefixlen, min(v.name) as vrf
    from netbox.ip_addresses a left join netbox.vrfs v on v.id = a.vrf_id
    where host in (select host from controllers) group by host having count(*) = 1
)
select c.owner, c.name, c.host, c.family,
    coalesce(c.prefixlen, k.prefixlen, if(c.family = 4, 32, 128)) as prefixlen,
    if(k.host is null, settings.default_vrf, k.vrf) as vrf, c.mac,
    if(f.candidates = 1, f.name, c.wanted_name) as interface,
    if(coalesce(c.speed, 0) < 1000000, '1000base-t', ethernet_type(c.speed // 1000000)) as interface_type,
    if(f.candidates > 1, f.names, []) as candidates,
    coalesce(name_problem(c.wanted_name, 64), case when f.candidates > 1
        then conflict('several_bmc_interfaces', {bmc: c.name, candidates: f.objects}) end) as problem
from named c
cross join settings
left join found f using (device_id)
left join known k using (host)
