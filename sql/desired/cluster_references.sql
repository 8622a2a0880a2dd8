-- Adds to desired.references.
-- Only with rows of desired.clusters.
-- Which type and group a cluster wants, as words, whatever hosts it has; sql/match/references.sql finds the objects.
-- Key: owner_resource + owner_key + field.
with settings as (from config.endpoint)

select 'clusters' as owner_resource, c.key as owner_key, 'type' as field, 'cluster_types' as resource,
       null::varchar as mapped_name, settings.cluster_type as source_name, null::varchar as default_name,
           settings.cluster_type as create_name,
       null::varchar as manufacturer, true as required,
       because('no_cluster_type', {section: 'cluster_types', word: settings.cluster_type}) as hint
from desired.clusters c, settings
union all
select 'clusters', c.key, 'group', 'cluster_groups', settings.cluster_group, null, null, null, null, true, null
from desired.clusters c, settings where settings.cluster_group is not null
