-- Virtual machines: desired against NetBox. Joined by sql/match/virtual_machines.sql.
-- Only with rows of desired.virtual_machines.
with settings as (from config.endpoint),

referenced as (
    select owner_key as key,
        max(case when field = 'role' then value end) as role,
        max(case when field = 'platform' then value end) as platform,
        max(case when field = 'platform' and starts_with(problem, '{"cause":"several_match_word"') then problem
            end) as ambiguous_platform,
        max(case when field = 'virtual_machine_type' then value end) as machine_type,
        max(case when field = 'tenant' then value end) as tenant,
        max(case when field = 'tenant' then problem end) as tenant_problem,
        string_agg(problem, '; ' order by field) filter (required and problem is not null) as missing,
        string_agg(problem, '; ' order by field) filter (problem is not null) as lacking
    from match.references where owner_resource = 'virtual_machines' group by owner_key
),

actual as (
    select v.*, existing(c.id, c.name) as cluster, existing(d.id, d.name) as device,
           existing(r.id, r.name) as role, existing(p.id, p.name) as platform, existing(t.id, t.name) as machine_type,
           existing(s.id, s.name) as site, existing(n.id, n.name) as tenant
    from netbox.virtual_machines v
    left join netbox.tenants n on n.id = v.tenant_id
    left join netbox.sites s on s.id = v.site_id
    left join netbox.virtual_machine_types t on t.id = v.virtual_machine_type_id
    left join netbox.clusters c on c.id = v.cluster_id
    left join netbox.devices d on d.id = v.device_id
    left join netbox.device_roles r on r.id = v.role_id
    left join netbox.platforms p on p.id = v.platform_id
),
disks as (
    select virtual_machine_id as id, sum(size)::bigint as size from netbox.virtual_disks group by 1
),
wanted_disks as (
    select virtual_machine as key, case when count(size) = count(*) then sum(size)::bigint end as size
    from desired.virtual_disks group by 1
),

written as (
    select netbox_id, bool_or(field = 'description') as description,
        bool_or(field = 'comments') as comments, bool_or(field = 'vcpus') as vcpus,
        bool_or(field = 'memory') as memory
    from ledger.last_written where object_type = 'virtualization/virtual-machines' and not restored group by netbox_id
),

-- NetBox gives a machine the site of its cluster, or of its device, and refuses a cluster or device of another site
-- after that: if one of them changes, the site changes too.
sites as (
    select w.key,
        -- A cluster takes its machines along to its new site.
        if(c.moves and c.netbox_id = a.cluster_id, null,
            coalesce(c.site, if(d.netbox_id is distinct from a.device_id, existing(s.id, s.name), null))) as site
    from desired.virtual_machines w
    join match.virtual_machines m using (key)
    join netbox.virtual_machines a on a.id = m.netbox_id
    left join match.cluster_sites c on c.key = w.cluster
    left join match.live_devices d on d.key = w.device
    left join netbox.sites s on s.id = d.site_id
    where c.netbox_id is distinct from a.cluster_id
       or d.netbox_id is distinct from a.device_id
),

paired as materialized (
    select w.key, m.netbox_id, m.problem, w.not_imported, w.inactive, w.known_id, a.last_updated, m.moved_from,
        c.key is null as homeless, concat_ws('; ', r.lacking, w.tenant_problem) as lacking, r.missing,
        differing(list_concat([
            text_field('name', a.name, case when m.name_held_by is null then w.name end),
            undecided_field('name', to_json(a.name)::varchar,
                case when m.netbox_id is not null and w.name <> a.name and m.name_held_by is not null
                     then conflict('guest_name_taken', {name: w.name, guest: m.name_held_by}) end),
            json_field('cluster', a.cluster, link('clusters', c.key, c.netbox_id, c.name)),
            json_field('device', a.device, case when d.netbox_id is not null
                or 'devices' in (select resource from config.may_create)
                then coalesce(link('devices', d.key, d.netbox_id, d.name), if(m.moved_from is not null, 'null', null))
                -- NetBox takes no device of the cluster that the guest has left.
                when m.moved_from is not null then 'null' end),
            json_field('site', a.site, st.site),
            text_field('status', a.status, w.status),
            json_field('role', a.role, r.role),
            json_field('virtual_machine_type', a.machine_type, r.machine_type),
            json_field('tenant', a.tenant, if(w.tenant_problem is null, r.tenant, null)),
            case when m.netbox_id is not null then undecided_field('tenant', coalesce(a.tenant, 'null'),
                coalesce(w.tenant_problem, if(r.tenant_problem is null, null,
                    conflict('field_undecided', {because: r.tenant_problem})))) end,
            json_field('platform', a.platform, r.platform),
            case when m.netbox_id is not null then undecided_field('platform', a.platform, r.ambiguous_platform) end,
            -- No limit clears only what came from one.
            amount_field('vcpus', a.vcpus, case when w.vcpus <> 0 or own.vcpus then w.vcpus end),
            amount_field('memory', a.memory, case when w.memory <> 0 or own.memory then w.memory end),
            -- NetBox keeps the size as the sum of the disks. Wrong is one that was typed in for a guest without disks,
            -- or beside disks that are all there.
            case when a.disk is not null and nd.id is null and w.tags is not null and wd.key is null
                      and w.key not in (select owner from desired.incomplete_scopes where resource = 'virtual_disks')
                 then field('disk', to_json(a.disk)::varchar, 'null')
                 when nd.size = wd.size and a.disk is distinct from nd.size
                 then field('disk', coalesce(to_json(a.disk)::varchar, 'null'), to_json(nd.size)::varchar) end,
            text_field('start_on_boot', a.start_on_boot, w.start_on_boot),
            -- No notes in the source clear only what came from there.
            text_field('description', a.description, case when w.description <> '' or own.description
                then w.description end),
            text_field('comments', a.comments, case when w.comments <> '' or own.comments then w.comments end),
            case when t.has <> t.had then field('tags', to_json(t.had)::varchar, to_json(t.has)::varchar) end,
            case when len(t.taken_off) > 0 then
                {'field': 'tags', 'before': to_json(t.had)::varchar,
                    'after': to_json(list_sort(list_concat(t.has, t.taken_off)))::varchar,
                 'decision': 'drifted', 'reason': drifted('tags_taken_off', {tags: t.taken_off})} end,
            json_field('cf.' || settings.cluster_field, json_extract(a.cf, '$.' || settings.cluster_field)::varchar,
                case when settings.writes_id_fields and w.known_id is null
                    then to_json(if(settings.ids_span_clusters, settings.id_scope, w.cluster))::varchar end),
            json_field('cf.' || settings.id_field, json_extract(a.cf, '$.' || settings.id_field)::varchar,
                case when not settings.writes_id_fields or w.known_id is not null then null
                     when coalesce(settings.id_field_type, id_type.type) = 'text' then to_json(w.source_id)::varchar
                     -- A decimal field holds 101.0, which is 101.
                     when settings.numeric_guest_ids and settings.id_field_type = 'decimal'
                         and held_guest(a.cf, settings.id_field) = w.source_id
                         then json_extract(a.cf, '$.' || settings.id_field)::varchar
                     else w.source_id end)],
            list_transform(coalesce(json_keys(w.facts), []), lambda k: json_field('cf.' || k,
                json_extract(a.cf, '$.' || k)::varchar, json_extract(w.facts, '$.' || k)::varchar))
        )) as fields
    from desired.virtual_machines w
    join match.virtual_machines m using (key)
    cross join settings
    left join desired.custom_fields id_type on id_type.key = settings.id_field
    left join referenced r using (key)
    left join match.guest_tags t using (key)
    left join sites st using (key)
    left join actual a on a.id = m.netbox_id
    left join disks nd on nd.id = m.netbox_id
    left join wanted_disks wd using (key)
    left join written own on own.netbox_id = m.netbox_id
    left join match.live_clusters c on c.key = w.cluster
    left join match.live_devices d on d.key = w.device
)

select
    'virtual_machines' as resource, key, key as parent, 'virtualization/virtual-machines' as object_type, netbox_id,
    null::varchar as target, last_updated,
    coalesce(nullif(action_of(cause), 'noted'), if(netbox_id is null, 'create', 'update')) as action, cause as reason,
        fields
from (
    select * replace (if(is_left_out, [], fields) as fields),
        case when problem is not null then problem
             when is_left_out then not_imported
             when netbox_id is not null and not (moved_from is not null and homeless) then moved_from
             when not_imported is not null then not_imported
             when homeless then blocked('cluster_not_written', {because_moved: moved_from,
                 because: (select string_agg(coalesce(d.reason, d.action), '; ') from diff.clusters d)})
             when missing is not null then lacking
             -- The others are for words that a virtual machine can do without.
             when lacking <> '' then noted('created_without', {because: lacking}) end as cause
    -- A guest that its own source cannot show is listed as skipped.
    from (select *, is_dormant(known_id, inactive, not_imported) as is_left_out from paired)
)
where problem is not null or is_left_out or netbox_id is null or (len(fields) > 0 and not inactive)
