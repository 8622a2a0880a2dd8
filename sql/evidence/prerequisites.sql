-- A manufacturer, type, role, platform, site or cluster type: the objects that name it, and for a site its coordinates.
select 'desired.references' as origin, 0 as place, to_json({owner_resource: r.owner_resource, owner_key: r.owner_key,
    field: r.field, source_name: r.source_name, mapped_name: r.mapped_name, create_name: r.create_name,
    manufacturer: r.manufacturer}) as content
from desired.references r
where (r.resource = $resource and prerequisite_key(r.resource, r.create_name) = $key)
   or ($resource = 'manufacturers' and r.resource in ('device_types', 'module_types') and slug(r.manufacturer) = $key)
union all
select 'desired.site_coordinates', 1, to_json(c) from desired.site_coordinates c
where $resource = 'sites' and lower(c.site) in (lower($key), lower($parent))
