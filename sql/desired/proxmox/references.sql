-- Which site, type, role and platform clusters, nodes and guests want, as words (the rest:
-- sql/desired/cluster_references.sql); sql/match/references.sql finds the objects. Key: owner_resource + owner_key +
-- field.
with settings as (from config.endpoint),

nodes as (
    select n.*,
        regexp_extract(n.pveversion, '^[^/]*/([0-9]+)\.', 1) as major,
        mapping('sites', n.node) as site,
        coalesce(
            mapping('device_types', n.node),
            mapping('device_types', stripped(n.dmi_product)),
            mapping('device_types', stripped(n.cpu_model))) as device_type,
        mapping('roles', 'node') as role,
        -- The hardware of a node that is down is unknown: a mapping for it may exist, so the default does not apply.
        n.cpu_model is null and n.dmi_product is null
            and exists (from config.mappings where kind = 'device_types') as hardware_unknown,
        -- The default is for nodes that do not show their hardware, where types may be created for the others.
        case when blank(n.dmi_product) is null or 'device_types' not in (select resource from config.may_create)
            then settings.default_device_type end as default_type
    from proxmox.nodes n, settings
),

-- A cluster with nodes in several sites has no site.
sites_of_nodes as (
    select count(distinct lower(coalesce(site, settings.default_site))) as sites,
           any_value(coalesce(site, settings.default_site)) as site
    from nodes, settings
),

guests as (
    select v.key, if(v.is_template, 'template', v.type) as guest_type, blank(g.ostype) as ostype
    from desired.virtual_machines v
    join proxmox.guests g on g.vmid::varchar = v.source_id
),
-- The tenants of a guest's pool and tags; of several none is meant.
tenants as (
    select v.key, min(mapping('tenants', w.word)) as tenant
    from desired.virtual_machines v
    join proxmox.guests g on g.vmid::varchar = v.source_id
    cross join unnest(list_concat([g.pool], g.tags)) as w(word)
    where mapping('tenants', w.word) is not null
    group by v.key
    having count(distinct lower(mapping('tenants', w.word))) = 1
),
mapped_guests as (
    select *,
        mapping('roles', guest_type) as role,
        mapping('platforms', ostype) as platform
    from guests
)

select 'clusters' as owner_resource, c.key as owner_key, 'site' as field, 'sites' as resource,
       null::varchar as mapped_name, null::varchar as source_name, s.site::varchar as default_name,
       s.site as create_name,
       null::varchar as manufacturer, true as required, null::varchar as hint
from desired.clusters c, sites_of_nodes s where s.sites = 1
union all
select 'devices', node, 'site', 'sites', site, null, settings.default_site, coalesce(site, settings.default_site), null,
    true,
       because('no_mapping', {section: 'sites', word: node, or_defaults: 'site'})
from nodes, settings
union all
select 'devices', node, 'device_type', 'device_types', device_type, blank(dmi_product),
       if(hardware_unknown, null, default_type),
       coalesce(device_type, blank(dmi_product), if(hardware_unknown, null, default_type)),
       coalesce(blank(dmi_manufacturer), settings.default_manufacturer), true,
       if(hardware_unknown, because('hardware_unknown', {section: 'device_types', word: node}),
          because('no_mapping', {section: 'device_types', word: coalesce(blank(cpu_model), node),
              defaults: 'device_type', or_create: 'device_types'}))
from nodes, settings
union all
select 'devices', node, 'role', 'device_roles', role, null, settings.default_role,
    coalesce(role, settings.default_role), null, true,
       because('no_mapping', {section: 'roles', word: 'node', or_defaults: 'role'})
from nodes, settings
union all
select 'devices', node, 'platform', 'platforms', null,
       case when major <> '' then settings.platform || ' ' || major end, null,
       case when major <> '' then settings.platform || ' ' || major end, null, false, null
from nodes, settings
union all
select 'virtual_machines', key, 'role', 'device_roles', role, null, null, role, null, false, null
from mapped_guests
union all
-- An ostype that NetBox knows by that very name (debian, ubuntu) needs no mapping; others want none.
select 'virtual_machines', key, 'platform', 'platforms', platform, ostype, null, platform, null, false, null
from mapped_guests
union all
select 'virtual_machines', key, 'tenant', 'tenants', tenant, null, null, null, null, false, null
from tenants
union all
select 'virtual_machines', key, 'virtual_machine_type', 'virtual_machine_types', null,
       mapping('virtual_machine_types', guest_type), null,
           null, null, false, null
from mapped_guests
