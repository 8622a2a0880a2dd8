-- Proxmox nodes in NetBox's terms. Key and source_id: the node's name; its device may have another one. A node is found
-- by the custom field proxmox_node, else by the device's name within the site; serial and address are no evidence here.
with named as (
    select n.*, c.name as cluster_name,
        coalesce(m.target, replace(replace(replace(settings.node_name, '{node}', n.node), '{cluster}', c.name),
            '{endpoint}', settings.endpoint)) as device_name
    from proxmox.nodes n
    cross join proxmox.cluster c
    cross join config.endpoint settings
    left join config.mappings m on m.kind = 'nodes' and lower(m.source) = lower(n.node)
)
select
    n.node as source_id,
    n.node as key,
    n.device_name as name,
    [n.device_name] as names,
    null::varchar as serial,
    case when n.online then 'active' else 'offline' end as status,
    false as inactive,
    null::varchar as ip,
    to_json(n.node)::varchar as id_value,
    null::varchar as not_imported,
    true as in_site_only,
    n.cluster_name as cluster,
    null::varchar as place,
    coalesce(blank(n.dmi_product), blank(n.cpu_model)) as hardware,
    'proxmox' as os,
    'node' as device_kind
from named n
