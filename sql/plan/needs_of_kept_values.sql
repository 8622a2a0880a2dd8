-- Objects with a value that NetBox no longer accepts beside the others, as after a device was moved to another site
-- or cluster: NetBox checks the whole object, and refuses every edit that leaves such a value; see
-- sql/plan/field_needs.sql.
with edited as materialized (
    select r.resource, r.key, r.object_type, r.netbox_id, f.field, f.after
    from diff.rows r, unnest(r.fields) as u(f)
    where r.action = 'update' and f.decision = 'update' and r.netbox_id is not null
),
-- Devices in the place where they will be; -1: one that NetBox does not have yet. moved: the row that moves them.
moves as (
    select netbox_id as id, any_value(key) as key,
        max(coalesce(try_cast(json_extract_string(after, '$.id') as bigint), -1)) filter (field = 'site') as site_id,
        max(coalesce(try_cast(json_extract_string(after, '$.id') as bigint), -1)) filter (field = 'cluster')
            as cluster_id
    from edited where resource = 'devices' and field in ('site', 'cluster') group by netbox_id
),
hosts as (
    select d.id, coalesce(d.name, 'device ' || d.id) as name, d.site_id as had_site, d.cluster_id as had_cluster,
        coalesce(m.site_id, d.site_id) as site_id, coalesce(m.cluster_id, d.cluster_id) as cluster_id, m.key as moved
    from netbox.devices d left join moves m on m.id = d.id
),
-- Clusters with the place that their hosts must be in.
scoped as (
    select c.id, c.name, coalesce(s.id, l.site_id) as site_id, l.id as location_id, coalesce(l.name, s.name) as place
    from netbox.clusters c
    left join netbox.sites s on c.scope_type = 'dcim.site' and s.id = c.scope_id
    left join netbox.locations l on c.scope_type = 'dcim.location' and l.id = c.scope_id
    where coalesce(s.id, l.id) is not null
),
edited_clusters as (
    select netbox_id as id, any_value(key) as key, min(field) as field, max(field) filter (field = 'scope') as scope
    from edited where resource = 'clusters' group by netbox_id
),
machines as (
    select v.id, v.site_id, v.cluster_id, h.had_site, h.had_cluster, h.moved, h.name as host, h.site_id as host_site,
        h.cluster_id as host_cluster
    from netbox.virtual_machines v
    join hosts h on h.id = v.device_id
    where v.id in (select netbox_id from edited where object_type = 'virtualization/virtual-machines')
),

-- mended_by: the fields of the object of which a new value helps. other: the field of another object that helps too.
kept as (
    select 'dcim/interfaces' as object_type, a.id, ['untagged_vlan'] as mended_by,
        null::struct(resource varchar, key varchar, field varchar) as other,
        because('untagged_vlan_at_another_site', {vlan: v.vid || ' ' || v.name, site: s.name}) as why
    from netbox.vlans v
    join netbox.sites s on s.id = v.site_id
    join netbox.interfaces a on a.untagged_vlan_id = v.id
    join netbox.devices d on d.id = a.device_id
    where d.site_id is distinct from v.site_id
    union all
    select 'virtualization/interfaces', a.id, ['untagged_vlan'], null,
        because('untagged_vlan_at_another_site', {vlan: v.vid || ' ' || v.name, site: s.name})
    from netbox.vlans v
    join netbox.sites s on s.id = v.site_id
    join netbox.vm_interfaces a on a.untagged_vlan_id = v.id
    join netbox.virtual_machines m on m.id = a.virtual_machine_id
    where m.site_id is distinct from v.site_id
    union all
    -- A machine is in the cluster and at the site of its device.
    select 'virtualization/virtual-machines', id, ['device', 'cluster'],
        if(host_cluster is not distinct from cluster_id,
            {'resource': 'devices', 'key': moved, 'field': 'cluster'}, null),
        because('machine_without_its_device', {device: host})
    from machines
    where host_cluster is distinct from cluster_id or had_cluster is distinct from cluster_id
    union all
    select 'virtualization/virtual-machines', id, ['device', 'site'],
        if(host_site = site_id, {'resource': 'devices', 'key': moved, 'field': 'site'}, null),
        because('machine_not_at_site_of_device', {device: host})
    from machines where site_id is not null and (host_site <> site_id or had_site <> site_id)
    union all
    -- Its cluster goes with its location to another site, and takes it along only when the cluster is saved.
    select 'virtualization/virtual-machines', v.id, ['cluster', 'site'],
        {'resource': 'clusters', 'key': e.key, 'field': e.field},
        because('machine_not_at_site_of_cluster', {cluster: c.name})
    from netbox.virtual_machines v
    join scoped c on c.id = v.cluster_id
    left join edited_clusters e on e.id = c.id
    where v.site_id <> c.site_id
    union all
    -- Where a rack or location moves to another site, its devices move along, and stay in their clusters.
    select 'dcim/devices', d.id, if(c.site_id <> d.site_id, ['cluster', 'site'], ['cluster', 'location']),
        if(e.scope is null, null, {'resource': 'clusters', 'key': e.key, 'field': e.scope}),
        because('cluster_in_another_place', {cluster: c.name, place: if(c.site_id <> d.site_id, 'site', 'location')})
    from netbox.devices d
    join scoped c on c.id = d.cluster_id
    left join edited_clusters e on e.id = c.id
    where d.site_id <> c.site_id or c.location_id is not null and d.location_id is distinct from c.location_id
    union all
    select 'virtualization/clusters', c.id, ['scope'], null,
        because('cluster_hosts_elsewhere', {place: c.place, devices: (list(h.name order by h.name))[:10],
            more: nullif(greatest(count(*) - 10, 0), 0)})
    from scoped c
    join netbox.devices d on d.cluster_id = c.id
    join hosts h on h.id = d.id
    where d.site_id <> c.site_id or c.location_id is not null and d.location_id is distinct from c.location_id
    group by c.id, c.place
    union all
    -- A platform may be limited to one manufacturer, at any time.
    select 'dcim/devices', d.id, ['platform', 'device_type'], null,
        because('platform_of_another_maker', {platform: p.name, model: t.model})
    from netbox.platforms p
    join netbox.devices d on d.platform_id = p.id
    join netbox.device_types t on t.id = d.device_type_id
    where p.manufacturer_id <> t.manufacturer_id
    union all
    -- A type may be made full-depth or a child device at any time.
    select 'dcim/devices', id, ['device_type', 'rack'], null, case when no_place
        then because('kept_at_a_rack_unit', {model: model, rack: rack})
        else because('kept_without_room_in_rack', {model: model, height: height, unit: unit, rack: rack,
            device: device}) end
    from diff.rack_room where not edited
    union all
    -- LAG, parent and bridge are on the same device, or in the same virtual chassis.
    select 'dcim/interfaces', a.id, [a.field], null,
        because('linked_to_another_device', {link: if(a.field = 'lag', 'LAG', a.field), interface: o.name,
            device: coalesce(other.name, 'device ' || other.id)})
    from (
        select id, device_id, unnest([{'field': 'lag', 'to_id': lag_id}, {'field': 'parent', 'to_id': parent_id},
            {'field': 'bridge', 'to_id': bridge_id}], recursive := true)
        from netbox.interfaces where coalesce(lag_id, parent_id, bridge_id) is not null
          and id in (select netbox_id from edited where object_type = 'dcim/interfaces')
    ) a
    join netbox.interfaces o on o.id = a.to_id and o.device_id <> a.device_id
    join netbox.devices d on d.id = a.device_id
    join netbox.devices other on other.id = o.device_id
    where d.virtual_chassis_id is null or d.virtual_chassis_id is distinct from other.virtual_chassis_id
    union all
    -- A group's ranges may be narrowed at any time.
    select 'ipam/vlans', v.id, []::varchar[], null,
        because('vlan_outside_its_group', {vid: v.vid, 'group': g.name})
    from netbox.vlan_groups g
    join netbox.vlans v on v.group_id = g.id
    where not takes_vid(g.vid_ranges, v.vid)
    union all
    -- So may its scope, and a site may leave its site group.
    select 'ipam/vlans', v.id, []::varchar[], null,
        because('vlan_outside_scope_of_its_group', {vid: v.vid, site: s.name, 'group': g.name})
    from netbox.vlan_groups g
    join netbox.vlans v on v.group_id = g.id
    join netbox.sites s on s.id = v.site_id
    where g.scope_type = 'dcim.site' and s.id <> g.scope_id
       or g.scope_type = 'dcim.sitegroup' and s.group_id is distinct from g.scope_id
    union all
    -- The bay types of both may be changed at any time.
    select 'dcim/modules', m.id, ['module_bay', 'module_type'], null,
        because('module_bay_takes_it_no_longer', {bay: b.name, model: t.model})
    from netbox.modules m
    join netbox.module_bays b on b.id = m.module_bay_id
    join netbox.module_types t on t.id = m.module_type_id
    where len(b.bay_type_ids) > 0 and len(t.bay_type_ids) > 0 and not list_has_any(b.bay_type_ids, t.bay_type_ids)
    union all
    -- The primary address may be on a device that left the virtual chassis, or belong to another address by NAT.
    select 'dcim/devices', d.id, [d.field], null,
        because('primary_address_not_on_it', {which: d.which, address: p.address})
    from (
        select id, virtual_chassis_id as chassis, unnest([
            {'field': 'primary_ip4', 'which': 'primary', 'address_id': primary_ip4_id},
            {'field': 'primary_ip6', 'which': 'primary', 'address_id': primary_ip6_id},
            {'field': 'oob_ip', 'which': 'out-of-band', 'address_id': oob_ip_id}], recursive := true)
        from netbox.devices where id in (select netbox_id from edited where object_type = 'dcim/devices')
    ) d
    join netbox.ip_addresses p on p.id = d.address_id
    where not exists (
        from netbox.ip_addresses a
        join netbox.interfaces i on a.assigned_object_type = 'dcim.interface' and i.id = a.assigned_object_id
        join netbox.devices o on o.id = i.device_id
        where a.id in (p.id, p.nat_inside_id)
          and (o.id = d.id or o.virtual_chassis_id = d.chassis and not coalesce(i.mgmt_only, false)))
    union all
    -- NetBox before 4.7 took a MAC address that is on no interface.
    select i.object_type, i.id, ['primary_mac_address'], null, because('primary_mac_not_on_it', {mac: m.mac_address})
    from (
        select 'dcim/interfaces' as object_type, 'dcim.interface' as model, id, primary_mac_id from netbox.interfaces
        union all
        select 'virtualization/interfaces', 'virtualization.vminterface', id, primary_mac_id from netbox.vm_interfaces
    ) i
    join netbox.mac_addresses m on m.id = i.primary_mac_id
    where (m.assigned_object_type, m.assigned_object_id) is distinct from (i.model, i.id)
      and (m.assigned_object_type is not null or target_release() >= 407)
    union all
    -- A VRF may be made to take an address once at any time; some roles share an address.
    select 'ipam/ip-addresses', a.id, ['vrf'], null,
        because('address_twice_in_vrf', {address: a.host, vrf: v.name})
    from netbox.vrfs v
    join netbox.ip_addresses a on a.vrf_id = v.id
    join netbox.ip_addresses o on o.vrf_id = v.id and o.host = a.host and o.id <> a.id
    where v.enforce_unique and a.id in (select netbox_id from edited where object_type = 'ipam/ip-addresses')
      and len(list_filter([a.role, o.role],
          lambda role: role in ('anycast', 'vip', 'vrrp', 'hsrp', 'glbp', 'carp'))) < 2
    group by a.id, a.host, v.name
),
mends as (
    select k.object_type, k.id, k.why, min_by({'resource': e.resource, 'key': e.key, 'field': e.field},
        e.resource || e.key || e.field) as mend
    from kept k join edited e on e.object_type = k.object_type and e.netbox_id = k.id
        and list_contains(k.mended_by, e.field)
    group by all
)
select e.resource, e.key, e.field,
    coalesce(m.mend.resource, if(k.other.key is null, e.resource, k.other.resource)) as needs_resource,
    coalesce(m.mend.key, k.other.key, e.key) as needs_key,
    coalesce(m.mend.field, if(k.other.key is null, k.mended_by[1], k.other.field)) as needs_field,
    k.why
from edited e
join kept k on k.object_type = e.object_type and k.id = e.netbox_id
left join mends m on m.object_type = k.object_type and m.id = k.id and m.why = k.why
where not list_contains(k.mended_by, e.field)
