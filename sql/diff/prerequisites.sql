-- What other objects need before they can be written: tags, custom fields, manufacturers, device types, roles,
-- platforms, sites, cluster types. Key: slug (custom fields: name). Created by policy and approval, never changed.
-- Only with rows of match.references WHERE netbox_id IS NULL AND value IS NOT NULL;
--   desired.tags WHERE slug NOT IN (SELECT slug FROM netbox.tags)
--   AND 'tags' IN (SELECT resource FROM config.may_create);
--   desired.custom_fields w LEFT JOIN netbox.custom_fields c ON c.name = w.key
--   WHERE c.status <> 'active' OR ('custom_fields' IN (SELECT resource FROM config.may_create)
--   AND (c.id IS NULL OR NOT list_has_all(c.object_types, w.object_types))).
with new_references as (
    -- One object per slug, in whatever case the sources write its name.
    select r.resource, prerequisite_key(r.resource, r.name) as key, min(r.name) as name,
           case when count(distinct coalesce(m.netbox_id::varchar, slug(r.manufacturer))) = 1 then min(m.value)
               end as manufacturer,
           case when count(distinct lower(r.name)) > 1
                    then blocked('several_names_of_one_slug', {names: list(distinct r.name order by r.name)})
                -- Those that NetBox has, those that are to be created, and those that nobody may create.
                when count(distinct coalesce(m.netbox_id::varchar, slug(r.manufacturer))) > 1
                    then blocked('several_manufacturers', {model: min(r.name)})
                when count(m.value) = 0 then min(m.problem) end as problem
    from match.references r
    left join match.references m on m.owner_resource = r.resource and m.owner_key = coalesce(r.manufacturer, '')
        and m.field = 'manufacturer'
    where r.netbox_id is null and r.value is not null
    group by r.resource, prerequisite_key(r.resource, r.name)
),
-- The regions that the source gives a new site, by the site's slug.
regions as (
    select split_part(owner_key, '|', 1) as key, any_value(value) as value,
        coalesce(any_value(problem), case when count(distinct netbox_id) > 1
            then blocked('several_regions', {regions: list(distinct name order by name)}) end) as problem
    from match.references where owner_resource = 'sites' and field = 'region'
    group by 1
),
rows_of_references as (
    select n.resource, n.key, name as parent,
        case n.resource when 'device_types' then 'dcim/device-types' when 'module_types' then 'dcim/module-types'
            when 'device_roles' then 'dcim/device-roles'
            when 'platforms' then 'dcim/platforms' when 'manufacturers' then 'dcim/manufacturers' when 'sites'
                then 'dcim/sites'
            when 'cluster_types' then 'virtualization/cluster-types' end as object_type,
        coalesce(action_of(n.problem), 'create') as action,
        coalesce(n.problem, 'region: ' || r.problem) as reason,
        differing([
            field(if(n.resource in ('device_types', 'module_types'), 'model', 'name'), null, to_json(name)::varchar),
            case when n.resource <> 'module_types' then field('slug', null, to_json(n.key)::varchar) end,
            case when n.resource in ('device_types', 'module_types')
                then json_field('manufacturer', null, manufacturer) end,
            case when n.resource = 'device_roles' then field('color', null, '"9e9e9e"') end,
            case when n.resource = 'device_roles' then field('vm_role', null, 'true') end,
            case when n.resource = 'sites' then field('status', null, '"active"') end,
            json_field('region', null, case when r.problem is null then r.value end),
            undecided_field('region', 'null', r.problem)
        ]) as fields
    from new_references n
    left join regions r on n.resource = 'sites' and r.key = n.key
),
new_tags as (
    select distinct on (w.slug) w.slug as key, w.name, w.color from desired.tags w
    where w.slug not in (select slug from netbox.tags) and 'tags' in (select resource from config.may_create)
    order by w.slug, w.name
),
rows_of_custom_fields as (
    select w.key, c.id, c.last_updated, w.label, w.type, w.object_types, w.description, c.object_types as present,
        -- From NetBox 4.7 on, a background job may still be at its values; until then nothing can be written to it.
        case when c.status <> 'active' then blocked('custom_field_pending', {field: w.key, status: c.status}) end
            as problem,
        case when c.id is null then w.object_types
             else list_sort(list_distinct(list_concat(c.object_types, w.object_types))) end as all_types
    from desired.custom_fields w
    left join netbox.custom_fields c on c.name = w.key
)
select resource, key, parent, object_type, null::bigint as netbox_id, null::varchar as target,
    null::varchar as last_updated,
       action, reason, fields
from rows_of_references
union all
select 'tags', key, name, 'extras/tags', null, null, null, 'create', null,
       differing([field('name', null, to_json(name)::varchar), field('slug', null, to_json(key)::varchar),
           text_field('color', null, color)])
from new_tags
union all
select 'custom_fields', key, key, 'extras/custom-fields', id, null, last_updated,
    coalesce(action_of(problem), if(id is null, 'create', 'update')), problem,
       if(problem is not null, [], differing([
           case when id is null then field('name', null, to_json(key)::varchar) end,
           case when id is null then field('label', null, to_json(label)::varchar) end,
           case when id is null then field('type', null, to_json(type)::varchar) end,
           case when id is null then field('description', null, to_json(description)::varchar) end,
           json_field('object_types', to_json(list_sort(present))::varchar, to_json(all_types)::varchar)]))
from rows_of_custom_fields
where problem is not null
   or ('custom_fields' in (select resource from config.may_create)
       and (id is null or not list_has_all(present, object_types)))
