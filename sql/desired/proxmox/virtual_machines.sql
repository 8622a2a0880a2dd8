-- Guests in NetBox's terms, one row per guest that is not left out. Key: the name it has or gets in NetBox;
-- source_id is the vmid. On a node that is down everything but the guest's existence is unknown.
with settings as (from config.endpoint),

target as (
    select target_release() as release, target_has_paused() as has_paused
),

guests as (
    select g.*,
        case when g.name_given is null then null
             when blank(g.name_given) is null then if(g.type = 'lxc', 'ct-', 'vm-') || g.vmid
             else stripped(g.name_given) end as given,
        -- The node does not answer: the cluster's data about its guests may be out of date.
        not g.config_read and g.status is null and g.maxmem is null as unseen
    from proxmox.guests g, settings
    where (not coalesce(g.template, false) or settings.include_templates)
      and g.vmid not in (select vmid from desired.ignored_guests)
),

-- Names that collide within the cluster: the lowest vmid keeps the name.
named as (
    select *,
        case when given is not null and row_number() over (partition by lower(given) order by vmid) > 1
             then given || ' (' || vmid || ')' else given end as name
    from guests
),
counted as (
    select *, coalesce(name, if(type = 'lxc', 'ct-', 'vm-') || vmid) as shown_name,
        count(*) over (partition by lower(name)) as same_name,
        count(*) over (partition by lower(coalesce(name, if(type = 'lxc', 'ct-', 'vm-') || vmid))) as same_shown
    from named
),

tags_of as (
    select g.vmid, list_sort(list(distinct d.slug)) as slugs
    from proxmox.guests g, unnest(g.tags) as t(tag)
    join desired.tags d on d.key = lower(t.tag)
    group by g.vmid
),
-- Data of a guest for custom fields. The content of an unread storage is unknown, and so is the sum.
storages_read as (
    select count(*) = 0 as yes from proxmox.scopes where not complete
        and scope in ('storage', 'storages', 'rights', 'cluster')
),
backups as (
    select vmid, count(*) as number, max(ctime) as newest
    from (select distinct storage, volid, vmid, ctime from proxmox.backups) group by vmid
),
snapshots as (
    select vmid, count(*) as number, max_by(name, snaptime) as newest from proxmox.snapshots group by vmid
),
replications as (
    select guest as vmid, string_agg(target || coalesce(' (' || schedule || ')', ''), ', ' order by target) as targets
    from proxmox.replications where not coalesce(disable, false) group by guest
),
replications_read as (
    select count(*) = 0 as yes from proxmox.scopes where not complete and scope in ('replication', 'rights', 'cluster')
),
storages as (
    select vmid, string_agg(distinct storage, ', ' order by storage) as names
    from proxmox.disks where counted and storage is not null group by vmid
),
-- A field that is not there is unknown; null says that there is nothing.
facts as (
    select g.vmid, to_json(map_concat(
        if(r.yes, map {
            'proxmox_backups': to_json(coalesce(b.number, 0)),
            'proxmox_last_backup': to_json(strftime(b.newest, '%Y-%m-%dT%H:%M:%S+00:00'))}, map {}::map(varchar, json)),
        if(g.config_read and not exists (from proxmox.scopes s where not s.complete and s.scope = 'guest_snapshots'
            and s.scope_id = g.vmid::varchar), map {
            'proxmox_snapshots': to_json(coalesce(n.number, 0)),
            'proxmox_newest_snapshot': to_json(n.newest)}, map {}::map(varchar, json)),
        if(g.config_read, map {'proxmox_storages': to_json(d.names)}, map {}::map(varchar, json)),
        if(j.yes, map {'proxmox_replications': to_json(t.targets)}, map {}::map(varchar, json))))::varchar as facts
    from proxmox.guests g
    cross join storages_read r
    cross join replications_read j
    cross join settings
    left join backups b on b.vmid = g.vmid
    left join snapshots n on n.vmid = g.vmid
    left join storages d on d.vmid = g.vmid
    left join replications t on t.vmid = g.vmid
    where settings.records_to = 'custom_fields'
),
gaps as (
    select try_cast(scope_id as bigint) as vmid, string_agg(distinct reason, '; ' order by reason) as reason
    from proxmox.scopes where scope = 'guest' and not complete group by 1
),
-- Guests whose pool and tags mean different tenants.
several_tenants as (
    select vmid, conflict('several_tenants', {tenants: list(distinct tenant order by tenant)}) as problem
    from (select g.vmid, mapping('tenants', w.word) as tenant
          from proxmox.guests g cross join unnest(list_concat([g.pool], g.tags)) as w(word))
    where tenant is not null
    group by vmid having count(distinct lower(tenant)) > 1
),
uuids as (
    select vmid, lower(any_value(nullif(regexp_extract(value, '(^|,)uuid=([0-9a-fA-F-]{36})(,|$)', 2), ''))) as uuid
    from proxmox.guest_config where key = 'smbios1' group by vmid
)

select
    if(same_shown > 1, shown_name || ' [' || c.vmid || ']', shown_name) as key,
    c.vmid::varchar as source_id,
    c.name,
    cluster.name as cluster,
    if(unseen, null, c.node) as device,
    case when c.status = 'running' then 'active'
         when c.status = 'stopped' then 'offline'
         when c.status in ('paused', 'suspended', 'prelaunch') then if(target.has_paused, 'paused', 'offline')
    end as status,
    round(c.maxcpu, 2) as vcpus,
    c.maxmem // 1048576 as memory,
    -- NetBox knows it since 4.5.
    case when target.release >= 405 and c.config_read then if(coalesce(c.onboot, false), 'on', 'off')
        end as start_on_boot,
    case when c.config_read
         then described(first_line(c.description), 200) end as description,
    case when c.config_read and settings.notes_as_comments then several_lines(coalesce(c.description, ''))
        end as comments,
    case when c.config_read then coalesce(t.slugs, []) end as tags,
    to_json({'proxmox_cluster': cluster.name, 'proxmox_vmid': c.vmid})::varchar as id_values,
    coalesce(c.template, false) as is_template,
    c.type,
    f.facts,
    case when not c.config_read
         then blocked('not_enough_to_create', {source: 'Proxmox',
             because: if(g.reason is null, because('configuration_not_read'), because('not_read', {text: g.reason}))})
                 end as not_imported,
    c.unseen as inactive,
    coalesce(name_problem(c.name, 64),
        case when c.same_name > 1 and c.name is not null
             then conflict('same_new_name', {number: c.same_name, objects: 'guests', owner: 'cluster',
                 name: c.name}) end) as problem,
    u.uuid,
    coalesce(c.lock = 'clone', false) as is_copy,
    nullif(c.given, c.name) as given_name,
    p.problem as tenant_problem
from counted c
cross join proxmox.cluster cluster
cross join target
cross join settings
left join tags_of t using (vmid)
left join facts f on f.vmid = c.vmid
left join gaps g on g.vmid = c.vmid
left join uuids u on u.vmid = c.vmid
left join several_tenants p on p.vmid = c.vmid
