-- Storages in the plugin's model: desired against NetBox. Key: cluster + name.
-- Only with rows of desired.storages.
with paired as (
    select w.key, w.cluster, a.id as netbox_id, a.last_updated,
        differing([
            case when a.id is null then field('cluster', null, link('clusters', c.key, c.netbox_id, c.name)) end,
            text_field('name', a.name, w.name),
            text_field('storage_type', a.storage_type, w.storage_type),
            text_field('content', a.content, w.content),
            text_field('path', a.path, w.path),
            text_field('nodes', a.nodes, w.nodes),
            number_field('shared', a.shared, w.shared),
            number_field('enabled', a.enabled, w.enabled)
        ]) as fields
    from desired.storages w
    join match.live_clusters c on c.key = w.cluster
    left join netbox.proxbox_storages a on a.cluster_id = c.netbox_id and a.name = w.name
)
select 'storages' as resource, key, cluster as parent, 'plugins/proxbox/storage' as object_type, netbox_id,
       null::varchar as target, last_updated, if(netbox_id is null, 'create', 'update') as action,
           null::varchar as reason, fields
from paired where len(fields) > 0
