-- Virtual machines: device, cluster and site go together; see sql/plan/field_needs.sql.
-- Only with rows of diff.written_fields WHERE resource = 'virtual_machines' AND field IN ('device', 'cluster', 'site').
with sites as (select id, name from netbox.sites),
machines as materialized (
    select w.key, m.netbox_id, a.cluster_id as had_cluster, a.device_id as had_device, a.site_id as had_site,
        c.key as cluster_key, c.netbox_id as cluster_id, c.name as cluster_name,
        c.new_site_id as cluster_site, c.moves as cluster_moves,
        w.device as device_key, d.netbox_id as device_id, coalesce(d.name, w.device) as device_name,
        host.cluster_id as device_cluster, coalesce(host.site_id, dr.netbox_id) as device_site,
        hc.name as device_cluster_name, coalesce(hs.name, dr.name) as device_site_name,
        old.cluster_id as had_device_cluster, old.name as had_device_name, s.name as had_site_name
    from desired.virtual_machines w
    join match.virtual_machines m using (key)
    left join netbox.virtual_machines a on a.id = m.netbox_id
    left join diff.cluster_places c on c.key = w.cluster
    left join match.devices d on d.key = w.device
    left join netbox.devices host on host.id = d.netbox_id
    left join netbox.clusters hc on hc.id = host.cluster_id
    left join sites hs on hs.id = host.site_id
    left join match.references dr on dr.owner_resource = 'devices' and dr.owner_key = w.device and dr.field = 'site'
    left join netbox.devices old on old.id = a.device_id
    left join sites s on s.id = a.site_id
    where w.key in (select key from diff.written where resource = 'virtual_machines')
)

-- The device must be in the machine's cluster.
select 'virtual_machines' as resource, key, 'device' as field, 'devices' as needs_resource, device_key as needs_key,
    'cluster' as needs_field, because('device_not_in_cluster', {of_cluster: cluster_name, device: device_name,
        place: coalesce('cluster ' || device_cluster_name, 'no cluster')}) as why
from machines where device_cluster is null or device_cluster is distinct from cluster_id
union all
select 'virtual_machines', key, 'device', 'virtual_machines', key, 'cluster',
    because('device_not_in_cluster', {device: device_name, place: 'cluster ' || cluster_name})
from machines where netbox_id is not null and had_cluster is distinct from cluster_id
union all
select 'virtual_machines', key, 'cluster', 'virtual_machines', key, 'device',
    because('its_device_not_in_cluster', {device: had_device_name, cluster: cluster_name})
from machines
where netbox_id is not null and had_device is not null and had_device_cluster is distinct from cluster_id
  and had_device is distinct from device_id
union all
-- If a machine has a site, its cluster and its device must be in it.
select 'virtual_machines', key, 'cluster', 'virtual_machines', key, 'site',
    because('cluster_not_at_its_site', {site: had_site_name, cluster: cluster_name})
from machines where had_site is not null and cluster_site is not null and had_site <> cluster_site
union all
select 'virtual_machines', key, 'cluster', 'clusters', cluster_key, 'scope',
    because('cluster_scope_not_written', {cluster: cluster_name})
from machines where cluster_moves and netbox_id is not null and had_cluster is distinct from cluster_id
union all
select 'virtual_machines', key, 'site', 'virtual_machines', key, 'cluster',
    because('site_of_new_cluster', {cluster: cluster_name})
from machines where netbox_id is not null and had_cluster is distinct from cluster_id
union all
select 'virtual_machines', key, 'device', 'virtual_machines', key, 'site',
    because('device_at_another_site', {site: had_site_name, device: device_name, other_site: device_site_name})
from machines where had_site is not null and device_site is not null and had_site <> device_site
