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

present as materialized (
    select * from netbox.interfaces where id in (select netbox_id from differing)
),
-- Ports with a number that was another one's: the LAG that is filed under it may be that one's.
renumbered as (
    select owner as key, reason from match.reused_ids where resource = 'interface_vlans'
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
        -- Modes that say more than the source shows: an outer tag, and all VLANs where it shows all that the device
        -- knows.
        case when a.mode = 'q-in-q' then 'q-in-q'
             when a.mode = 'tagged-all' and v.mode = 'tagged' and v.shows_all then 'tagged-all' end as kept_mode,
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
            json_field('lag', had.lag, case
                when r.reason is null and w.effective_type not in ('virtual', 'bridge', 'lag') and links.lag is not null
                    then links.lag
                when links.leaves_lag then 'null' end),
            shown_field('lag', had.lag, links.lag,
                case when r.reason is null and w.effective_type = 'virtual' and w.natural_type <> 'virtual'
                    and links.lag is not null and links.lag_id is distinct from a.lag_id
                    then drifted('type_allows_no_link', {source: settings.system_name, link: 'LAG',
                        name: links.lag_name, type: w.effective_type}) end),
            shown_field('parent', had.parent, links.parent,
                case when w.effective_type <> 'virtual' and w.natural_type = 'virtual'
                    and links.parent is not null and links.parent_id is distinct from a.parent_id
                    then drifted('type_allows_no_link', {source: settings.system_name, link: 'parent',
                        name: links.parent_name, type: w.effective_type}) end),
            undecided_field('lag', had.lag, coalesce(w.lag_problem,
                if(links.lag_id is distinct from a.lag_id, r.reason, null),
                if(a.lag_id is null, links.lag_undecided, null))),
            json_field('parent', had.parent, case
                when w.effective_type = 'virtual' and links.parent is not null then links.parent
                when links.leaves_parent then 'null' end),
            undecided_field('parent', had.parent,
                if(a.parent_id is null and w.effective_type = 'virtual', links.parent_undecided, null)),
            undecided_field('bridge', had.bridge, coalesce(w.bridge_problem,
                if(a.bridge_id is null, links.bridge_undecided, null))),
            json_field('bridge', had.bridge, coalesce(links.bridge, if(links.leaves_bridge, 'null', null))),
            choice_field('mode', a.mode, case when kept_mode is null
                    and not lacks_its_vlans(coalesce(v.mode, v.mode_if_empty), v.untagged_problem, v.tagged_problem,
                        v.untagged_problem is null and not v.none)
                then coalesce(v.mode, case when coalesce(a.mode, '') = '' then v.mode_if_empty end) end),
            json_field('untagged_vlan', held.untagged, case when v.untagged_problem is null
                and kept_mode is distinct from 'q-in-q' then if(v.none, 'null', v.untagged) end),
            json_field('tagged_vlans', coalesce(held.tagged, '[]'), case when v.tagged_problem is null
                and kept_mode is null then v.tagged end),
            shown_field('mode', to_json(a.mode)::varchar, to_json(v.mode)::varchar,
                case when kept_mode = 'q-in-q' and v.mode is not null
                    then drifted('q_in_q_not_shown', {source: settings.system_name}) end),
            undecided_field('untagged_vlan', held.untagged, if(kept_mode = 'q-in-q', null, v.untagged_problem)),
            undecided_field('tagged_vlans', held.tagged, if(kept_mode is null, v.tagged_problem, null)),
            json_field('cf.' || settings.id_field, json_extract(a.cf, '$.' || settings.id_field)::varchar,
                case when settings.writes_id_fields and w.source_id is not null
                     then with_claim(a.cf, settings.id_field, settings.id_scope, w.source_id,
                         settings.id_field_type) end)
        ]) as fields
    from typed w
    cross join settings
    left join present a on a.id = w.netbox_id
    left join match.held_links had on had.id = w.netbox_id
    left join match.held_vlans held on held.id = w.netbox_id
    left join match.chassis_devices away on away.key = w.device_key and away.netbox_id = a.device_id
    left join match.wanted_links links on links.key = w.key
    left join match.wanted_vlans v on v.key = w.key
    left join renumbered r on r.key = w.key
)

select 'interfaces' as resource, key, device_key as parent, 'dcim/interfaces' as object_type,
       coalesce(netbox_id, candidate_id) as netbox_id, null::varchar as target, last_updated,
       coalesce(action_of(problem), if(netbox_id is null, 'create', 'update')) as action,
       coalesce(problem, bare_id) as reason,
       case when problem is null then fields else [] end as fields
from paired
where problem is not null or len(fields) > 0
