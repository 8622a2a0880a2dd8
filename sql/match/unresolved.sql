-- Makes desired.unresolved.
-- The source's names without a NetBox object, by the section of the mappings that could name one.
-- Key: section + word, in any case. owners: the number of objects that use it; word NULL: the source has no name, only
-- a default helps. manufacturers: of types and platforms, the names that NetBox has for the makers of these objects;
-- empty: unknown.
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
-- NetBox's manufacturer of an object: that of the mapping; otherwise those of its platform, and of the devices with its
-- operating system that NetBox has.
mapped_makers as (
    select r.owner_resource, r.owner_key, m.netbox_id as manufacturer_id
    from match.references r
    join match.references m on m.field = 'manufacturer' and m.owner_key = coalesce(r.manufacturer, '')
    where r.resource in ('device_types', 'module_types') and m.netbox_id is not null
),
makers_of_os as (
    select distinct d.os, t.manufacturer_id
    from desired.devices d
    join match.devices m using (key)
    join netbox.devices n on n.id = m.netbox_id
    join netbox.device_types t on t.id = n.device_type_id
),
likely_makers as (
    select r.owner_resource, r.owner_key, p.manufacturer_id
    from match.references r join netbox.platforms p on p.id = r.netbox_id
    where r.resource = 'platforms'
    union
    select c.owner_resource, c.owner_key, o.manufacturer_id from concerned c join makers_of_os o using (os)
),
makers as (
    from mapped_makers
    union all
    select l.* from likely_makers l anti join mapped_makers m using (owner_resource, owner_key)
),
maker_names as (
    select k.owner_resource, k.owner_key, m.name as maker
    from makers k join netbox.manufacturers m on m.id = k.manufacturer_id
),
referenced as (
    select
        r.owner_resource,
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
    select r.owner_resource, 'manufacturers', c.os, c.owner_key, m.manufacturer is not null
    from match.references r
    join concerned c using (owner_resource, owner_key)
    join match.references m on m.owner_resource = r.resource and m.owner_key = coalesce(r.manufacturer, '')
        and m.field = 'manufacturer'
    where r.resource in ('device_types', 'module_types') and r.netbox_id is null and r.value is not null
        and m.value is null
)
select r.section, min(r.word) as word, count(distinct r.owner_key)::integer as owners, min(r.owner_key) as example,
    bool_or(r.is_mapped) as is_mapped,
    coalesce(list(distinct k.maker order by k.maker) filter (k.maker is not null), []) as manufacturers
from referenced r
left join maker_names k
    on k.owner_resource = r.owner_resource and k.owner_key = r.owner_key
    and r.section in ('device_types', 'module_types', 'platforms')
group by r.section, lower(r.word)
union all
select 'vrfs', word, owners, example, false, [] from desired.unresolved_vrfs
