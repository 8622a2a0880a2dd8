-- The Proxmox cluster in NetBox's terms; a standalone node is a cluster with the node's name. Key: the name.
select
    name as key,
    name,
    'active' as status,
    name_problem(name, 100) as problem
from proxmox.cluster
