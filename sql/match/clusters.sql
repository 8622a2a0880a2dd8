-- Which NetBox cluster each desired cluster is. Key: the cluster's name. By the name, exact but for case; where NetBox
-- has none of that name, see sql/match/renamed_clusters.sql. A cluster with guests of another system belongs to that
-- system: a Docker host and a Proxmox cluster with the same name are two clusters.
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
),
evaluated as (
    select w.key, any_value(w.name) as wanted_name,
        coalesce(list(c.id order by c.id) filter (c.id is not null), any_value(n.ids)) as ids,
        case when count(c.id) = 1 then min(c.id) end as netbox_id,
        coalesce(any_value(w.problem),
            case when count(c.id) > 1
                     then conflict('several_clusters', {name: any_value(w.name), candidates: count(c.id)})
                 when min(o.word) is not null
                     then conflict('cluster_of_another_system', {name: min(c.name), kind: min(o.word)})
                 when any_value(n.by_names)
                     then conflict('may_be_this_cluster_by_names', {candidates: any_value(n.found),
                         number: max(n.number), held: any_value(n.held), name: any_value(w.name)})
                 when any_value(n.ids) is not null
                     then conflict('may_be_this_cluster', {candidates: any_value(n.found), number: max(n.number),
                         held: any_value(n.held), name: any_value(w.name)}) end) as problem
    from desired.clusters w
    left join match.renamed_clusters n using (key)
    left join netbox.clusters c on lower(c.name) = lower(w.name) or c.id = n.netbox_id
    left join of_others o on o.id = c.id
    group by w.key
),
asked as (
    select * replace (with_candidates(problem, ids) as problem) from evaluated
),
-- What a person has answered, if exactly this was asked.
answered as (
    select e.* replace (
        if(a.answer is null, e.netbox_id, a.netbox_id) as netbox_id, if(a.answer is null, e.problem, null) as problem)
    from asked e
    left join config.answers a on a.resource = 'clusters' and a.key = e.key and a.question = question(e.problem)
        and (a.answer = 'create' or (a.answer = 'pick' and a.netbox_id in (select id from netbox.clusters)))
)
select
    j.key, j.netbox_id, coalesce(c.name, j.wanted_name) as name, j.problem, c.group_id,
    if(c.scope_type = 'dcim.site', c.scope_id, null) as site_id
from answered j
left join netbox.clusters c on c.id = j.netbox_id
