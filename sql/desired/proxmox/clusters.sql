-- The Proxmox cluster in NetBox's terms; a node that stands alone is a cluster of its own name. Key: the name.
select
    name as key,
    name,
    'active' as status,
    case when length(name) > 100 then 'the name has ' || length(name) || ' characters; NetBox takes 100' end as problem
from proxmox.cluster
