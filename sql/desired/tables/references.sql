-- Which site, location, rack, tenant, type, role and platform devices and virtual machines want, as words (the rest:
-- sql/desired/cluster_references.sql); sql/match/references.sql finds the objects. Key: owner_resource + owner_key +
-- field. A mapping decides; without one, the word of the tables; else the endpoint's default. Location, rack and tenant
-- must exist: a word that means none is a problem of the field.
with settings as (from config.endpoint),
devices as (
    select d.key, t.site, t.location, t.rack, t.tenant, t.role, t.device_type, t.manufacturer, t.platform,
        mapping('sites', t.site) as mapped_site,
        mapping('roles', t.role) as mapped_role,
        mapping('device_types', t.device_type) as mapped_type,
        mapping('platforms', t.platform) as mapped_platform,
        coalesce(mapping('manufacturers', t.manufacturer), t.manufacturer, settings.default_manufacturer) as maker
    from desired.devices d
    join tables.devices t on t.id = d.source_id
    cross join settings
),
machines as (
    select v.key, t.role, t.platform, t.tenant, mapping('roles', t.role) as mapped_role,
        mapping('platforms', t.platform) as mapped_platform
    from desired.virtual_machines v
    join tables.virtual_machines t on t.id = v.source_id
),
-- A cluster for which clusters.sql names no site has that of its hosts, if they are in one site.
hosts as (
    select d.cluster, any_value(w.site) as site
    from desired.devices d join devices w using (key)
    where d.cluster is not null and w.site is not null
    group by d.cluster having count(distinct lower(w.site)) = 1
),
clusters as (
    select c.key, coalesce(t.site, h.site) as site, mapping('sites', coalesce(t.site, h.site)) as mapped_site
    from desired.clusters c
    left join tables.clusters t on lower(t.name) = lower(c.name)
    left join hosts h on h.cluster = c.key
)
select 'clusters' as owner_resource, key as owner_key, 'site' as field, 'sites' as resource,
    mapped_site as mapped_name, site as source_name, settings.default_site as default_name,
    coalesce(mapped_site, site, settings.default_site) as create_name, null::varchar as manufacturer,
    true as required, because('no_mapping', {section: 'sites', word: site, or_defaults: 'site'}) as hint
from clusters, settings where coalesce(site, settings.default_site) is not null
union all
select 'devices', key, 'site', 'sites', mapped_site, site, settings.default_site,
    coalesce(mapped_site, site, settings.default_site), null, true,
    if(site is null, because('no_word', {nothing: 'no site', defaults: 'site'}),
        because('no_mapping', {section: 'sites', word: site, or_defaults: 'site'}))
from devices, settings
union all
-- Within the device's site.
select 'devices', key, 'location', 'locations', coalesce(mapping('locations', location), location), location, null,
    null, null, false, null
from devices where location is not null
union all
select 'devices', key, 'rack', 'racks', coalesce(mapping('racks', rack), rack), rack, null, null, null, false,
    null
from devices where rack is not null
union all
select 'devices', key, 'tenant', 'tenants', coalesce(mapping('tenants', tenant), tenant), tenant, null, null, null,
    false, null
from devices where tenant is not null
union all
select 'devices', key, 'device_type', 'device_types', mapped_type, device_type, settings.default_device_type,
    coalesce(mapped_type, device_type, settings.default_device_type), maker, true,
    if(device_type is null, because('no_word', {nothing: 'no device_type', defaults: 'device_type'}),
        because('no_mapping', {section: 'device_types', word: device_type, defaults: 'device_type',
            or_create: 'device_types'}))
from devices, settings
union all
select 'devices', key, 'role', 'device_roles', mapped_role, role, settings.default_role,
    coalesce(mapped_role, role, settings.default_role), null, true,
    if(role is null, because('no_word', {nothing: 'no role', defaults: 'role'}),
        because('no_mapping', {section: 'roles', word: role, or_defaults: 'role'}))
from devices, settings
union all
select 'devices', key, 'platform', 'platforms', mapped_platform, platform, settings.default_platform,
    coalesce(mapped_platform, platform, settings.default_platform), maker, false, null
from devices, settings
union all
select 'virtual_machines', key, 'role', 'device_roles', mapped_role, role, null, coalesce(mapped_role, role), null,
    false, null
from machines
union all
select 'virtual_machines', key, 'platform', 'platforms', mapped_platform, platform, null,
    coalesce(mapped_platform, platform), null, false, null
from machines
union all
select 'virtual_machines', key, 'tenant', 'tenants', coalesce(mapping('tenants', tenant), tenant), tenant, null, null,
    null, false, null
from machines where tenant is not null
