-- All words under which a source could know what was edited in NetBox. Key: word.
-- Names, serial numbers, asset tags, MAC and IP addresses, clusters and virtual chassis of the machines in
-- edits.machines and of what was edited itself; the names of edited tags and VLANs; 'vid <VID>' of these; and
-- '<list endpoint> <id>' and '#<id>'.
-- endpoint_words.sql has the other side.
with devices as (select id from edits.machines where type = 'device'),
machines as (select id from edits.machines where type = 'machine'),
ports as materialized (select id from edits.interfaces where device_id in (from devices)),
nics as materialized (select id from edits.vm_interfaces where virtual_machine_id in (from machines)),
vlans as (select id from edits.changed where table_name = 'vlans'),
texts as (
    select unnest([d.name, short_name(d.name), d.serial, d.asset_tag, c.name, v.name]) as text
    from edits.devices d
    left join edits.clusters c on c.id = d.cluster_id
    left join edits.virtual_chassis v on v.id = d.virtual_chassis_id
    where d.id in (from devices)
    union all
    select unnest([m.name, short_name(m.name), regexp_replace(m.name, ' \([^()]*\)$', ''), m.serial, c.name])
    from edits.virtual_machines m left join edits.clusters c on c.id = m.cluster_id
    where m.id in (from machines)
    union all
    select serial from edits.modules where device_id in (from devices)
    union all
    select mac_address from edits.mac_addresses
    where id in (select id from edits.changed where table_name = 'mac_addresses')
       or (assigned_object_type = 'dcim.interface' and assigned_object_id in (from ports))
       or (assigned_object_type = 'virtualization.vminterface' and assigned_object_id in (from nics))
    union all
    select unnest([name, slug]) from edits.tags where id in (select id from edits.changed where table_name = 'tags')
    union all
    select name from edits.vlans where id in (from vlans)
    union all
    select unnest([host, dns_name, short_name(dns_name)]) from edits.ip_addresses where id in (from edits.addresses)
),
objects as (
    select case type when 'device' then 'dcim/devices' else 'virtualization/virtual-machines' end as path, id
    from edits.machines
    union all
    select 'dcim/interfaces', id from ports
    union all
    select 'virtualization/interfaces', id from nics
    union all
    select 'ipam/ip-addresses', id from edits.addresses
    union all
    select 'dcim/mac-addresses', id from edits.changed where table_name = 'mac_addresses'
    union all
    select 'virtualization/virtual-disks', id from edits.changed where table_name = 'virtual_disks'
    union all
    select 'dcim/modules', id from edits.changed where table_name = 'modules'
    union all
    select 'dcim/module-bays', id from edits.changed where table_name = 'module_bays'
    union all
    select 'dcim/cables', id from edits.changed where table_name = 'cables'
    union all
    select 'ipam/vlans', id from vlans
)
select distinct word_of(text) as word from texts where word_of(text) <> ''
union all
select path || ' ' || id from objects
union all
select distinct '#' || id from objects
union all
select distinct 'vid ' || vid from edits.vlans where id in (from vlans)
