-- Devices: cluster, site, location, type and platform go together; see sql/plan/field_needs.sql.
-- Only with rows of diff.written_fields WHERE resource = 'devices'
--   AND field IN ('cluster', 'site', 'location', 'rack', 'platform', 'device_type').
with sites as (select id, name from netbox.sites),
-- The places that the rows write; no id: none, or an object that this diff creates.
written as (
    select key, field, after = 'null' as is_none, try_cast(json_extract_string(after, '$.id') as bigint) as id,
        json_extract_string(after, '$.name') as name
    from diff.written where resource = 'devices' and field in ('site', 'location', 'rack', 'cluster')
),
devices as materialized (
    select w.key, m.netbox_id, a.site_id as had_site, hs.name as had_site_name, a.cluster_id as had_cluster,
        had_type.manufacturer_id as had_maker, type.manufacturer_id as maker, type.model as model,
            had_type.model as had_model,
        had_platform.manufacturer_id as had_platform_maker, had_platform.name as had_platform_name,
        platform.manufacturer_id as platform_maker, platform.name as platform_name,
        site.key is not null as moves_site, site.id as to_site, site.name as to_site_name
    from desired.devices w
    join match.devices m using (key)
    left join netbox.devices a on a.id = m.netbox_id
    left join match.references rt on rt.owner_resource = 'devices' and rt.owner_key = w.key and rt.field = 'device_type'
    left join match.references rp on rp.owner_resource = 'devices' and rp.owner_key = w.key and rp.field = 'platform'
    left join sites hs on hs.id = a.site_id
    left join written site on site.key = w.key and site.field = 'site'
    left join netbox.device_types had_type on had_type.id = a.device_type_id
    left join netbox.device_types type on type.id = rt.netbox_id
    left join netbox.platforms had_platform on had_platform.id = a.platform_id
    left join netbox.platforms platform on platform.id = rp.netbox_id
    where w.key in (select key from diff.written where resource = 'devices')
),
-- Locations, racks and clusters with where they are. Of a cluster after this plan; before_site is its site until then.
places as (
    select 'location' as field, id, name, site_id, null::bigint as location_id, null::varchar as cluster_key,
        site_id as before_site, null::bigint as before_location
    from netbox.locations
    union all
    select 'rack', id, name, site_id, location_id, null, site_id, location_id from netbox.racks
    union all
    select 'cluster', netbox_id, name, new_site_id, new_location_id, if(moves, key, null), site_id, location_id
    from diff.cluster_places where netbox_id is not null
),
-- For each device and each of the three: where it was, where it will be, and whether the row writes it.
parts as materialized (
    select d.key, d.netbox_id, d.had_site, d.moves_site, d.to_site, coalesce(d.had_site, d.to_site) as old_site,
        coalesce(d.had_site_name, d.to_site_name) as old_site_name, d.to_site_name, h.field,
        h.id as had_id, old.name as had_name, old.before_site as had_in_site, old.before_location as had_in_location,
        t.key is not null as moves, coalesce(t.is_none, false) as is_none, t.id as to_id,
        coalesce(new.name, t.name) as to_name, coalesce(new.site_id, made.new_site_id) as to_in_site,
        new.location_id as to_in_location, new.before_site, new.before_location, new.cluster_key
    from devices d
    join (
        select m.key, f.field, case f.field when 'location' then a.location_id when 'rack' then a.rack_id
            else a.cluster_id end as id
        from match.devices m
        left join netbox.devices a on a.id = m.netbox_id
        cross join (values ('location'), ('rack'), ('cluster')) f(field)
    ) h on h.key = d.key
    left join places old on old.field = h.field and old.id = h.id
    left join written t on t.key = d.key and t.field = h.field
    left join places new on new.field = h.field and new.id = t.id
    left join desired.devices w on w.key = d.key and h.field = 'cluster' and t.key is not null and t.id is null
    left join diff.cluster_places made on made.key = w.cluster
),
-- A rack or cluster beside the location of the same device.
located as (
    select p.*, l.moves as moves_location, l.to_id as to_location, l.is_none as is_no_location,
        if(p.netbox_id is null, l.to_id, l.had_id) as old_location
    from parts p join parts l on l.key = p.key and l.field = 'location'
    where p.field <> 'location'
),
-- Why the part that is written is not for the site that the device has, or will have.
elsewhere as (
    select *, if(field = 'cluster', because('cluster_at_another_site', {cluster: to_name,
            site: if(old_site is distinct from to_in_site, old_site_name, to_site_name)}),
        because('part_at_another_site', {part: field, name: to_name})) as why
    from parts
    where moves and to_in_site is not null
      and (old_site is distinct from to_in_site or (moves_site and to_site is distinct from to_in_site))
)

-- A location, a rack and a cluster with a site go with that site: the new one with the site that the device has,
select 'devices' as resource, key, field, 'devices' as needs_resource,
    if(netbox_id is not null and moves_site and to_site = to_in_site, key, null) as needs_key, 'site' as needs_field,
    why
from elsewhere
union all
-- and the site with the one in which it is.
select 'devices', key, 'site', 'devices',
    if(moves and (is_none or to_in_site is null or to_in_site = to_site), key, null), field,
    because('part_at_another_site', {part: field, name: had_name})
from parts where moves_site and had_in_site is not null and had_in_site is distinct from to_site
union all
-- A cluster that goes to the device's site with this plan.
select 'devices', key, 'cluster', 'clusters', cluster_key, 'scope',
    because('cluster_scope_not_written', {cluster: to_name})
from located
where moves and cluster_key is not null
  and (before_site is distinct from if(moves_site, to_site, old_site) and before_site is not null
      or before_location is not null and before_location is distinct from if(moves_location, to_location, old_location))
union all
-- A rack is in the location of its devices, if they have one; a cluster with a location has only devices of it.
select 'devices', key, field, 'devices',
    if(netbox_id is not null and moves_location and ((is_no_location and field = 'rack')
        or to_location = to_in_location), key, null), 'location',
    if(field = 'rack', because('rack_at_another_location', {rack: to_name}),
        because('cluster_in_another_location', {cluster: to_name}))
from located
where moves and to_id is not null and case when field = 'rack'
    then (old_location is not null and old_location is distinct from to_in_location)
        or (moves_location and to_location is not null and to_location is distinct from to_in_location)
    else to_in_location is not null and (old_location is distinct from to_in_location
        or (moves_location and to_location is distinct from to_in_location)) end
union all
select 'devices', key, 'location', 'devices',
    if(moves and (is_none or to_in_location = to_location or (field = 'cluster' and to_in_location is null)),
        key, null),
    field,
    if(field = 'rack', because('rack_at_another_location', {rack: had_name}),
        because('cluster_in_another_location', {cluster: had_name}))
from located
where moves_location and had_id is not null and case when field = 'rack'
    then to_location is not null and to_location is distinct from had_in_location
    else had_in_location is not null and to_location is distinct from had_in_location end
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
