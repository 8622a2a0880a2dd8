-- Which site, location, type, role and platform each device wants, as words; sql/match/references.sql finds the
-- objects. Key: owner_resource + owner_key + field. A mapping decides; without one, LibreNMS's own word where NetBox
-- knows it; else the endpoint's default.
with settings as (from config.endpoint),

mapped as (
    select
        d.key, d.place, d.hardware, d.os, d.device_kind,
        (select target from config.mappings where kind = 'sites' and lower(source) = lower(d.place)) as site,
        (select target from config.mappings where kind = 'locations' and lower(source) = lower(d.place)) as location,
        (select target from config.mappings where kind = 'device_types'
            and lower(source) = lower(d.hardware)) as device_type,
        (select target from config.mappings where kind = 'platforms' and lower(source) = lower(d.os)) as platform,
        (select target from config.mappings where kind = 'manufacturers'
            and lower(source) = lower(d.os)) as manufacturer,
        coalesce(
            (select target from config.mappings where kind = 'roles' and lower(source) = lower(d.hardware)),
            (select target from config.mappings where kind = 'roles' and lower(source) = lower(d.os)),
            (select target from config.mappings where kind = 'roles' and lower(source) = lower(d.device_kind))) as role
    from desired.devices d
)

select 'devices' as owner_resource, key as owner_key, 'site' as field, 'sites' as resource,
       site as mapped_name, place as source_name, settings.default_site as default_name,
       coalesce(site, settings.default_site) as create_name, null::varchar as manufacturer, true as required,
       because('no_mapping', {section: 'sites', word: place, nothing: if(place is null, 'no location', null),
           or_defaults: 'site'}) as hint
from mapped, settings
union all
-- Within the device's site. A place without a location is usually the site.
select 'devices', key, 'location', 'locations', location, place, null, location, null, false, null
from mapped
union all
select 'devices', key, 'device_type', 'device_types', device_type, hardware, settings.default_device_type,
       coalesce(device_type, hardware, settings.default_device_type),
           coalesce(manufacturer, settings.default_manufacturer), true,
       because('no_mapping', {section: 'device_types', word: hardware,
           nothing: if(hardware is null, 'no hardware', null),
           defaults: 'device_type', or_create: 'device_types'})
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
