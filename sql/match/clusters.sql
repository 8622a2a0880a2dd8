-- Which NetBox cluster each desired cluster is. Key: the cluster's name. By the name, exact but for case. A cluster
-- with guests of another system belongs to that system: a Docker host and a Proxmox cluster with the same name are two
-- clusters.
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
-- A cluster that someone renamed in NetBox, where no other has the name: the one with all guests of this cluster and of
-- no other one, else the one that this product gave the name.
nameless as (
    select key, lower(name) as name from desired.clusters
    where lower(name) not in (select lower(name) from netbox.clusters)
),
held as (
    select v.cluster_id as id, lower(held_cluster(v.cf, settings.cluster_field)) as name
    from netbox.virtual_machines v cross join settings
    where v.cluster_id is not null and not coalesce(settings.ids_span_clusters, false)
      and held_cluster(v.cf, settings.cluster_field) is not null
    group by all
),
with_guests as (
    select n.key, min(h.id) as id from nameless n join held h using (name)
    group by n.key having count(*) = 1 and min(h.id) not in (select id from held group by id having count(*) > 1)
),
named_by_us as (
    select n.key, min(c.id) as id
    from nameless n
    join ledger.last_written l on l.object_type = 'virtualization/clusters' and l.field = 'name' and not l.restored
        and lower(l.value::json ->> '$') = n.name
    join netbox.clusters c on c.id = l.netbox_id
    group by n.key having count(distinct c.id) = 1
),
renamed as (
    select key, coalesce(g.id, u.id) as id from with_guests g full join named_by_us u using (key)
),
-- The source's name may be the new one: NetBox has a cluster of another name with guests of that one, at least half of
-- which this cluster shows, and no other endpoint of the configuration wrote them. A standalone node that joined
-- this cluster does not count.
guests as (
    select cluster, source_id, lower(name) as name, lower(given_name) as given_name from desired.virtual_machines
    where cluster in (select key from nameless) and cluster not in (select key from renamed)
),
old_guests as (
    select v.id, v.cluster_id, lower(v.name) as name, held_cluster(v.cf, settings.cluster_field) as held_cluster,
        held_guest(v.cf, settings.id_field) as held_id
    from netbox.virtual_machines v cross join settings
    where v.cluster_id in (select id from held group by id having count(*) = 1) and exists (from guests)
),
old_clusters as (
    select n.key, o.cluster_id as id, count(distinct g.source_id) as shown, max(o.held_cluster) as held_cluster
    from (select distinct cluster as key from guests) n
    cross join settings
    cross join old_guests o
    left join guests g on g.cluster = n.key and g.source_id = o.held_id
        and (coalesce(settings.ids_are_names, false) or o.name in (g.name, g.given_name))
    left join ledger.last_written l on l.object_type = 'virtualization/virtual-machines' and l.netbox_id = o.id
        and l.field = 'cf.' || settings.cluster_field and l.endpoint in (select endpoint from config.other_endpoints)
    where o.held_id is not null and lower(o.held_cluster) <> lower(n.key)
      and lower(o.held_cluster) not in (select lower(key) from desired.devices where cluster is not null)
    group by all having count(l.netbox_id) = 0 and 2 * count(distinct g.source_id) >= count(distinct o.id)
),
-- Or NetBox has it under a name that people gave it, with guests that no source has written: two at least have names of
-- guests of this cluster, and so have half of them.
written_clusters as (
    select id from held
    union select id from of_others
    union select netbox_id from ledger.last_written where object_type = 'virtualization/clusters'
),
entered_guests as (
    select v.cluster_id, lower(v.name) as name
    from netbox.virtual_machines v
    where v.cluster_id not in (select id from written_clusters where id is not null) and exists (from guests)
),
entered_clusters as (
    select n.key, o.cluster_id as id, count(distinct o.name) filter (g.source_id is not null) as shown
    from (select distinct cluster as key from guests) n
    cross join entered_guests o
    left join guests g on g.cluster = n.key and o.name in (g.name, g.given_name)
    group by all having shown > 1 and 2 * shown >= count(distinct o.name)
),
named_otherwise as (
    select e.key, list(e.id order by e.id) as ids, max(e.shown) as shown, min(c.name) as name,
        list({'type': 'virtualization/clusters', 'id': e.id, 'name': c.name} order by e.id) as found
    from entered_clusters e join netbox.clusters c using (id)
    where lower(c.name) not in (select lower(name) from desired.clusters)
    group by e.key
),
doubtful as (
    select o.key, list(o.id order by o.id) as ids, max(o.held_cluster) as held_cluster, max(o.shown) as shown,
        list({'type': 'virtualization/clusters', 'id': o.id, 'name': c.name} order by o.id) as found
    from old_clusters o join netbox.clusters c using (id) group by o.key
),
evaluated as (
    select w.key, any_value(w.name) as wanted_name,
        coalesce(list(c.id order by c.id) filter (c.id is not null), any_value(d.ids), any_value(h.ids)) as ids,
        case when count(c.id) = 1 then min(c.id) end as netbox_id,
        coalesce(any_value(w.problem),
            case when count(c.id) > 1
                     then conflict('several_clusters', {name: any_value(w.name), candidates: count(c.id)})
                 when min(o.word) is not null
                     then conflict('cluster_of_another_system', {name: min(c.name), kind: min(o.word)})
                 when any_value(d.ids) is not null
                     then conflict('may_be_this_cluster', {candidates: any_value(d.found), number: max(d.shown),
                         held: any_value(d.held_cluster), name: any_value(w.name)})
                 when any_value(h.ids) is not null
                     then conflict('may_be_this_cluster_by_names', {candidates: any_value(h.found),
                         number: max(h.shown), held: any_value(h.name), name: any_value(w.name)}) end) as problem
    from desired.clusters w
    left join renamed n using (key)
    left join netbox.clusters c on lower(c.name) = lower(w.name) or c.id = n.id
    left join of_others o on o.id = c.id
    left join doubtful d on d.key = w.key
    left join named_otherwise h on h.key = w.key and d.key is null
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
