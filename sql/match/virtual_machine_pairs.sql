-- The NetBox virtual machines that each guest may be by its id or name. Key: desired virtual machine + NetBox virtual
-- machine. By the id custom fields (proxmox_cluster and proxmox_vmid; docker_host and docker_container), wherever the
-- virtual machine is, or by its name within the cluster. settled: id and name agree, and no other pair of the same
-- guest on either side.
-- Only with rows of desired.virtual_machines.
with settings as (from config.endpoint),

pairs as (
    select key, id, bool_or(is_id) as is_id, bool_or(is_name) as is_name
    from (
        select w.key, a.id, true as is_id, settings.ids_are_names or c.id is not null as is_name
        from desired.virtual_machines w
        cross join settings
        left join match.clusters home on home.key = w.cluster and settings.ids_are_names
        -- A cluster that got another name, in the source too, has its guests under the former one.
        join match.known_machines a on a.held_vmid = w.source_id
            and (lower(a.held_cluster) = lower(if(settings.ids_span_clusters, settings.id_scope, w.cluster))
                or (a.cluster_id = home.netbox_id and not a.named_elsewhere)
                -- An endpoint that got another name, and so has other ids.
                or (settings.ids_span_clusters and lower(a.name) = lower(w.name)
                    and lower(a.held_cluster) not in (select lower(endpoint) from config.other_endpoints)))
        left join match.machine_names c on c.id = a.id and c.name in (lower(w.name), lower(w.given_name))
        union all
        select w.key, a.id, false, true
        from desired.virtual_machines w
        join match.clusters c on c.key = w.cluster and c.problem is null
        join match.known_machines a on a.cluster_id = c.netbox_id and lower(a.name) = lower(w.name)
        union all
        select w.key, a.id, false, false
        from desired.virtual_machines w
        join match.clusters c on c.key = w.cluster and c.problem is null
        join match.known_machines a on a.cluster_id = c.netbox_id and lower(a.name) = lower(w.given_name))
    group by key, id
)

select p.*,
    is_id and is_name and count(*) over (partition by p.key) = 1 and count(*) over (partition by p.id) = 1
        and w.known_id is null and w.problem is null and c.problem is null as settled
from pairs p
join desired.virtual_machines w using (key)
left join match.clusters c on c.key = w.cluster
