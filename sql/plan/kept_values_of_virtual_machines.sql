-- Virtual machines, which are in the cluster and at the site of their device, and clusters, whose devices are in their
-- place; see sql/plan/kept_values.sql.
-- Only with rows of diff.rows WHERE action = 'update'
--   AND object_type IN ('virtualization/virtual-machines', 'virtualization/clusters').
-- Devices in the place where they will be; -1: one that NetBox does not have yet. moved: the row that moves them.
with moves as (
    select netbox_id as id, any_value(key) as key,
        max(coalesce(try_cast(json_extract_string(after, '$.id') as bigint), -1)) filter (field = 'site') as site_id,
        max(coalesce(try_cast(json_extract_string(after, '$.id') as bigint), -1)) filter (field = 'cluster')
            as cluster_id
    from diff.edited where resource = 'devices' and field in ('site', 'cluster') group by netbox_id
),
hosts as (
    select d.id, coalesce(d.name, 'device ' || d.id) as name, d.site_id as had_site, d.cluster_id as had_cluster,
        coalesce(m.site_id, d.site_id) as site_id, coalesce(m.cluster_id, d.cluster_id) as cluster_id, m.key as moved
    from netbox.devices d left join moves m on m.id = d.id
),
edited_clusters as (
    select netbox_id as id, any_value(key) as key, min(field) as field, max(field) filter (field = 'scope') as scope
    from diff.edited where resource = 'clusters' group by netbox_id
),
machines as (
    select v.id, v.site_id, v.cluster_id, h.had_site, h.had_cluster, h.moved, h.name as host, h.site_id as host_site,
        h.cluster_id as host_cluster
    from netbox.virtual_machines v
    join hosts h on h.id = v.device_id
    where v.id in (select netbox_id from diff.edited where object_type = 'virtualization/virtual-machines')
)

-- A machine is in the cluster and at the site of its device.
select 'virtualization/virtual-machines', id, ['device', 'cluster'],
    if(host_cluster is not distinct from cluster_id,
        {'resource': 'devices', 'key': moved, 'field': 'cluster'}, null),
    because('machine_without_its_device', {device: host})
from machines
where host_cluster is distinct from cluster_id or had_cluster is distinct from cluster_id
union all
select 'virtualization/virtual-machines', id, ['device', 'site'],
    if(host_site = site_id, {'resource': 'devices', 'key': moved, 'field': 'site'}, null),
    because('machine_not_at_site_of_device', {device: host})
from machines where site_id is not null and (host_site <> site_id or had_site <> site_id)
union all
-- Its cluster goes with its location to another site, and takes it along only when the cluster is saved.
select 'virtualization/virtual-machines', v.id, ['cluster', 'site'],
    {'resource': 'clusters', 'key': e.key, 'field': e.field},
    because('machine_not_at_site_of_cluster', {cluster: c.name})
from netbox.virtual_machines v
join diff.scoped_clusters c on c.id = v.cluster_id
left join edited_clusters e on e.id = c.id
where v.site_id <> c.site_id
union all
select 'virtualization/clusters', c.id, ['scope'], null,
    because('cluster_hosts_elsewhere', {place: c.place, devices: (list(h.name order by h.name))[:10],
        more: nullif(greatest(count(*) - 10, 0), 0)})
from diff.scoped_clusters c
join netbox.devices d on d.cluster_id = c.id
join hosts h on h.id = d.id
where d.site_id <> c.site_id or c.location_id is not null and d.location_id is distinct from c.location_id
group by c.id, c.place
