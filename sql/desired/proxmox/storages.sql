-- Storages for the plugin's model: one row per storage of the cluster, whichever nodes have it. Key: cluster + name.
select
    c.key || ' ' || s.storage as key,
    c.key as cluster,
    s.storage as name,
    cut(any_value(s.type), 100) as storage_type,
    cut(array_to_string(list_sort(any_value(s.content)), ','), 255) as content,
    cut(any_value(s.path), 255) as path,
    string_agg(distinct s.node, ',' order by s.node) as nodes,
    bool_or(s.shared) as shared,
    bool_or(s.enabled) as enabled
from proxmox.storages s, desired.clusters c, config.endpoint settings
where settings.records_to = 'plugin'
group by c.key, s.storage
