-- A Docker host as a NetBox cluster. Key: the name, which is the endpoint's or the daemon's by configuration.
select
    cluster_name as key,
    cluster_name as name,
    'active' as status,
    name_problem(cluster_name, 100) as problem
from config.endpoint
