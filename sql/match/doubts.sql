-- NetBox objects that a row of the source in doubt could be: one in conflict, blocked, unreadable or left out. Every
-- candidate counts, by every witness (id, name in any form, MAC address, serial, address, position), and not only the one
-- that matching prefers. Such an object is neither deleted, disabled nor cleared, nor called removed, and neither is
-- what is on it (sql/match/removals.sql). Key: object_type + netbox_id, once per reason. shown: a row of this diff is
-- about the object already.
with settings as (from config.endpoint),
may_create as (
    select list(resource) as resources from config.may_create
),

-- Devices ----------------------------------------------------------------------------------------------------------
unsettled_devices as (
    select w.key, w.source_id, w.names, lower(w.serial) as serial, w.ip, m.candidate_ids,
        coalesce(m.problem, d.reason, 'policies.create does not name devices') as problem
    from desired.devices w
    join match.devices m using (key)
    left join diff.devices d using (key)
    cross join may_create
    where m.problem is not null
       or (m.netbox_id is null and (d.action = 'blocked' or not list_contains(resources, 'devices')))
    union all
    select null, max(word) filter (kind = 'id'), list(word) filter (kind = 'name'), lower(max(word) filter (kind = 'serial')), null, [], what
    from desired.sightings where resource = 'devices' group by what
),
device_words as (
    select key, problem, lower(n.name) as name from unsettled_devices, unnest(names) as n(name)
    union
    select key, problem, lower(short_name(n.name)) from unsettled_devices, unnest(names) as n(name) where short_name(n.name) is not null
),
device_names as (
    select id, lower(name) as name from netbox.devices where name is not null
    union
    select id, lower(short_name(name)) from netbox.devices where short_name(name) is not null
),
claimed_devices as (
    select d.id, source_claim(d.cf, settings.node_field, settings.id_scope, settings.only_of_its_kind) as claim
    from netbox.devices d, settings where contains(d.cf, settings.node_field)
),
device_hits as (
    select key, problem, unnest(candidate_ids) as id from unsettled_devices
    union
    select w.key, w.problem, d.id from device_words w join device_names d using (name)
    union
    select u.key, u.problem, d.id from unsettled_devices u join claimed_devices d on d.claim = u.source_id
    union
    select u.key, u.problem, d.id from unsettled_devices u join netbox.devices d on lower(trim(d.serial)) = u.serial
    union
    select u.key, u.problem, d.id
    from unsettled_devices u
    join netbox.ip_addresses a on a.host = u.ip
    join netbox.devices d on a.id in (d.primary_ip4_id, d.primary_ip6_id)
    union
    -- A member of a stack, by its place in NetBox's virtual chassis.
    select u.key, u.problem, d.id
    from unsettled_devices u
    join desired.members m on m.key = u.key
    join match.devices s on s.key = m.device
    join netbox.devices n on n.id = s.netbox_id
    join netbox.devices d on d.virtual_chassis_id = n.virtual_chassis_id and d.vc_position = m.position
),

-- Virtual machines ---------------------------------------------------------------------------------------------------
unsettled_guests as (
    select w.key, w.source_id, w.name, w.cluster, m.candidate_ids, c.netbox_id as cluster_id,
        m.problem is not null or d.action = 'blocked' or not list_contains(resources, 'virtual_machines') as held_back,
        coalesce(m.problem, d.reason, 'it is not in NetBox yet') as problem
    from desired.virtual_machines w
    join match.virtual_machines m using (key)
    left join diff.virtual_machines d using (key)
    left join match.clusters c on c.key = w.cluster
    cross join may_create
    where m.netbox_id is null
),
machines as (
    select v.id, lower(v.name) as name, v.cluster_id, lower(json_extract_string(v.cf, '$.' || settings.cluster_field)) as held_cluster,
        json_extract_string(v.cf, '$.' || settings.id_field) as held_id
    from netbox.virtual_machines v, settings where settings.cluster_field is not null
),
machine_hits as (
    select key, problem, true as shown, unnest(candidate_ids) as id from unsettled_guests
    union
    select u.key, u.problem, true, m.id from unsettled_guests u join machines m on m.held_id = u.source_id and m.held_cluster = lower(u.cluster)
    union
    select u.key, u.problem, u.held_back, m.id from unsettled_guests u join machines m on m.name = lower(u.name)
    where m.cluster_id = u.cluster_id or m.held_cluster = lower(u.cluster)
    union
    select u.key, u.problem, false, i.virtual_machine_id
    from unsettled_guests u
    join desired.vm_interfaces w on w.virtual_machine = u.key and w.mac <> ''
    join netbox.mac_addresses a on upper(a.mac_address) = w.mac and a.assigned_object_type = 'virtualization.vminterface'
    join netbox.vm_interfaces i on i.id = a.assigned_object_id
    where u.held_back
),

-- Interfaces of devices --------------------------------------------------------------------------------------------
unpaired as (
    select netbox_id as id, device_id, name, claim from match.interface_pairs where netbox_id is not null and not settled
    union
    -- A port had it by name, and is another interface after all.
    select p.netbox_id, p.device_id, p.name, p.claim from match.interface_pairs p
    where p.netbox_id in (select previous_id from match.interface_exceptions)
),
unsettled_ports as (
    select e.key, e.device, e.name, e.mac, e.candidate_ids, w.source_id, coalesce(e.problem, 'policies.create does not name interfaces') as problem
    from match.interface_exceptions e
    join desired.interfaces w on w.key = e.key
    cross join may_create
    where e.problem is not null or (e.netbox_id is null and not list_contains(resources, 'interfaces'))
),
-- Where each may be: on its device, or on another one of its stack.
port_places as (
    select u.*, m.netbox_id as device_id from unsettled_ports u join match.devices m on m.key = u.device
    union all
    select u.*, h.netbox_id from unsettled_ports u join match.housings h on h.key = u.device
),
ports as (
    select id, device_id, claim, interface_alias(name) as alias from unpaired
    where device_id in (select device_id from port_places) or claim is not null
),
port_hits as (
    select u.key, u.problem, p.id from port_places u join ports p on p.device_id = u.device_id and p.alias = interface_alias(u.name)
    union
    select u.key, u.problem, p.id from unsettled_ports u join ports p on p.claim = u.source_id
    union
    select u.key, u.problem, p.id
    from port_places u
    join netbox.mac_addresses a on upper(a.mac_address) = u.mac and a.assigned_object_type = 'dcim.interface'
    join ports p on p.id = a.assigned_object_id and p.device_id = u.device_id
    where u.mac <> ''
    union
    select key, problem, unnest(candidate_ids) from unsettled_ports
),
sighted_ports as (
    select s.*, p.id, p.name, p.claim, m.mac_address
    from desired.sightings s
    join match.devices d on s.owner in ('*', d.key)
    join unpaired p on p.device_id = d.netbox_id
    left join netbox.mac_addresses m on m.assigned_object_type = 'dcim.interface' and m.assigned_object_id = p.id
    where s.resource = 'interfaces'
),

-- Interfaces of guests -----------------------------------------------------------------------------------------------
unpaired_nics as (
    select i.id, i.virtual_machine_id as vm_id, lower(i.name) as name
    from netbox.vm_interfaces i
    where i.virtual_machine_id in (select netbox_id from match.virtual_machines)
      and i.id not in (select netbox_id from match.vm_interfaces where netbox_id is not null)
),
unsettled_nics as (
    select w.key, w.virtual_machine, w.name, w.old_name, w.mac, m.candidate_ids, v.netbox_id as vm_id,
        m.problem is not null or not list_contains(resources, 'vm_interfaces') as held_back,
        coalesce(m.problem, 'it is not in NetBox yet') as problem
    from desired.vm_interfaces w
    join match.vm_interfaces m using (key)
    join match.virtual_machines v on v.key = w.virtual_machine
    cross join may_create
    where m.netbox_id is null
),
nic_hits as (
    select key, problem, true as shown, unnest(candidate_ids) as id from unsettled_nics
    union
    select u.key, u.problem, u.held_back, n.id from unsettled_nics u join unpaired_nics n using (vm_id)
    where n.name in (lower(u.name), lower(u.old_name))
    union
    select u.key, u.problem, u.held_back, n.id
    from unsettled_nics u
    join unpaired_nics n using (vm_id)
    join netbox.mac_addresses a on a.assigned_object_type = 'virtualization.vminterface' and a.assigned_object_id = n.id
        and upper(a.mac_address) = u.mac
    where u.mac <> ''
),

-- Modules --------------------------------------------------------------------------------------------------------------
-- A part of the device in an unknown bay may be any of its modules that has neither another serial nor another type.
unsettled_parts as (
    select w.key, lower(w.serial) as serial, lower(w.bay) as bay, d.netbox_id as device_id, m.bay_id,
        r.netbox_id as type_id, coalesce(m.problem, 'its module bay is not in NetBox') as problem
    from desired.modules w
    join match.modules m using (key)
    join match.devices d on d.key = w.device
    left join match.references r on r.owner_resource = 'modules' and r.owner_key = w.key and r.field = 'module_type'
    where m.problem is not null or m.elsewhere_id is not null or (m.netbox_id is null and m.bay_id is null)
),
part_hits as (
    select u.key, u.problem, i.id
    from unsettled_parts u
    join netbox.modules i on i.device_id = u.device_id
    where lower(trim(i.serial)) = u.serial
       or ((u.serial is null or is_placeholder(i.serial)) and (u.type_id is null or i.module_type_id = u.type_id))
)

select 'dcim/devices' as object_type, id as netbox_id,
    'it may be ' || coalesce(key || ': ', '') || problem as reason, key is not null as shown
from device_hits
union
select 'virtualization/virtual-machines', id, 'it may be ' || key || ': ' || problem, shown from machine_hits
union
select 'dcim/interfaces', id, 'it may be ' || key || ': ' || problem, true from port_hits
union
select 'dcim/interfaces', id, 'it may be ' || what, false
from sighted_ports
where (kind = 'id' and claim = word) or (kind = 'name' and interface_alias(name) = interface_alias(word))
   or (kind = 'mac' and upper(mac_address) = word)
union
select 'virtualization/interfaces', id, 'it may be ' || key || ': ' || problem, shown from nic_hits
union
select 'dcim/modules', id, 'it may be ' || key || ': ' || problem, false from part_hits
union
-- What is left out of the comparison, by its own name on its guest.
select 'virtualization/interfaces', n.id, 'it may be ' || s.what, false
from desired.sightings s
join match.virtual_machines v on v.key = s.owner
join unpaired_nics n on n.vm_id = v.netbox_id and n.name = lower(s.word)
where s.resource = 'vm_interfaces'
union
select 'virtualization/virtual-machines', m.id, 'it may be ' || s.what, false
from desired.sightings s
cross join settings
join machines m on m.held_cluster = lower(settings.id_scope) and (lower(s.word) = m.name or s.word = m.held_id)
where s.resource = 'virtual_machines'
union
select 'virtualization/virtual-disks', d.id, 'it may be ' || s.what, false
from desired.sightings s
join match.virtual_machines v on v.key = s.owner
join netbox.virtual_disks d on d.virtual_machine_id = v.netbox_id and d.name = s.word
where s.resource = 'virtual_disks'
union
select 'ipam/ip-addresses', a.id, 'it may be ' || s.what, false
from desired.sightings s join netbox.ip_addresses a on a.host = s.word
where s.resource = 'ip_addresses'
union
select 'dcim/modules', i.id, 'it may be ' || s.what, false
from desired.sightings s
join match.devices d on d.key = s.owner
join netbox.modules i on i.device_id = d.netbox_id and lower(trim(i.serial)) = lower(s.word)
where s.resource = 'modules'
