-- The number of the plugin's objects of each resource that belong to this endpoint's clusters and guests: a plan's
-- limits are a share of it, as of sql/plan/existing.sql.
-- Only with rows of netbox.proxbox_storages; netbox.proxbox_backups; netbox.proxbox_snapshots; netbox.proxbox_tasks;
--   netbox.proxbox_replications.
with records as (
    select 'backups' as resource, virtual_machine_id from netbox.proxbox_backups
    union all select 'snapshots', virtual_machine_id from netbox.proxbox_snapshots
    union all select 'tasks', virtual_machine_id from netbox.proxbox_tasks
    union all select 'replications', virtual_machine_id from netbox.proxbox_replications
)
select resource, count(*) as existing
from records where virtual_machine_id in (select netbox_id from match.live_virtual_machines where netbox_id is not null)
group by resource
union all
select 'storages', count(*)
from netbox.proxbox_storages where cluster_id in (select netbox_id from match.live_clusters where netbox_id is not null)
