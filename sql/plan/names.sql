-- Creates and updates that would write a name, slug or identifier with invisible characters, or one that is too
-- long for NetBox. Key: resource + key. Whatever the object: every text is a name but the free ones below.
-- The texts themselves stay in the row, where they are shown with escapes.
--
-- Hardly any text is odd: neither plain nor short enough for every field below.
with odd as (
    select resource, key, fields from diff.rows
    where action in ('create', 'update') and len(list_filter(list_transform(fields, lambda f: f.after),
        lambda text: strlen(text) > 52 or strlen(text) <> length(text) or contains(text, '\')
            or contains(text, chr(127)))) > 0
),
written as (
    select r.resource, r.key, f.field, f.after, position
    from odd r, unnest(r.fields) with ordinality as u(f, position)
    where f.decision = 'update'
      and f.field not in ('description', 'comments', 'notes', 'comment')
          and not (r.resource = 'tasks' and f.field = 'status')
      and (strlen(f.after) > 52 or strlen(f.after) <> length(f.after) or contains(f.after, '\')
          or contains(f.after, chr(127)))
      -- An object that exists keeps its name, and a new object has a separate row.
      and not contains(f.after, '"ref":') and not starts_with(f.after, '{"id":') and not starts_with(f.after, '[{"id":')
),
texts as (
    select resource, key, field, position, unnest(case json_type(after)
        when 'VARCHAR' then [json_extract_string(after, '$')]
        when 'ARRAY' then json_extract_string(after, '$[*]')
        when 'OBJECT' then list_concat(json_keys(after), json_extract_string(after, '$.*')) end) as text
    from written
),
limits as (
    select *, case
        when starts_with(field, 'cf.') then null
        when field = 'name' and resource in ('devices', 'virtual_machines', 'interfaces', 'vm_interfaces', 'vlans',
            'module_bays',
                                             'virtual_chassis', 'virtual_disks') then 64
        when field in ('name', 'label') and resource = 'custom_fields' then 50
        when field in ('name', 'slug', 'model') and resource in ('clusters', 'cluster_types', 'manufacturers',
            'platforms', 'device_roles',
                                                                 'device_types', 'module_types', 'sites', 'tags')
                                                                     then 100
        when field in ('serial', 'asset_tag', 'part_number') then 50
        when field = 'schedule' then 128
        when field in ('name', 'dns_name', 'storage', 'volume_id', 'upid', 'node', 'task_type', 'username',
            'replication_id', 'target', 'source')
            then 255 end as longest
    from texts
)
select resource, key,
    string_agg(problem, '; ' order by position) as reason
from (
    select *, text_problem(text, coalesce(longest, 100000), if(field = 'name', 'the name', 'it'),
        nullif(field, 'name')) as problem
    from limits)
where problem is not null
group by resource, key
