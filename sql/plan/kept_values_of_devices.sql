-- Devices; see sql/plan/kept_values.sql.
-- Only with rows of diff.rows WHERE action = 'update' AND object_type = 'dcim/devices'.
with edited_clusters as (
    select netbox_id as id, any_value(key) as key, min(field) as field, max(field) filter (field = 'scope') as scope
    from diff.edited where resource = 'clusters' group by netbox_id
)

-- Where a rack or location moves to another site, its devices move along, and stay in their clusters.
select 'dcim/devices', d.id, if(c.site_id <> d.site_id, ['cluster', 'site'], ['cluster', 'location']),
    if(e.scope is null, null, {'resource': 'clusters', 'key': e.key, 'field': e.scope}),
    because('cluster_in_another_place', {cluster: c.name, place: if(c.site_id <> d.site_id, 'site', 'location')})
from netbox.devices d
join diff.scoped_clusters c on c.id = d.cluster_id
left join edited_clusters e on e.id = c.id
where d.site_id <> c.site_id or c.location_id is not null and d.location_id is distinct from c.location_id
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
-- The primary address may be on a device that left the virtual chassis, or belong to another address by NAT.
select 'dcim/devices', d.id, [d.field], null,
    because('primary_address_not_on_it', {which: d.which, address: p.address})
from (
    select id, virtual_chassis_id as chassis, unnest([
        {'field': 'primary_ip4', 'which': 'primary', 'address_id': primary_ip4_id},
        {'field': 'primary_ip6', 'which': 'primary', 'address_id': primary_ip6_id},
        {'field': 'oob_ip', 'which': 'out-of-band', 'address_id': oob_ip_id}], recursive := true)
    from netbox.devices where id in (select netbox_id from diff.edited where object_type = 'dcim/devices')
) d
join netbox.ip_addresses p on p.id = d.address_id
where not exists (
    from netbox.ip_addresses a
    join netbox.interfaces i on a.assigned_object_type = 'dcim.interface' and i.id = a.assigned_object_id
    join netbox.devices o on o.id = i.device_id
    where a.id in (p.id, p.nat_inside_id)
      and (o.id = d.id or o.virtual_chassis_id = d.chassis and not coalesce(i.mgmt_only, false)))
