-- Which NetBox cluster each desired cluster is. Key: the cluster's name, exact but for case. A cluster with guests of
-- another system belongs to that system: a Docker host and a Proxmox cluster with the same name are two clusters.
-- Only with rows of desired.clusters.
with settings as (from config.endpoint),
of_others as (
    select distinct v.cluster_id as id, o.word
    from netbox.virtual_machines v
    cross join settings
    cross join config.other_guest_fields o
    join netbox.clusters c on c.id = v.cluster_id
    where lower(held_cluster(v.cf, o.cluster_field)) = lower(c.name)
      and held_cluster(v.cf, settings.cluster_field) is null
)
select
    w.key,
    case when count(c.id) = 1 then min(c.id) end as netbox_id,
    coalesce(case when count(c.id) = 1 then min(c.name) end, any_value(w.name)) as name,
    coalesce(any_value(w.problem),
        case when count(c.id) > 1 then conflict('several_clusters', {name: any_value(w.name), candidates: count(c.id)})
             when min(o.word) is not null
                 then conflict('cluster_of_another_system', {name: min(c.name), kind: min(o.word)}) end) as problem,
    case when count(c.id) = 1 then min(c.group_id) end as group_id,
    case when count(c.id) = 1 and min(c.scope_type) = 'dcim.site' then min(c.scope_id) end as site_id
from desired.clusters w
left join netbox.clusters c on lower(c.name) = lower(w.name)
left join of_others o on o.id = c.id
group by w.key
