-- Interfaces: desired against NetBox. Key: desired interface (device + name), as sql/match/interfaces.sql pairs them.
-- In slices of match.differing_interfaces.
-- Only with rows of match.differing_interfaces.
with settings as (from config.endpoint),

differing as (
    from match.differing_interfaces
),
differing_desired as materialized (
    select * from desired.interfaces where key in (select key from differing)
),

-- Ports with a number that was another one's: the VLANs and the LAG that are filed under it may be that one's.
renumbered as materialized (
    select owner as key, reason from match.reused_ids where resource = 'interface_vlans'
),

-- The VLANs of a port as references; one that cannot be resolved leaves the field undecided.
vlans as materialized (
    select v.* replace (if(r.reason is null, v.tagged, null) as tagged, if(r.reason is null, v.mode, null) as mode,
            if(r.reason is null, v.mode_if_empty, null) as mode_if_empty, coalesce(v.problem, r.reason) as problem),
        i.device
    from desired.interface_vlans v
    join differing_desired i using (key)
    left join renumbered r using (key)
),
untagged as (
    select v.key, v.untagged = 0 as none,
           link('vlans', m.key, m.netbox_id, v.untagged || coalesce(' ' || m.netbox_name, '')) as value,
           coalesce(v.problem, m.problem) as problem
    from vlans v
    left join match.vlans m on m.owner_resource = 'devices' and m.owner = v.device and m.vid = v.untagged
    where v.untagged is not null or v.problem is not null
),
tagged as (
    select v.key,
           '[' || coalesce(string_agg(link('vlans', m.key, m.netbox_id, vids.vid || coalesce(' ' || m.netbox_name, '')),
               ',' order by vids.vid), '') || ']' as value,
           any_value(m.problem) as problem
    from vlans v
    cross join unnest(v.tagged) as vids(vid)
    left join match.vlans m on m.owner_resource = 'devices' and m.owner = v.device and m.vid = vids.vid
    where v.tagged is not null
    group by v.key
    union all
    select key, '[]', null from vlans where tagged = []
),
-- The VLANs that a device knows, without those that Cisco reserves for other media.
known_vids as (
    select owner as device, list(vid order by vid) as vids from match.vlans
    where owner_resource = 'devices' and not permitted and vid not between 1002 and 1005 group by owner
),

present as materialized (
    select * from netbox.interfaces where id in (select netbox_id from differing)
),
present_links as (
    select id, name from netbox.interfaces
    where id in (select unnest([lag_id, parent_id, bridge_id]) from present)
),
actual as (
    select i.*,
        existing(lag.id, lag.name) as lag, existing(parent.id, parent.name) as parent_interface,
        existing(bridge.id, bridge.name) as bridge, existing(u.id, u.vid || ' ' || u.name) as untagged_vlan
    from present i
    left join present_links lag on lag.id = i.lag_id
    left join present_links parent on parent.id = i.parent_id
    left join present_links bridge on bridge.id = i.bridge_id
    left join netbox.vlans u on u.id = i.untagged_vlan_id
),
actual_tagged as (
    select i.id, '[' || string_agg(existing(v.id, v.vid || ' ' || v.name), ',' order by v.vid, v.id) || ']' as value
    from present i cross join unnest(i.tagged_vlan_ids) as t(vlan_id)
    join netbox.vlans v on v.id = t.vlan_id
    where len(i.tagged_vlan_ids) > 0
    group by i.id
),

left_links as materialized (
    from match.link_removals where key in (select key from differing)
),
link_targets as materialized (
    select key, netbox_id, name, problem from match.interface_names
    where resource = 'interfaces' and key in (
        select unnest([lag, parent_interface, bridge]) from differing_desired)
),

-- A type that this NetBox does not offer: one from the source becomes 'other', one from a mapping is reported.
supported_types as (
    select list(value) as types from netbox.choices where model = 'dcim.interface' and field = 'type'
),

with_supported_type as (
    select w.* exclude (problem) replace (if(len(supported_types.types) > 0
        and not list_contains(supported_types.types, w.natural_type), 'other', w.natural_type) as natural_type,
        if(len(supported_types.types) > 0 and not list_contains(supported_types.types, w.likely_type), null,
            w.likely_type) as likely_type),
        supported_types.types
    from differing_desired w cross join supported_types
),

typed as (
    select w.*, m.netbox_id, m.candidate_id,
        coalesce(m.problem, case when len(w.types) > 0 and not list_contains(w.types, w.mapped_type)
             then blocked('interface_type_unknown', {type: w.mapped_type}) end) as problem,
        d.key as device_key, d.netbox_id as device_id, d.name as device_name,
        -- A mapping counts always; the source's own word only where NetBox says no better than 'other', or says
        -- 'virtual' of a LAG.
        case when w.mapped_type is not null then w.mapped_type
             when settings.down_port_types = 'always' and (m.netbox_id is null or a.type = 'other')
                 then coalesce(w.likely_type, w.natural_type)
             when m.netbox_id is null and settings.down_port_types = 'create'
                 then coalesce(w.likely_type, w.natural_type)
             when m.netbox_id is null or a.type = 'other' or (a.type = 'virtual' and w.natural_type = 'lag')
                 then w.natural_type end as new_type,
        coalesce(new_type, a.type) as effective_type
    from with_supported_type w
    cross join settings
    join match.live_devices d on d.key = w.device
    join differing m on m.key = w.key
    left join present a on a.id = m.netbox_id
),

paired as materialized (
    select w.key, w.device_key, w.netbox_id, w.candidate_id, w.problem, a.last_updated,
        bare_id_note(a.cf, settings.id_field, w.source_id) as bare_id,
        differing([
            case when w.netbox_id is null then field('device', null,
                link('devices', w.device_key, w.device_id, w.device_name)) end,
            shown_field('device', existing(away.netbox_id, away.name),
                link('devices', w.device_key, w.device_id, w.device_name),
                case when away.netbox_id is not null then drifted('interface_on_other_member') end),
            trimmed_text_field('name', a.name, case when interface_alias(a.name) = interface_alias(w.name) then a.name
                else w.name end),
            trimmed_text_field('type', a.type, w.new_type),
            case when w.netbox_id is null then number_field('mgmt_only', null, w.mgmt_only) end,
            number_field('enabled', a.enabled, w.enabled),
            number_field('mtu', a.mtu, w.mtu),
            number_field('speed', a.speed, w.speed),
            trimmed_text_field('description', a.description, w.description),
            json_field('lag', a.lag, case when r.reason is null and w.effective_type not in ('virtual', 'bridge', 'lag')
                and lag.key is not null and lag.problem is null
                then link('interfaces', lag.key, lag.netbox_id, lag.name)
                when w.key in (select key from left_links where field = 'lag') then 'null' end),
            shown_field('lag', a.lag, link('interfaces', lag.key, lag.netbox_id, lag.name),
                case when r.reason is null and w.effective_type = 'virtual' and w.natural_type <> 'virtual'
                    and lag.key is not null and lag.problem is null and lag.netbox_id is distinct from a.lag_id
                    then drifted('type_allows_no_link', {source: settings.system_name, link: 'LAG', name: lag.name,
                        type: w.effective_type}) end),
            shown_field('parent', a.parent_interface, link('interfaces', parent.key, parent.netbox_id, parent.name),
                case when w.effective_type <> 'virtual' and w.natural_type = 'virtual'
                    and parent.key is not null and parent.problem is null
                    and parent.netbox_id is distinct from a.parent_id
                    then drifted('type_allows_no_link', {source: settings.system_name, link: 'parent',
                        name: parent.name, type: w.effective_type}) end),
            undecided_field('lag', a.lag, coalesce(w.lag_problem,
                if(lag.netbox_id is distinct from a.lag_id, r.reason, null),
                if(a.lag_id is null, of_undecided(lag.name, lag.problem), null))),
            json_field('parent', a.parent_interface, case when w.effective_type = 'virtual' and parent.key is not null
                and parent.problem is null
                then link('interfaces', parent.key, parent.netbox_id, parent.name)
                when w.key in (select key from left_links where field = 'parent') then 'null' end),
            undecided_field('parent', a.parent_interface,
                if(a.parent_id is null and w.effective_type = 'virtual', of_undecided(parent.name, parent.problem),
                    null)),
            undecided_field('bridge', a.bridge, coalesce(w.bridge_problem,
                if(a.bridge_id is null, of_undecided(bridge.name, bridge.problem), null))),
            json_field('bridge', a.bridge, case when bridge.key is not null and bridge.problem is null
                then link('interfaces', bridge.key, bridge.netbox_id, bridge.name)
                when w.key in (select key from left_links where field = 'bridge') then 'null' end),
            -- An access port is one of its VLAN: not without it.
            choice_field('mode', a.mode, case when kept.as_mode is null and (u.problem is null
                    or coalesce(v.mode, v.mode_if_empty) <> 'access')
                then coalesce(v.mode, case when coalesce(a.mode, '') = '' then v.mode_if_empty end) end),
            json_field('untagged_vlan', a.untagged_vlan, case when u.problem is null
                and kept.as_mode is distinct from 'q-in-q' then if(u.none, 'null', u.value) end),
            json_field('tagged_vlans', coalesce(had.value, '[]'), case when t.problem is null and kept.as_mode is null
                then t.value end),
            shown_field('mode', to_json(a.mode)::varchar, to_json(v.mode)::varchar,
                case when kept.as_mode = 'q-in-q' and v.mode is not null
                    then drifted('q_in_q_not_shown', {source: settings.system_name}) end),
            undecided_field('untagged_vlan', a.untagged_vlan, if(kept.as_mode = 'q-in-q', null, u.problem)),
            undecided_field('tagged_vlans', had.value, if(kept.as_mode is null, t.problem, null)),
            json_field('cf.' || settings.id_field, json_extract(a.cf, '$.' || settings.id_field)::varchar,
                case when settings.writes_id_fields and w.source_id is not null
                     then with_claim(a.cf, settings.id_field, settings.id_scope, w.source_id,
                         settings.id_field_type) end)
        ]) as fields
    from typed w
    cross join settings
    left join actual a on a.id = w.netbox_id
    left join match.chassis_devices away on away.key = w.device_key and away.netbox_id = a.device_id
    left join link_targets lag on lag.key = w.lag
    left join link_targets parent on parent.key = w.parent_interface
    left join link_targets bridge on bridge.key = w.bridge
    left join vlans v on v.key = w.key
    left join untagged u on u.key = w.key
    left join renumbered r on r.key = w.key
    left join tagged t on t.key = w.key
    left join actual_tagged had on had.id = w.netbox_id
    left join known_vids k on k.device = w.device
    -- Modes that say more than the source shows: an outer tag, and all VLANs where it shows all that the device knows.
    cross join lateral (select case when a.mode = 'q-in-q' then 'q-in-q'
        when a.mode = 'tagged-all' and v.mode = 'tagged'
            and list_has_all(list_append(v.tagged, v.untagged), k.vids) then 'tagged-all' end as as_mode) kept
)

select 'interfaces' as resource, key, device_key as parent, 'dcim/interfaces' as object_type,
       coalesce(netbox_id, candidate_id) as netbox_id, null::varchar as target, last_updated,
       coalesce(action_of(problem), if(netbox_id is null, 'create', 'update')) as action,
       coalesce(problem, bare_id) as reason,
       case when problem is null then fields else [] end as fields
from paired
where problem is not null or len(fields) > 0
