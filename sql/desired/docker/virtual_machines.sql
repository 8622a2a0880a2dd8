-- Containers in NetBox's terms, one row per container that is not left out. Key and source_id: the container's name,
-- which the host gives to one container only and which stays when a container is created again; its id does not.
with settings as (from config.endpoint),

-- While Docker Compose recreates a container, the old or the new one is called <12 digits of an id>_<name>. This is a
-- temporary name, and the container is not compared.
temporary as (
    select c.name from docker.containers c
    where regexp_full_match(c.name, '[0-9a-f]{12}_.+')
      and (c.compose_project is not null or exists (from docker.containers o where starts_with(o.id, left(c.name, 12))))
),
-- NetBox tells names apart without regard to case, Docker does not: the first one keeps the name.
counted as (
    select *, row_number() over (partition by lower(name) order by name) as position,
        min(name) over (partition by lower(name)) as first_name
    from docker.containers
    where len(list_filter((select ignored_containers from settings),
        lambda pattern: regexp_full_match(name, pattern))) = 0
      and name not in (from temporary)
      and replaced_by is null
      and ((select auto_removed_containers from settings) or auto_remove is not true)
),
tags_of as (
    select c.name, list(distinct d.slug order by d.slug) as slugs
    from docker.containers c join desired.tags d on d.key in (lower(c.compose_project), lower(c.compose_service))
    group by c.name
),
gaps as (
    select scope_id as name, string_agg(distinct reason, '; ' order by reason) as reason
    from docker.scopes where scope = 'container' and not complete group by 1
)

select
    c.name as key,
    c.name as source_id,
    c.name,
    settings.cluster_name as cluster,
    (select key from desired.devices where cluster is not null) as device,
    case when c.state in ('running', 'restarting') then 'active'
         when c.state = 'paused' then if(target_has_paused(), 'paused', 'offline')
         -- The last three are Podman's.
         when c.state in ('created', 'exited', 'dead', 'stopped', 'configured', 'initialized') then 'offline'
    end as status,
    round(c.cpus, 2) as vcpus,
    c.memory // 1048576 as memory,
    -- NetBox knows it since 4.5.
    case when target_release() >= 405 and c.inspected
         then if(c.restart_policy in ('always', 'unless-stopped'), 'on', 'off') end as start_on_boot,
    case when c.inspected then described(c.image, 200) end as description,
    case when settings.compose_tags and c.inspected then coalesce(t.slugs, []) end as tags,
    to_json({'docker_host': settings.cluster_name, 'docker_container': c.name})::varchar as id_values,
    false as is_template,
    'container' as type,
    case when not c.inspected
         then blocked('not_enough_to_create', {source: 'Docker',
             because: if(g.reason is null, because('not_inspected'), because('not_read', {text: g.reason}))})
                 end as not_imported,
    false as inactive,
    coalesce(name_problem(c.name, 64),
        case when c.position > 1 then conflict('same_name_in_any_case',
            {object: 'container', name: c.first_name}) end) as problem
from counted c
cross join settings
left join gaps g on g.name = c.name
left join tags_of t on t.name = c.name
