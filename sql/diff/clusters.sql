-- Clusters: desired against NetBox. Key: the cluster's name.
-- Only with rows of desired.clusters.
with referenced as (
    select owner_key as key,
        max(case when field = 'type' then value end) as type,
        max(case when field = 'group' then value end) as cluster_group,
        max(case when field = 'site' then coalesce(typed_existing('dcim.site', netbox_id, name),
            case when value is not null then typed_created('dcim.site', 'sites', slug(name), name) end) end) as scope,
        any_value(netbox_id) filter (field = 'site') as site_id,
        string_agg(problem, '; ' order by field) filter (required and problem is not null) as missing
    from match.references where owner_resource = 'clusters' group by owner_key
),
actual as (
    select c.*, existing(t.id, t.name) as type, existing(g.id, g.name) as cluster_group,
        typed_existing(c.scope_type, c.scope_id, coalesce(s.name, l.name, r.name, sg.name)) as scope,
        coalesce(s.id, l.site_id) as site_id
    from netbox.clusters c
    left join netbox.cluster_types t on t.id = c.type_id
    left join netbox.cluster_groups g on g.id = c.group_id
    left join netbox.sites s on c.scope_type = 'dcim.site' and s.id = c.scope_id
    left join netbox.locations l on c.scope_type = 'dcim.location' and l.id = c.scope_id
    left join netbox.regions r on c.scope_type = 'dcim.region' and r.id = c.scope_id
    left join netbox.site_groups sg on c.scope_type = 'dcim.sitegroup' and sg.id = c.scope_id
),
-- NetBox gives all machines of a cluster the site of its new scope.
moved as (
    select a.id, count(*) as machines
    from actual a
    join match.clusters m on m.netbox_id = a.id
    join referenced r using (key)
    join netbox.virtual_machines v on v.cluster_id = a.id
    where v.site_id is distinct from r.site_id
    group by a.id
),
paired as (
    select w.key, m.netbox_id, m.problem, a.last_updated, r.missing, a.name as actual_name, v.machines,
        r.scope::json ->> '$.name' as site,
        differing([
            text_field('name', a.name, if(lower(a.name) = lower(w.name), a.name, w.name)),
            json_field('type', a.type, r.type),
            json_field('group', a.cluster_group, r.cluster_group),
            -- A location of the site is the more exact scope.
            json_field('scope', a.scope, if(a.site_id is not null and a.site_id = r.site_id, a.scope, r.scope)),
            text_field('status', a.status, w.status)
        ]) as fields
    from desired.clusters w
    join match.clusters m using (key)
    left join referenced r using (key)
    left join actual a on a.id = m.netbox_id
    left join moved v on v.id = m.netbox_id
)
select 'clusters' as resource, key, key as parent, 'virtualization/clusters' as object_type, netbox_id,
       null::varchar as target, last_updated,
       coalesce(nullif(action_of(cause), 'noted'), if(netbox_id is null, 'create', 'update')) as action,
       cause as reason, fields
from (select *, coalesce(problem, case when netbox_id is null then missing end,
        case when machines > 0 and list_contains(list_transform(fields, lambda f: f.field), 'scope')
             then noted('machines_move_with_cluster', {number: machines, cluster: actual_name, site: site})
        end) as cause
    from paired)
where problem is not null or netbox_id is null or len(fields) > 0
