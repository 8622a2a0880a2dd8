-- Proxmox nodes in NetBox's terms. Key and source_id: the node's name. A node is found by the custom field
-- proxmox_node, else by its name within the site; serial and address are no evidence here.
select
    n.node as source_id,
    n.node as key,
    n.node as name,
    [n.node] as names,
    null::varchar as serial,
    case when n.online then 'active' else 'offline' end as status,
    false as inactive,
    null::varchar as ip,
    to_json(n.node)::varchar as id_value,
    null::varchar as not_imported,
    true as in_site_only,
    c.name as cluster,
    null::varchar as place,
    coalesce(blank(n.dmi_product), blank(n.cpu_model)) as hardware,
    'proxmox' as os,
    'node' as device_kind
from proxmox.nodes n, proxmox.cluster c
