-- What source objects and the NetBox objects that they may be have in common. Key: resource + key + netbox_id, as in
-- the table pairs. place: where NetBox has the object. agree: the witnesses that agree; differ: those that differ,
-- where both sides have one. taken_by: the endpoint that an answer gives the machine to.
with desired_names as (
    select 'devices' as resource, key, unnest(names) as name, serial from desired.devices where endpoint = $endpoint
    union all
    select 'virtual_machines', key, unnest([name, given_name]), null from desired.virtual_machines
    where endpoint = $endpoint
    union all
    select 'interfaces', key, name, null from desired.interfaces where endpoint = $endpoint
    union all
    select 'vm_interfaces', key, name, null from desired.vm_interfaces where endpoint = $endpoint
),
source_names as (
    select resource, key, list(distinct lower(name)) as names, any_value(lower(serial)) as serial
    from desired_names where name is not null group by resource, key
),
netbox_names as (
    select 'devices' as resource, d.id, d.name as shown, lower(d.name) as name, nullif(lower(d.serial), '') as serial,
        'site ' || s.name as place
    from netbox.devices d left join netbox.sites s on s.id = d.site_id
    union all
    select 'virtual_machines', v.id, v.name, lower(v.name), null, coalesce('cluster ' || c.name, 'no cluster')
    from netbox.virtual_machines v left join netbox.clusters c on c.id = v.cluster_id
    union all select 'interfaces', id, name, lower(name), null, null from netbox.interfaces
    union all select 'vm_interfaces', id, name, lower(name), null, null from netbox.vm_interfaces
),
-- A virtual machine belongs to one endpoint, a device may be in several.
taken as (
    select netbox_id, min(endpoint) as taken_by from ledger.resolutions
    where answer = 'pick' and state = 'valid' and resource = 'virtual_machines' and endpoint <> $endpoint
    group by netbox_id
),
-- MAC addresses and addresses of an object and, for devices and machines, of its interfaces.
source_marks as (
    select 'interfaces' as resource, key, 'MAC' as kind, lower(mac) as mark from desired.interfaces
    where endpoint = $endpoint and mac <> ''
    union all
    select 'devices', device, 'MAC', lower(mac) from desired.interfaces where endpoint = $endpoint and mac <> ''
    union all
    select 'vm_interfaces', key, 'MAC', lower(mac) from desired.vm_interfaces where endpoint = $endpoint and mac <> ''
    union all
    select 'virtual_machines', virtual_machine, 'MAC', lower(mac) from desired.vm_interfaces
    where endpoint = $endpoint and mac <> ''
    union all
    select interface_resource, interface, 'address', host from desired.ip_addresses
    where endpoint = $endpoint and left_out is null
    union all
    select owner_resource, owner, 'address', host from desired.ip_addresses
    where endpoint = $endpoint and left_out is null
),
netbox_interfaces as (
    select 'interfaces' as resource, 'dcim.interface' as type, id, 'devices' as owner_resource, device_id as owner_id
    from netbox.interfaces
    union all
    select 'vm_interfaces', 'virtualization.vminterface', id, 'virtual_machines', virtual_machine_id
    from netbox.vm_interfaces
),
assigned as (
    select assigned_object_type as type, assigned_object_id as id, 'MAC' as kind, lower(mac_address) as mark
    from netbox.mac_addresses
    union all
    select assigned_object_type, assigned_object_id, 'address', host from netbox.ip_addresses
),
netbox_marks as (
    select i.resource, i.id, a.kind, a.mark from netbox_interfaces i join assigned a using (type, id)
    union all
    select i.owner_resource, i.owner_id, a.kind, a.mark from netbox_interfaces i join assigned a using (type, id)
),
source_numbers as (
    select p.resource, p.key, p.netbox_id, s.kind, count(distinct s.mark) as in_source,
        count(distinct s.mark) filter (n.mark is not null) as in_both
    from pairs p
    join source_marks s on s.resource = p.resource and s.key = p.key
    left join netbox_marks n on n.resource = p.resource and n.id = p.netbox_id and n.kind = s.kind and n.mark = s.mark
    group by all
),
has_marks as (
    select distinct resource, id, kind from netbox_marks
),
marks as (
    select m.resource, m.key, m.netbox_id,
        list(if(m.in_source = 1, m.kind, m.in_both || ' of ' || m.in_source || ' '
            || if(m.kind = 'MAC', 'MACs', 'addresses')) order by m.kind) filter (m.in_both > 0) as agree,
        -- Without any on NetBox's side there is nothing to compare with.
        list(m.kind order by m.kind) filter (m.in_both = 0 and h.id is not null) as differ
    from source_numbers m
    left join has_marks h on h.resource = m.resource and h.id = m.netbox_id and h.kind = m.kind
    group by m.resource, m.key, m.netbox_id
)
select p.resource, p.key, p.netbox_id, n.shown as netbox_name, n.place,
    list_concat(
        list_filter([
            if(list_contains(s.names, n.name), 'name', null),
            if(not coalesce(list_contains(s.names, n.name), false) and list_has_any(
                list_transform(s.names, lambda name: split_part(name, '.', 1)), [split_part(n.name, '.', 1)]),
                'short name', null),
            if(s.serial = n.serial, 'serial', null)
        ], lambda word: word is not null),
        coalesce(m.agree, [])) as agree,
    list_concat(
        list_filter([
            if(not list_has_any(list_transform(s.names, lambda name: split_part(name, '.', 1)),
                [split_part(n.name, '.', 1)]), 'name', null),
            if(s.serial <> n.serial, 'serial', null)
        ], lambda word: word is not null),
        coalesce(m.differ, [])) as differ,
    t.taken_by
from pairs p
left join netbox_names n on n.resource = p.resource and n.id = p.netbox_id
left join source_names s on s.resource = p.resource and s.key = p.key
left join marks m on m.resource = p.resource and m.key = p.key and m.netbox_id = p.netbox_id
left join taken t on p.resource = 'virtual_machines' and t.netbox_id = p.netbox_id
order by p.resource, p.key, p.netbox_id
