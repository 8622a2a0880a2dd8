-- Which NetBox virtual machine each guest is. Key: the desired virtual machine.
-- Steps: (1) the id custom fields (proxmox_cluster and proxmox_vmid; docker_host and docker_container), wherever the
-- virtual machine stands; (2) its name within the cluster, if it has no id of its own. Two candidates are a conflict.
with settings as (from config.endpoint),

actual as (
    select v.id, v.name, v.cluster_id, v.last_updated,
        json_extract_string(v.cf, '$.' || settings.cluster_field) as held_cluster,
        json_extract_string(v.cf, '$.' || settings.id_field) as held_vmid
    from netbox.virtual_machines v, settings
),
by_id_fields as (
    select w.key, a.id, 1 as step
    from desired.virtual_machines w
    join actual a on a.held_vmid = w.source_id and lower(a.held_cluster) = lower(w.cluster)
),
by_name as (
    select w.key, a.id, 2 as step
    from desired.virtual_machines w
    join match.clusters c on c.key = w.cluster
    join actual a on a.cluster_id = c.netbox_id and lower(a.name) = lower(w.name) and a.held_vmid is null
    where w.problem is null
),
hits as (
    select * from (from by_id_fields union all from by_name)
    qualify step = min(step) over (partition by key)
),
summed as (
    select h.key, count(distinct h.id) as candidates, min(h.id) as netbox_id, min(step) as step,
        string_agg(distinct a.name || ' (id ' || a.id || ')', ', ' order by a.name || ' (id ' || a.id || ')') as found
    from hits h join actual a using (id) group by h.key
),
-- A name in the cluster that another virtual machine has: another guest's, or one without a vmid where the guest has
-- been found as a different one.
held_names as (
    select w.key, string_agg(a.name || ' (' || coalesce(settings.id_word || ' ' || a.held_vmid || coalesce(' of ' || nullif(a.held_cluster, w.cluster), ''), 'no ' || settings.id_word) || ')', ', ' order by a.name) as found
    from desired.virtual_machines w
    cross join settings
    join match.clusters c on c.key = w.cluster
    join actual a on a.cluster_id = c.netbox_id and lower(a.name) = lower(w.name)
    left join summed s on s.key = w.key
    where a.id is distinct from s.netbox_id and (a.held_vmid is not null or s.netbox_id is not null)
    group by w.key
),
judged as (
    select w.key, w.name as wanted_name, s.netbox_id, s.step,
        case
            when w.problem is not null then w.problem_action
            when s.candidates > 1 then 'conflict'
            when s.netbox_id is not null and count(*) over (partition by s.netbox_id) > 1 then 'conflict'
            when s.netbox_id is null and h.found is not null then 'conflict'
        end as problem_action,
        case
            when w.problem is not null then w.problem
            when s.candidates > 1 and s.step = 1 then 'several NetBox virtual machines have ' || settings.id_word || ' ' || w.source_id || ' of ' || w.cluster || ': ' || s.found
            when s.candidates > 1 then 'several NetBox virtual machines could be this one: ' || s.found
            when s.netbox_id is not null and count(*) over (partition by s.netbox_id) > 1
                then 'several guests could be the NetBox virtual machine ' || s.found
            when s.netbox_id is null and h.found is not null then 'NetBox has the name in this cluster for another guest: ' || h.found
        end as problem,
        h.found as name_held_by
    from desired.virtual_machines w
    cross join settings
    left join summed s using (key)
    left join held_names h using (key)
)
select j.key,
    case when j.problem is null then j.netbox_id end as netbox_id,
    j.netbox_id as candidate_id,
    coalesce(a.name, j.wanted_name, j.key) as name,
    j.step, j.problem_action, j.problem, j.name_held_by,
    case when j.problem is null then a.last_updated end as last_updated
from judged j
left join actual a on a.id = j.netbox_id
