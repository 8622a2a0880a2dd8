-- The clusters of clusters.sql, and those that devices and virtual machines name. Key: the name, in
-- its first spelling.
with named as (
    select name, status, 1 as place from tables.clusters
    union all
    select cluster, null, 2 from tables.devices where cluster is not null
    union all
    select coalesce(v.cluster, settings.default_cluster), null, 3
    from tables.virtual_machines v cross join config.endpoint settings
    union all
    select cluster, null, 4 from tables.vlans where cluster is not null
)
select arg_min(name, (place, name)) as key, arg_min(name, (place, name)) as name,
    arg_min(status, (place, name)) as status, name_problem(arg_min(name, (place, name)), 100) as problem
from named group by lower(name)
