-- Clusters of the source whose name no cluster in NetBox has: which one each is under another name, or may be.
-- Key: the cluster's name. netbox_id: it is this one. ids, found: it may be one of these, where netbox_id is NULL;
-- by_names: because of the names of its guests alone. number: of guests that say so; held: how NetBox calls it.
-- Only with rows of desired.clusters WHERE lower(name) NOT IN (SELECT lower(name) FROM netbox.clusters).
with settings as (from config.endpoint),
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
    union select v.cluster_id from netbox.virtual_machines v cross join config.other_guest_fields o
        join netbox.clusters c on c.id = v.cluster_id
        where lower(held_cluster(v.cf, o.cluster_field)) = lower(c.name)
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
)
select key, id as netbox_id, null::bigint[] as ids,
    null::struct(type varchar, id bigint, name varchar)[] as found, null::bigint as number, null::varchar as held,
    null::boolean as by_names
from renamed
union all
select key, null, ids, found, shown, held_cluster, false from doubtful
union all
select key, null, ids, found, shown, name, true from named_otherwise where key not in (select key from doubtful)
