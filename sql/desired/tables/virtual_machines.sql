-- The rows of virtual_machines.sql in NetBox's terms. Key: the name, with the id if several have it; source_id: the id.
-- NetBox takes a device only from the machine's own cluster.
-- Only with rows of tables.virtual_machines.
with placed as (
    select v.*, c.key as cluster_key
    from tables.virtual_machines v
    cross join config.endpoint settings
    join desired.clusters c on lower(c.name) = lower(coalesce(v.cluster, settings.default_cluster))
),
counted as (
    select *, count(*) over (partition by lower(name)) as same_name,
        count(*) over (partition by lower(name), cluster_key) as same_in_cluster
    from placed
),
tags_of as (
    select v.id, list_sort(list(distinct t.slug)) as slugs
    from tables.virtual_machines v, unnest(v.tags) as w(word)
    join desired.tags t on t.key = lower(w.word)
    group by v.id
)
select
    if(c.same_name > 1, c.name || ' [' || c.id || ']', c.name) as key,
    c.id as source_id,
    c.name,
    c.cluster_key as cluster,
    d.key as device,
    if(c.status = 'paused' and not target_has_paused(), 'offline', c.status) as status,
    round(c.vcpus, 2) as vcpus,
    c.memory,
    described(c.description, 200) as description,
    several_lines(c.comments) as comments,
    case when c.tags is not null then coalesce(t.slugs, []) end as tags,
    to_json({'tables_endpoint': settings.id_scope, 'tables_id': c.id})::varchar as id_values,
    false as is_template,
    c.role as type,
    false as inactive,
    coalesce(name_problem(c.name, 64), case when c.same_in_cluster > 1 then conflict('same_new_name',
        {number: c.same_in_cluster, objects: 'virtual machines', owner: 'cluster', name: c.name}) end) as problem
from counted c
cross join config.endpoint settings
left join desired.devices d on d.source_id = c.device and d.cluster = c.cluster_key
left join tags_of t on t.id = c.id
