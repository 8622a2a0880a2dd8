-- Which NetBox cluster each desired cluster is. Key: the cluster's name, exact but for case.
select
    w.key,
    case when count(c.id) = 1 then min(c.id) end as netbox_id,
    coalesce(case when count(c.id) = 1 then min(c.name) end, any_value(w.name)) as name,
    coalesce(any_value(w.problem), case when count(c.id) > 1 then count(c.id) || ' NetBox clusters have the name ' || any_value(w.name) end) as problem,
    case when count(c.id) = 1 then min(c.group_id) end as group_id,
    case when count(c.id) = 1 and min(c.scope_type) = 'dcim.site' then min(c.scope_id) end as site_id
from desired.clusters w
left join netbox.clusters c on lower(c.name) = lower(w.name)
group by w.key
