-- Which site, location, type, role and platform each device wants, as words; sql/match/references.sql finds the
-- objects. Key: owner_resource + owner_key + field. A mapping decides; without one, LibreNMS's own word where NetBox
-- knows it; else the endpoint's default.
with settings as (from config.endpoint),

-- The model of a stack's master is the model of the master's chassis: LibreNMS's hardware may be a line card's.
shown as (
    select d.* replace (coalesce(m.model, d.hardware) as hardware), d.hardware as shown_hardware
    from desired.devices d
    left join (select device, model from desired.stack_members where is_master) m on m.device = d.key
),
-- The first rule that a location matches.
rules as (
    select d.place, '^(?:' || arg_min(r.pattern, r.position) || ')$' as pattern,
        arg_min({'site': r.site, 'region': r.region, 'location': r.location, 'rack': r.rack, 'tenant': r.tenant},
            r.position) as names
    from (select distinct place from desired.devices where place is not null) d
    join config.location_rules r on regexp_full_match(d.place, r.pattern)
    group by d.place
),
places as (
    select place,
        blank(regexp_replace(place, pattern, names.site)) as site,
        blank(regexp_replace(place, pattern, names.region)) as region,
        blank(regexp_replace(place, pattern, names.location)) as location,
        blank(regexp_replace(place, pattern, names.rack)) as rack,
        blank(regexp_replace(place, pattern, names.tenant)) as tenant
    from rules
),
mapped as (
    select
        d.key, d.place, d.hardware, d.os, d.device_kind,
        -- The default is for devices without hardware, where types may be created for the others.
        case when d.hardware is null or 'device_types' not in (select resource from config.may_create)
            then settings.default_device_type end as default_type,
        coalesce(mapping('sites', d.place), p.site) as site,
        coalesce(mapping('locations', d.place), p.location) as location,
        p.region, p.rack, p.tenant,
        coalesce(mapping('device_types', d.hardware),
            mapping('device_types', d.shown_hardware)) as device_type,
        mapping('platforms', d.os) as platform,
        mapping('manufacturers', d.os) as manufacturer,
        coalesce(
            mapping('roles', d.hardware),
            mapping('roles', d.os),
            mapping('roles', d.device_kind)) as role
    from shown d
    cross join settings
    left join places p on p.place = d.place
)

select 'devices' as owner_resource, key as owner_key, 'site' as field, 'sites' as resource,
       site as mapped_name, place as source_name, settings.default_site as default_name,
       coalesce(site, settings.default_site) as create_name, null::varchar as manufacturer, true as required,
       if(place is null, because('no_word', {nothing: 'no location', defaults: 'site'}),
           because('no_mapping', {section: 'sites', word: place, or_defaults: 'site'})) as hint
from mapped, settings
union all
-- Within the device's site. A place without a location is usually the site.
select 'devices', key, 'location', 'locations', location, place, null, location, null, false, null
from mapped
union all
-- The region of a site that NetBox does not have yet; each region that a rule gives it is a row.
select distinct 'sites', slug(word) || '|' || lower(region), 'region', 'regions', region, null, null, null, null, false,
    null
from (select coalesce(site, settings.default_site) as word, region from mapped, settings)
where region is not null and lower(word) not in (select unnest([lower(name), slug]) from netbox.sites)
union all
select 'devices', key, 'rack', 'racks', rack, null, null, null, null, false, null
from mapped where rack is not null
union all
select 'devices', key, 'tenant', 'tenants', tenant, null, null, null, null, false, null
from mapped where tenant is not null
union all
select 'devices', key, 'device_type', 'device_types', device_type, hardware, default_type,
       coalesce(device_type, hardware, default_type),
           coalesce(manufacturer, settings.default_manufacturer), true,
       if(hardware is null, because('no_word', {nothing: 'no hardware', defaults: 'device_type'}),
           because('no_mapping', {section: 'device_types', word: hardware, defaults: 'device_type',
               or_create: 'device_types'}))
from mapped, settings
union all
select 'devices', key, 'role', 'device_roles', role, null, settings.default_role,
       coalesce(role, settings.default_role), null, true,
       because('no_mapping_by', {section: 'roles', properties: 'hardware, os or type',
           word: coalesce(device_kind, 'none'), or_defaults: 'role'})
from mapped, settings
union all
select 'devices', key, 'platform', 'platforms', platform, os, settings.default_platform,
       coalesce(platform, os), coalesce(manufacturer, settings.default_manufacturer), false, null
from mapped, settings
