-- Makes desired.unresolved.
-- The source's names without a NetBox object, by the section of the mappings that could name one.
-- Key: section + word, in any case. owners: the number of objects that use it; word NULL: the source has no name, only
-- a default helps.
-- Only with rows of match.references WHERE netbox_id IS NULL; desired.unresolved_vrfs.
with settings as (from config.endpoint),
concerned as (
    select 'devices' as owner_resource, d.key as owner_key, d.device_kind, d.os, d.hardware
    from desired.devices d left join match.devices m using (key)
    where not d.inactive and (d.not_imported is null or m.netbox_id is not null)
    union all
    select 'virtual_machines', v.key, v.type, null, null
    from desired.virtual_machines v left join match.virtual_machines m using (key)
    where not v.inactive and (v.not_imported is null or m.netbox_id is not null)
    union all
    select 'modules', key, null, os, null from desired.modules
),
referenced as (
    select
        case r.resource when 'device_roles' then 'roles' else r.resource end as section,
        case r.resource
            when 'device_roles' then coalesce(w.source_name, c.device_kind, c.os, c.hardware)
            when 'manufacturers' then c.os
            else coalesce(w.source_name, if(settings.node_names_are_words, r.owner_key, null)) end as word,
        r.owner_key, w.mapped_name is not null as is_mapped
    from match.references r
    join desired.references w using (owner_resource, owner_key, field)
    join concerned c using (owner_resource, owner_key)
    cross join settings
    where r.netbox_id is null and r.value is null
        and r.resource in ('sites', 'device_types', 'device_roles', 'platforms', 'module_types')
      and (r.required or w.source_name is not null)
    union all
    -- New device types need a manufacturer.
    select 'manufacturers', c.os, c.owner_key, m.manufacturer is not null
    from match.references r
    join concerned c using (owner_resource, owner_key)
    join match.references m on m.owner_resource = r.resource and m.owner_key = coalesce(r.manufacturer, '')
        and m.field = 'manufacturer'
    where r.resource in ('device_types', 'module_types') and r.netbox_id is null and r.value is not null
        and m.value is null
)
select section, min(word) as word, count(distinct owner_key)::integer as owners, min(owner_key) as example,
    bool_or(is_mapped) as is_mapped
from referenced group by section, lower(word)
union all
select 'vrfs', word, owners, example, false from desired.unresolved_vrfs
