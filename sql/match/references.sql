-- Resolves site, role, type and platform names to NetBox ids: one row per owner and field.
-- Key: owner_resource + owner_key + field. Exact, case-insensitive; two candidates are ambiguous, never a guess.
-- value is the reference that a change carries; problem says why there is none.
-- Objects that this product created under a name and someone renamed since: that name still means them. Not where a
-- name may stand for a version (platforms, device types) or a place: such an object may mean something else now.
with renamed as (
    select o.resource, o.id, o.name, l.value::json ->> '$' as word
    from (
        select 'device_roles' as resource, 'dcim/device-roles' as object_type, id, name from netbox.device_roles
        union all select 'manufacturers', 'dcim/manufacturers', id, name from netbox.manufacturers
        union all select 'cluster_types', 'virtualization/cluster-types', id, name from netbox.cluster_types) o
    join ledger.last_written l on l.object_type = o.object_type and l.netbox_id = o.id and l.field = 'name'
        and not l.restored
    where lower(l.value::json ->> '$') <> lower(o.name)
),

known as (
    select 'sites' as resource, id, name, name as word, 1 as rank from netbox.sites
    union all select 'sites', id, name, slug, 1 from netbox.sites
    union all select 'regions', id, name, name, 1 from netbox.regions
    union all select 'regions', id, name, slug, 1 from netbox.regions
    union all select 'locations', id, name, name, 1 from netbox.locations
    union all select 'locations', id, name, slug, 1 from netbox.locations
    union all select 'racks', id, name, name, 1 from netbox.racks
    union all select 'device_types', id, model, part_number, 1 from netbox.device_types where part_number <> ''
    union all select 'device_types', id, model, model, 2 from netbox.device_types
    union all select 'device_types', id, model, slug, 3 from netbox.device_types
    union all select 'module_types', id, model, part_number, 1 from netbox.module_types where part_number <> ''
    union all select 'module_types', id, model, model, 2 from netbox.module_types
    union all select 'device_roles', id, name, name, 1 from netbox.device_roles
    union all select 'device_roles', id, name, slug, 1 from netbox.device_roles
    union all select 'platforms', id, name, name, 1 from netbox.platforms
    union all select 'platforms', id, name, slug, 1 from netbox.platforms
    union all select 'manufacturers', id, name, name, 1 from netbox.manufacturers
    union all select 'manufacturers', id, name, slug, 1 from netbox.manufacturers
    union all select 'cluster_types', id, name, name, 1 from netbox.cluster_types
    union all select 'cluster_types', id, name, slug, 1 from netbox.cluster_types
    union all select 'cluster_groups', id, name, name, 1 from netbox.cluster_groups
    union all select 'cluster_groups', id, name, slug, 1 from netbox.cluster_groups
    union all select 'virtual_machine_types', id, name, name, 1 from netbox.virtual_machine_types
    union all select 'virtual_machine_types', id, name, slug, 1 from netbox.virtual_machine_types
    union all select 'tenants', id, name, name, 1 from netbox.tenants
    union all select 'tenants', id, name, slug, 1 from netbox.tenants
    union all select 'vlan_groups', id, name, name, 1 from netbox.vlan_groups
    union all select 'vlan_groups', id, name, slug, 1 from netbox.vlan_groups
    union all select 'vrfs', id, name, rd, 1 from netbox.vrfs where rd <> ''
    union all select 'vrfs', id, name, name, 2 from netbox.vrfs
    union all select resource, id, name, word, 9 from renamed
),

-- Device types and module types that are created need a manufacturer. Its own name is the key: parts of one model may
-- name several makers.
referenced as (
    select * from desired.references
    union all
    select distinct resource, coalesce(manufacturer, ''), 'manufacturer', 'manufacturers', manufacturer, null::varchar,
        null::varchar,
           manufacturer, null::varchar, true,
           because('map_manufacturers')
    from desired.references where resource in ('device_types', 'module_types')
),

-- Only the mapping if there is one; otherwise the source's name if NetBox has it; then the default.
words as (
    select *, mapped_name as word, 1 as step from referenced where mapped_name is not null
    union all
    select *, source_name, 2 from referenced where mapped_name is null and source_name is not null
    union all
    select *, default_name, 3 from referenced where mapped_name is null and default_name is not null
),

named as (
    select w.owner_resource, w.owner_key, w.field, w.resource, w.step, w.word, k.rank, k.id, k.name
    from words w join known k on k.resource = w.resource and lower(k.word) = lower(w.word)
),

-- NetBox takes devices of a cluster only at the site of its scope. So that is the site of a device for which no word
-- names one, unless another device of the cluster has a word for another site: then the scope may change.
sites_of_clusters as (
    select m.key, s.id, s.name, c.name as cluster
    from match.clusters m
    join netbox.clusters c on c.id = m.netbox_id
    left join netbox.locations l on c.scope_type = 'dcim.location' and l.id = c.scope_id
    join netbox.sites s on s.id = if(c.scope_type = 'dcim.site', c.scope_id, l.site_id)
    where m.problem is null
),
sites_of_others as (
    select distinct d.cluster, n.id
    from words w
    join desired.devices d on d.key = w.owner_key and d.cluster is not null
    left join named n using (owner_resource, owner_key, field, step)
    where w.owner_resource = 'devices' and w.field = 'site'
),
by_cluster as (
    select r.owner_resource, r.owner_key, r.field, s.id, s.name, s.cluster
    from referenced r
    join desired.devices d on d.key = r.owner_key
    join sites_of_clusters s on s.key = d.cluster
    where r.owner_resource = 'devices' and r.field = 'site' and r.required
        and coalesce(r.mapped_name, r.source_name, r.default_name) is null
        and not exists (from sites_of_others o where o.cluster = d.cluster and o.id is distinct from s.id)
),

hits as (
    from named
    union all
    select owner_resource, owner_key, field, 'sites', 4, name, 1, id, name from by_cluster
),

-- Locations and racks in several sites may have the same name: only those of the owner's site count.
sites as (
    select owner_resource, owner_key, min(id) as id from
        (select * from hits where field = 'site' qualify (step, rank) = min((step, rank))
            over (partition by owner_resource, owner_key))
    group by all having count(distinct id) = 1
),
in_site as (
    select h.* from hits h
    left join netbox.locations l on l.id = h.id and h.resource = 'locations'
    left join netbox.racks r on r.id = h.id and h.resource = 'racks'
    left join sites s on s.owner_resource = h.owner_resource and s.owner_key = h.owner_key
    where h.resource not in ('locations', 'racks') or coalesce(l.site_id, r.site_id) = s.id
),

best as (
    select owner_resource, owner_key, field, step, rank, any_value(word) as word,
           count(distinct id) as candidates, min(id) as id, min_by(name, id) as name
    from in_site
    group by owner_resource, owner_key, field, step, rank
    qualify row_number() over (partition by owner_resource, owner_key, field order by step, rank) = 1
),

may_create as (select resource from config.may_create)

select
    w.owner_resource, w.owner_key, w.field, w.resource, w.required,
    case when b.candidates = 1 then b.id end as netbox_id,
    case when b.candidates = 1 then b.name
         when b.candidates is null and w.create_name is not null and w.resource in (from may_create) then w.create_name
             end as name,
    case when b.candidates = 1 then existing(b.id, b.name)
         when b.candidates is null and w.create_name is not null and w.resource in (from may_create)
             then created(w.resource, prerequisite_key(w.resource, w.create_name), w.create_name) end as value,
    case when b.candidates = 1 then null
         when b.candidates > 1 then blocked('several_match_word',
             {candidates: b.candidates, kind: replace(w.resource, '_', ' '), word: b.word})
         when w.create_name is not null and w.resource in (from may_create) then null
         when w.mapped_name is not null and w.resource = 'locations'
             then blocked('no_such_location', {owner: w.owner_key, word: w.mapped_name,
                 mappings: if(w.source_name = w.mapped_name, null, 'the mappings')})
         when w.mapped_name is not null then blocked('mapped_to_nothing',
             {kind: rtrim(replace(w.resource, '_', ' '), 's'), word: w.mapped_name,
                 mappings: if(w.source_name = w.mapped_name, null, 'the mappings')})
         when w.required and w.default_name is not null
             then blocked('default_is_nothing', {kind: rtrim(replace(w.resource, '_', ' '), 's'), word: w.default_name})
         when w.required then blocked('unmapped',
             {field: replace(w.field, '_', ' '), word: w.source_name, because: w.hint})
    end as problem,
    w.manufacturer,
    -- The endpoint's default, not named for this object.
    coalesce(b.step = 3, false) as by_default,
    -- The cluster whose scope is this site.
    c.cluster as by_cluster
from referenced w
left join best b using (owner_resource, owner_key, field)
left join by_cluster c using (owner_resource, owner_key, field)
