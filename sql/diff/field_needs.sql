-- Fields that NetBox takes only together with another field, of the same row or of another: its own validation (clean()
-- of the models) refuses them otherwise. Key: resource + key + field. needs_key is NULL where no change helps.
-- A create that lacks such a field is blocked by it, of an update that field alone is a conflict (compare/together.py).
-- Covered elsewhere: places, groups and ranges of VLANs (match/vlans.sql), networks of addresses and primary addresses
-- that move (diff/ip_addresses.sql), stacks (match/stack_needs.sql), bays of modules (match/modules.sql).
with written as (
    select r.resource, r.key, r.netbox_id, r.action, f.field, f.after
    from diff.rows r, unnest(r.fields) as u(f)
    where r.action in ('create', 'update') and f.verdict = 'update'
      and (r.action = 'update' or r.resource in ('devices', 'virtual_machines', 'primary_ips', 'primary_macs'))
),

-- Clusters: site and location of their scope, as they will be.
cluster_places as (
    select m.key, m.netbox_id,
        case when c.scope_type = 'dcim.site' then c.scope_id
             when c.scope_type = 'dcim.location' then l.site_id
             when c.scope_type is null then r.netbox_id end as site_id,
        if(c.scope_type = 'dcim.location', c.scope_id, null) as location_id, coalesce(c.name, m.name, m.key) as name
    from match.clusters m
    left join netbox.clusters c on c.id = m.netbox_id
    left join netbox.locations l on c.scope_type = 'dcim.location' and l.id = c.scope_id
    left join match.references r on r.owner_resource = 'clusters' and r.owner_key = m.key and r.field = 'site'
),
sites as (select id, name from netbox.sites),

-- Virtual machines ---------------------------------------------------------------------------------------------
machines as (
    select w.key, m.netbox_id, a.cluster_id as had_cluster, a.device_id as had_device, a.site_id as had_site,
        c.key as cluster_key, c.netbox_id as cluster_id, c.name as cluster_name, c.site_id as cluster_site,
        w.device as device_key, d.netbox_id as device_id, coalesce(d.name, w.device) as device_name,
        host.cluster_id as device_cluster, coalesce(host.site_id, dr.netbox_id) as device_site,
        hc.name as device_cluster_name, coalesce(hs.name, dr.name) as device_site_name,
        old.cluster_id as had_device_cluster, old.name as had_device_name, s.name as had_site_name
    from desired.virtual_machines w
    join match.virtual_machines m using (key)
    left join netbox.virtual_machines a on a.id = m.netbox_id
    left join cluster_places c on c.key = w.cluster
    left join match.devices d on d.key = w.device
    left join netbox.devices host on host.id = d.netbox_id
    left join netbox.clusters hc on hc.id = host.cluster_id
    left join sites hs on hs.id = host.site_id
    left join match.references dr on dr.owner_resource = 'devices' and dr.owner_key = w.device and dr.field = 'site'
    left join netbox.devices old on old.id = a.device_id
    left join sites s on s.id = a.site_id
    where w.key in (select key from written where resource = 'virtual_machines')
),
machine_needs as (
    -- The device has to be in the machine's cluster.
    select 'virtual_machines' as resource, key, 'device' as field, 'devices' as needs_resource, device_key as needs_key,
        'cluster' as needs_field, 'NetBox takes only a device of its cluster ' || cluster_name || ', and ' || device_name || ' is in '
            || coalesce('cluster ' || device_cluster_name, 'no cluster') as why
    from machines where device_cluster is null or device_cluster is distinct from cluster_id
    union all
    select 'virtual_machines', key, 'device', 'virtual_machines', key, 'cluster',
        'NetBox takes only a device of its cluster, and ' || device_name || ' is in cluster ' || cluster_name
    from machines where netbox_id is not null and had_cluster is distinct from cluster_id
    union all
    select 'virtual_machines', key, 'cluster', 'virtual_machines', key, 'device',
        'its device ' || had_device_name || ' is not in cluster ' || cluster_name
    from machines
    where netbox_id is not null and had_device is not null and had_device_cluster is distinct from cluster_id
      and had_device is distinct from device_id
    union all
    -- Once a machine has a site, its cluster and its device have to be there.
    select 'virtual_machines', key, 'cluster', 'virtual_machines', key, 'site',
        'it is at site ' || had_site_name || ', and cluster ' || cluster_name || ' is not'
    from machines where had_site is not null and cluster_site is not null and had_site <> cluster_site
    union all
    select 'virtual_machines', key, 'device', 'virtual_machines', key, 'site',
        'it is at site ' || had_site_name || ', and device ' || device_name || ' is at ' || device_site_name
    from machines where had_site is not null and device_site is not null and had_site <> device_site
),

-- Devices ------------------------------------------------------------------------------------------------------
devices as (
    select w.key, m.netbox_id, a.site_id as had_site, a.location_id as had_location, a.cluster_id as had_cluster,
        rs.netbox_id as site_id, rs.name as site_name, c.site_id as cluster_site, c.location_id as cluster_location,
        c.name as cluster_name, hs.name as had_site_name, rack.name as rack_name, rack.site_id as rack_site,
        l.name as location_name, l.site_id as location_site, hc.site_id as had_cluster_site, hc.name as had_cluster_name,
        wl.netbox_id as wanted_location,
        had_type.manufacturer_id as had_maker, type.manufacturer_id as maker, type.model as model, had_type.model as had_model,
        had_platform.manufacturer_id as had_platform_maker, had_platform.name as had_platform_name,
        platform.manufacturer_id as platform_maker, platform.name as platform_name
    from desired.devices w
    join match.devices m using (key)
    left join netbox.devices a on a.id = m.netbox_id
    left join match.references rs on rs.owner_resource = 'devices' and rs.owner_key = w.key and rs.field = 'site'
    left join match.references wl on wl.owner_resource = 'devices' and wl.owner_key = w.key and wl.field = 'location'
    left join match.references rt on rt.owner_resource = 'devices' and rt.owner_key = w.key and rt.field = 'device_type'
    left join match.references rp on rp.owner_resource = 'devices' and rp.owner_key = w.key and rp.field = 'platform'
    left join cluster_places c on c.key = w.cluster
    left join cluster_places hc on hc.netbox_id = a.cluster_id
    left join sites hs on hs.id = a.site_id
    left join netbox.racks rack on rack.id = a.rack_id
    left join netbox.locations l on l.id = a.location_id
    left join netbox.device_types had_type on had_type.id = a.device_type_id
    left join netbox.device_types type on type.id = rt.netbox_id
    left join netbox.platforms had_platform on had_platform.id = a.platform_id
    left join netbox.platforms platform on platform.id = rp.netbox_id
    where w.key in (select key from written where resource = 'devices')
),
device_needs as (
    -- A cluster with a site, or a location, holds only devices of that place.
    select 'devices' as resource, key, 'cluster' as field, 'devices' as needs_resource,
        if(site_id is distinct from cluster_site, null, key) as needs_key, 'site' as needs_field,
        'cluster ' || cluster_name || ' is at another site than the device (' || coalesce(had_site_name, site_name) || ')' as why
    from devices where cluster_site is not null and coalesce(had_site, site_id) is distinct from cluster_site
    union all
    select 'devices', key, 'cluster', 'devices', if(wanted_location is distinct from cluster_location, null, key), 'location',
        'cluster ' || cluster_name || ' is in another location than the device'
    from devices
    where cluster_location is not null and if(netbox_id is null, wanted_location, had_location) is distinct from cluster_location
    union all
    select 'devices', key, 'site', 'devices', null, null, 'its rack ' || rack_name || ' is at another site'
    from devices where rack_site is not null and rack_site <> site_id
    union all
    select 'devices', key, 'site', 'devices', key, 'location', 'its location ' || location_name || ' is at another site'
    from devices where location_site is not null and location_site <> site_id
    union all
    select 'devices', key, 'site', 'devices', key, 'cluster', 'its cluster ' || had_cluster_name || ' is at another site'
    from devices where had_cluster_site is not null and had_cluster_site <> site_id
    union all
    -- A platform may be one manufacturer's only.
    select 'devices', key, 'platform', 'devices', if(maker is distinct from platform_maker, null, key), 'device_type',
        'platform ' || platform_name || ' is for another manufacturer than that of ' || coalesce(had_model, model)
    from devices where platform_maker is not null and coalesce(had_maker, maker) <> platform_maker
    union all
    select 'devices', key, 'device_type', 'devices', key, 'platform',
        'its platform ' || had_platform_name || ' is for another manufacturer than that of ' || model
    from devices where netbox_id is not null and had_platform_maker is not null and maker <> had_platform_maker
),

-- Clusters: a site can only hold those whose hosts are there.
cluster_needs as (
    select 'clusters' as resource, w.key, 'scope' as field, 'clusters' as needs_resource, null as needs_key, null as needs_field,
        'devices of this cluster are at other sites in NetBox: ' || left(string_agg(d.name, ', ' order by d.name), 200) as why
    from written w
    join cluster_places c on c.key = w.key
    join netbox.devices d on d.cluster_id = c.netbox_id
        and d.site_id is distinct from try_cast(json_extract_string(w.after, '$.id') as bigint)
    where w.resource = 'clusters' and w.field = 'scope' and json_extract_string(w.after, '$.type') = 'dcim.site'
    group by w.key
),

-- Interfaces: which VLANs a mode allows, and what a type allows ------------------------------------------------
ports as (
    select 'interfaces' as resource, w.key, w.field, w.after, coalesce(a.mode, '') as mode,
        a.untagged_vlan_id is not null as untagged, len(coalesce(a.tagged_vlan_ids, [])) > 0 as tagged, a.type,
        a.cable_id is not null as cabled, a.mark_connected, a.parent_id, a.lag_id
    from written w join netbox.interfaces a on a.id = w.netbox_id
    where w.resource = 'interfaces' and w.field in ('mode', 'untagged_vlan', 'tagged_vlans', 'type', 'parent', 'lag')
    union all
    select 'vm_interfaces', w.key, w.field, w.after, coalesce(a.mode, ''), a.untagged_vlan_id is not null,
        len(coalesce(a.tagged_vlan_ids, [])) > 0, null, false, false, null, null
    from written w join netbox.vm_interfaces a on a.id = w.netbox_id
    where w.resource = 'vm_interfaces' and w.field in ('mode', 'untagged_vlan', 'tagged_vlans')
),
port_needs as (
    select resource, key, field, resource as needs_resource, key as needs_key, 'mode' as needs_field,
        'the interface has no 802.1Q mode in NetBox' as why
    from ports where field = 'untagged_vlan' and after <> 'null' and mode = ''
    union all
    select resource, key, field, resource, key, 'mode', 'the interface is not in mode tagged in NetBox'
    from ports where field = 'tagged_vlans' and after not in ('null', '[]') and mode <> 'tagged'
    union all
    select resource, key, field, resource, key, 'tagged_vlans', 'the interface has tagged VLANs in NetBox, which mode ' || after || ' does not allow'
    from ports where field = 'mode' and tagged and after <> '"tagged"'
    union all
    select resource, key, field, resource, key, 'untagged_vlan', 'the interface has an untagged VLAN in NetBox'
    from ports where field = 'mode' and untagged and after in ('null', '""')
    union all
    select resource, key, field, resource, null, null, 'it has a cable in NetBox, or is marked as connected'
    from ports where field = 'type' and after in ('"virtual"', '"bridge"', '"lag"') and (cabled or mark_connected)
    union all
    select resource, key, field, resource, key, 'parent', 'it has a parent interface in NetBox'
    from ports where field = 'type' and after <> '"virtual"' and parent_id is not null
    union all
    select resource, key, field, resource, key, 'lag', 'it is a member of a LAG in NetBox'
    from ports where field = 'type' and after = '"virtual"' and lag_id is not null
    union all
    select resource, key, field, resource, key, 'type', 'only a virtual interface has a parent, and it is of type ' || type
    from ports where field = 'parent' and after <> 'null' and type <> 'virtual'
    union all
    select resource, key, field, resource, key, 'type', 'a virtual interface is no member of a LAG'
    from ports where field = 'lag' and after <> 'null' and type = 'virtual'
),

-- Primary addresses: NetBox takes only one that is assigned to the device, machine or interface.
chosen as (
    select resource, key, field, json_extract_string(after, '$.name') as name,
        try_cast(json_extract_string(after, '$.id') as bigint) as id
    from written
    where resource in ('primary_ips', 'primary_macs') and json_extract_string(after, '$.id') is not null
),
address_needs as (
    select c.resource, c.key, c.field, r.resource as needs_resource, r.key as needs_key, 'assigned_object' as needs_field,
        c.name || ' is assigned to something else in NetBox' as why
    from chosen c
    join diff.rows r on r.netbox_id = c.id and r.resource = if(c.resource = 'primary_ips', 'ip_addresses', 'mac_addresses')
    where len(list_filter(r.fields, lambda f: f.field = 'assigned_object')) > 0 and r.action <> 'delete'
)

from machine_needs
union all by name from device_needs
union all by name from cluster_needs
union all by name from port_needs
union all by name from address_needs
