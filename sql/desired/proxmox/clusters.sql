-- The Proxmox cluster in NetBox's terms; a node that stands alone is a cluster of its own name. Key: the name.
select
    name as key,
    name,
    'active' as status,
    name_problem(name, 100) as problem
from proxmox.cluster
