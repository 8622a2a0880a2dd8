-- The virtual machines, without templates. The identity is the UUID that vCenter gives it.
select
    v."VM UUID" as id,
    v."VM" as name,
    coalesce(nullif(v."Cluster", ''), v."Host") as cluster,
    h.id as device,
    if(v."Powerstate" = 'poweredOn', 'active', 'offline') as status,
    v."CPUs"::integer as vcpus,
    replace(v."Memory", ',', '')::integer as memory,
    coalesce(nullif(v."OS according to the VMware Tools", ''), v."OS according to the configuration file") as platform,
    coalesce(v."Annotation", '') as description
from vinfo v
left join hosts h using ("Host")
where lower(v."Template") <> 'true'
