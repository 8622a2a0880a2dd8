-- Which site the cluster wants, and which role and platform containers want, as words (the rest:
-- sql/desired/cluster_references.sql); sql/match/references.sql finds the objects. Key: owner_resource + owner_key +
-- field.
with settings as (from config.endpoint),

containers as (
    select v.key, c.image,
        -- postgres of postgres:16 and of postgres@sha256:...
        regexp_replace(regexp_replace(c.image, '@.*$', ''), ':[^:/]*$', '') as repository
    from desired.virtual_machines v
    join docker.containers c on c.name = v.source_id
),
mapped as (
    select key,
        mapping('roles', 'container') as role,
        coalesce(
            mapping('platforms', image),
            mapping('platforms', repository)) as platform
    from containers
)

select 'clusters' as owner_resource, c.key as owner_key, 'site' as field, 'sites' as resource,
       null::varchar as mapped_name, null::varchar as source_name, settings.default_site::varchar as default_name,
           settings.default_site as create_name,
       null::varchar as manufacturer, true as required, null::varchar as hint
from desired.clusters c, settings where settings.default_site is not null
union all
-- Of the host nothing is wanted but its cluster.
select 'devices', key, 'site', 'sites', null, null, null, null, null, false, null
from desired.devices
union all
select 'virtual_machines', key, 'role', 'device_roles', role, null, null, role, null, false, null
from mapped
union all
select 'virtual_machines', key, 'platform', 'platforms', platform, null, null, platform, null, false, null
from mapped
union all
select 'virtual_machines', key, 'virtual_machine_type', 'virtual_machine_types', null,
       mapping('virtual_machine_types', 'container'), null,
           null, null, false, null
from mapped
