-- A Docker host as a NetBox cluster. Key: the name, which is the endpoint's or the daemon's by configuration.
select
    cluster_name as key,
    cluster_name as name,
    'active' as status,
    case when length(cluster_name) > 100 then 'the name has ' || length(cluster_name) || ' characters; NetBox takes 100' end as problem
from config.endpoint
