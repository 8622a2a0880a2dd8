-- Devices: desired against NetBox. Joined by the device's identity (sql/match/devices.sql).
-- Only with rows of desired.devices.
with settings as (from config.endpoint),

referenced as (
    select owner_key as key,
        max(case when field = 'site' then value end) as site,
        max(case when field = 'location' then value end) as location,
        max(case when field = 'location' then problem end) as location_problem,
        max(case when field = 'site' then netbox_id end) as site_id,
        max(case when field = 'site' and by_cluster is not null
            then noted('site_of_its_cluster', {site: name, cluster: by_cluster}) end) as site_note,
        max(case when field = 'device_type' then value end) as device_type,
        bool_or(field = 'device_type' and by_default) as default_type,
        max(case when field = 'role' then value end) as role,
        max(case when field = 'platform' then value end) as platform,
        max(case when field = 'platform' then problem end) as platform_problem,
        max(case when field = 'rack' then value end) as rack,
        max(case when field = 'rack' then netbox_id end) as rack_id,
        max(case when field = 'rack' then problem end) as rack_problem,
        max(case when field = 'tenant' then value end) as tenant,
        max(case when field = 'tenant' then problem end) as tenant_problem,
        string_agg(problem, '; ' order by field) filter (required and problem is not null) as missing
    from match.references where owner_resource = 'devices' group by owner_key
),

actual as (
    select d.*, existing(s.id, s.name) as site, existing(t.id, t.model) as device_type,
           existing(r.id, r.name) as role, existing(p.id, p.name) as platform, existing(c.id, c.name) as cluster,
           existing(l.id, l.name) as location
    from netbox.devices d
    left join netbox.sites s on s.id = d.site_id
    left join netbox.device_types t on t.id = d.device_type_id
    left join netbox.device_roles r on r.id = d.role_id
    left join netbox.platforms p on p.id = d.platform_id
    left join netbox.clusters c on c.id = d.cluster_id
    left join netbox.locations l on l.id = d.location_id
),

paired as materialized (
    select w.key, bare_id_note(a.cf, settings.node_field, w.source_id) as bare_id,
        m.netbox_id, m.problem, w.not_imported, w.inactive, a.last_updated, r.missing, r.site_note,
        differing([
            -- Any of the device's names is right; only a name that is none of them differs.
            text_field('name', a.name, case when list_contains(list_transform(w.names, lambda n: lower(n)),
                lower(a.name)) then a.name else w.name end),
            -- A stack's master has the serial of the master's chassis.
            text_field('serial', a.serial, coalesce(stack.serial, w.serial)),
            -- Where the source does not show a node's hardware, its default type is for new devices only.
            json_field('device_type', a.device_type,
                case when settings.shows_node_hardware or m.netbox_id is null or not r.default_type
                    then r.device_type end),
            json_field('role', a.role, r.role),
            json_field('site', a.site, r.site),
            -- NetBox takes only a location of the device's own site; a rack has its own.
            json_field('location', a.location,
                case when (m.netbox_id is null and rack.location_id is null)
                    or (a.site_id = r.site_id and a.rack_id is null) then r.location end),
            undecided_field('location', a.location, r.location_problem),
            -- Rack and tenant are for new devices only.
            case when m.netbox_id is null then json_field('rack', null, r.rack) end,
            case when m.netbox_id is null then undecided_field('rack', 'null', r.rack_problem) end,
            case when m.netbox_id is null then json_field('tenant', null, r.tenant) end,
            case when m.netbox_id is null then undecided_field('tenant', 'null', r.tenant_problem) end,
            json_field('platform', a.platform, r.platform),
            undecided_field('platform', a.platform, r.platform_problem),
            json_field('cluster', a.cluster, link('clusters', c.key, c.netbox_id, c.name)),
            text_field('status', a.status, w.status),
            json_field('cf.' || settings.node_field, json_extract(a.cf, '$.' || settings.node_field)::varchar,
                case when settings.writes_id_fields and w.id_value is not null
                     then with_claim(a.cf, settings.node_field, settings.id_scope, w.id_value,
                         settings.node_field_type) end)
        ]) as fields
    from desired.devices w
    join match.devices m using (key)
    join referenced r using (key)
    cross join settings
    left join actual a on a.id = m.netbox_id
    left join netbox.racks rack on rack.id = r.rack_id
    left join match.live_clusters c on c.key = w.cluster
    left join (select device, serial from desired.stack_members where is_master) stack on stack.device = w.key
)

select
    'devices' as resource, key, key as parent, 'dcim/devices' as object_type, netbox_id,
    null::varchar as target, last_updated,
    coalesce(action_of(cause), if(netbox_id is null, 'create', 'update')) as action, coalesce(cause, note) as reason,
    fields
from (
    select * replace (if(is_left_out, [], fields) as fields), nullif(concat_ws('; ', bare_id,
            if(list_contains(list_transform(fields, lambda f: f.field), 'site'), site_note, null)), '') as note,
        coalesce(problem, if(is_left_out, not_imported, null),
            case when netbox_id is null then coalesce(not_imported, missing) end) as cause
        from (select *, is_dormant(netbox_id, inactive, not_imported) as is_left_out from paired)
)
where problem is not null or is_left_out or netbox_id is null or (len(fields) > 0 and not inactive)
