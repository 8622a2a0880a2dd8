-- Devices: cluster, site, location, type and platform go together; see sql/plan/field_needs.sql.
-- Only with rows of diff.written_fields WHERE resource = 'devices'
--   AND field IN ('cluster', 'site', 'location', 'rack', 'platform', 'device_type').
with sites as (select id, name from netbox.sites),
devices as materialized (
    select w.key, m.netbox_id, a.site_id as had_site, a.location_id as had_location, a.cluster_id as had_cluster,
        rs.netbox_id as site_id, rs.name as site_name, c.site_id as cluster_site, c.location_id as cluster_location,
        c.name as cluster_name, hs.name as had_site_name, rack.name as rack_name, rack.site_id as rack_site,
        l.name as location_name, l.site_id as location_site, hc.site_id as had_cluster_site,
            hc.name as had_cluster_name,
        wl.netbox_id as wanted_location, wl.name as wanted_location_name, wls.site_id as wanted_location_site,
        wr.name as wanted_rack_name, wrs.site_id as wanted_rack_site, wrs.id as wanted_rack,
        wrs.location_id as wanted_rack_location, rack.id as had_rack, rack.location_id as had_rack_location,
        had_type.manufacturer_id as had_maker, type.manufacturer_id as maker, type.model as model,
            had_type.model as had_model,
        had_platform.manufacturer_id as had_platform_maker, had_platform.name as had_platform_name,
        platform.manufacturer_id as platform_maker, platform.name as platform_name
    from desired.devices w
    join match.devices m using (key)
    left join netbox.devices a on a.id = m.netbox_id
    left join match.references rs on rs.owner_resource = 'devices' and rs.owner_key = w.key and rs.field = 'site'
    left join match.references wl on wl.owner_resource = 'devices' and wl.owner_key = w.key and wl.field = 'location'
    left join match.references wr on wr.owner_resource = 'devices' and wr.owner_key = w.key and wr.field = 'rack'
    left join match.references rt on rt.owner_resource = 'devices' and rt.owner_key = w.key and rt.field = 'device_type'
    left join match.references rp on rp.owner_resource = 'devices' and rp.owner_key = w.key and rp.field = 'platform'
    left join diff.cluster_places c on c.key = w.cluster
    left join diff.cluster_places hc on hc.netbox_id = a.cluster_id
    left join sites hs on hs.id = a.site_id
    left join netbox.racks rack on rack.id = a.rack_id
    left join netbox.locations l on l.id = a.location_id
    left join netbox.locations wls on wls.id = wl.netbox_id
    left join netbox.racks wrs on wrs.id = wr.netbox_id
    left join netbox.device_types had_type on had_type.id = a.device_type_id
    left join netbox.device_types type on type.id = rt.netbox_id
    left join netbox.platforms had_platform on had_platform.id = a.platform_id
    left join netbox.platforms platform on platform.id = rp.netbox_id
    where w.key in (select key from diff.written where resource = 'devices')
)

-- A cluster with a site or location accepts only devices of that place.
select 'devices' as resource, key, 'cluster' as field, 'devices' as needs_resource,
    if(site_id is distinct from cluster_site, null, key) as needs_key, 'site' as needs_field,
    because('cluster_at_another_site', {cluster: cluster_name, site: coalesce(had_site_name, site_name)}) as why
from devices where cluster_site is not null and coalesce(had_site, site_id) is distinct from cluster_site
union all
select 'devices', key, 'cluster', 'devices', if(wanted_location is distinct from cluster_location, null, key),
    'location',
    because('cluster_in_another_location', {cluster: cluster_name})
from devices
where cluster_location is not null and if(netbox_id is null, wanted_location, had_location) is distinct
    from cluster_location
union all
select 'devices', key, 'site', 'devices', if(wanted_rack_site is distinct from site_id, null, key), 'rack',
    because('part_at_another_site', {part: 'rack', name: rack_name})
from devices where rack_site is not null and rack_site <> site_id
union all
select 'devices', key, 'site', 'devices', key, 'location',
    because('part_at_another_site', {part: 'location', name: location_name})
from devices where location_site is not null and location_site <> site_id
union all
-- A location or rack goes with the site in which it is, a rack with its location too.
select 'devices', key, 'location', 'devices', key, 'site',
    because('part_at_another_site', {part: 'location', name: wanted_location_name})
from devices where wanted_location_site <> coalesce(had_site, site_id)
union all
select 'devices', key, 'rack', 'devices', key, 'site',
    because('part_at_another_site', {part: 'rack', name: wanted_rack_name})
from devices where wanted_rack_site <> coalesce(had_site, site_id)
union all
select 'devices', key, 'rack', 'devices', if(wanted_rack_location is distinct from wanted_location, null, key),
    'location',
    because('rack_at_another_location', {rack: wanted_rack_name})
from devices
where wanted_rack is not null
  and if(netbox_id is null, wanted_location, had_location) is distinct from wanted_rack_location
  and if(netbox_id is null, wanted_location, had_location) is not null
union all
select 'devices', key, 'location', 'devices', if(wanted_rack_location is distinct from wanted_location, null, key),
    'rack',
    because('rack_at_another_location', {rack: rack_name})
from devices where had_rack is not null and wanted_location is distinct from had_rack_location
  and wanted_location is not null and wanted_location is distinct from had_location
union all
select 'devices', key, 'site', 'devices', key, 'cluster',
    because('part_at_another_site', {part: 'cluster', name: had_cluster_name})
from devices where had_cluster_site is not null and had_cluster_site <> site_id
union all
-- A platform may be limited to one manufacturer.
select 'devices', key, 'platform', 'devices', if(maker is distinct from platform_maker, null, key), 'device_type',
    because('platform_of_another_manufacturer', {platform: platform_name, model: coalesce(had_model, model)})
from devices where platform_maker is not null and coalesce(had_maker, maker) <> platform_maker
union all
select 'devices', key, 'device_type', 'devices', key, 'platform',
    because('platform_of_another_manufacturer', {its: 'its', platform: had_platform_name, model: model})
from devices where netbox_id is not null and had_platform_maker is not null and maker <> had_platform_maker
union all
-- A device at a unit or face of a rack does not lose the rack.
select 'devices', w.key, 'rack', 'devices', null, null, because('device_at_a_rack_unit', {rack: r.name})
from diff.written w
join netbox.devices d on d.id = w.netbox_id
join netbox.racks r on r.id = d.rack_id
where w.resource = 'devices' and w.field = 'rack' and w.after = 'null'
  and coalesce(d.position::varchar, d.face) is not null
union all
-- A device stays at its rack unit, and its type must have room there.
select 'devices', f.key, f.field, 'devices', null, null, case when r.no_place
    then because('type_not_for_a_rack_unit', {model: r.model, rack: r.rack})
    else because('no_room_in_rack',
        {model: r.model, height: r.height, unit: r.unit, rack: r.rack, device: r.device}) end
from diff.rack_room r
join diff.written f on f.resource = 'devices' and f.netbox_id = r.id and f.field in ('device_type', 'rack')
where r.edited
