-- Interfaces of virtual machines: desired against NetBox. Joined by sql/match/vm_interfaces.sql.
-- Only with rows of desired.vm_interfaces.
with untagged as (
    select i.key, i.untagged = 0 as none,
           link('vlans', m.key, m.netbox_id, i.untagged || coalesce(' ' || m.netbox_name, '')) as value, m.problem
    from desired.vm_interfaces i
    join desired.virtual_machines v on v.key = i.virtual_machine
    left join match.vlans m on m.owner_resource = 'clusters' and m.owner = v.cluster and m.vid = i.untagged
    where i.untagged is not null
),
tagged as (
    select i.key,
           '[' || coalesce(string_agg(link('vlans', m.key, m.netbox_id, vids.vid || coalesce(' ' || m.netbox_name, '')),
               ',' order by vids.vid, m.netbox_id) filter (not vids.permitted
                   -- Of a range, what exists: in NetBox, or by another word of the source.
                   or (m.problem is null and (m.netbox_id is not null or not m.permitted))), '') || ']' as value,
           any_value(m.problem) filter (not vids.permitted) as problem
    from desired.vm_interfaces i
    join (select key, unnest(tagged) as vid, false as permitted from desired.vm_interfaces
          union all
          select key, unnest(permitted), true from desired.vm_interfaces) vids on vids.key = i.key
    join desired.virtual_machines v on v.key = i.virtual_machine
    left join match.vlans m on m.owner_resource = 'clusters' and m.owner = v.cluster and m.vid = vids.vid
    group by i.key
    union all
    select key, '[]', null from desired.vm_interfaces where tagged = [] and coalesce(permitted, []) = []
),
actual as (
    select i.*, existing(u.id, u.vid || ' ' || u.name) as untagged_vlan
    from netbox.vm_interfaces i
    left join netbox.vlans u on u.id = i.untagged_vlan_id
),
actual_tagged as (
    select i.id, '[' || string_agg(existing(v.id, v.vid || ' ' || v.name), ',' order by v.vid, v.id) || ']' as value
    from netbox.vm_interfaces i cross join unnest(i.tagged_vlan_ids) as t(vlan_id)
    join netbox.vlans v on v.id = t.vlan_id
    where len(i.tagged_vlan_ids) > 0
    group by i.id
),
-- Where the source says nothing of the MTU, only what came from there is cleared.
written_mtu as (
    select netbox_id from ledger.last_written where object_type = 'virtualization/interfaces' and field = 'mtu'
        and not restored
),
paired as materialized (
    select w.key, w.virtual_machine, m.netbox_id, m.candidate_id, m.problem, a.last_updated,
        other.name as name_taken, coalesce(a.mode = 'q-in-q', false) as is_q_in_q,
        differing([
            case when m.netbox_id is null then field('virtual_machine', null,
                link('virtual_machines', v.key, v.netbox_id, v.name)) end,
            text_field('name', a.name, case when m.netbox_id is null then coalesce(w.name, w.old_name)
                when other.id is null then w.name end),
            undecided_field('name', to_json(a.name)::varchar,
                case when m.netbox_id is not null and other.id is not null
                    then conflict('vm_interface_name_taken', {name: w.name}) end),
            number_field('enabled', a.enabled, w.enabled),
            amount_field('mtu', a.mtu, case when w.mtu <> 0 or o.netbox_id is not null then w.mtu end),
            text_field('description', a.description, w.description),
            json_field('cf.' || settings.bridge_field, json_extract(a.cf, '$.' || settings.bridge_field)::varchar,
                case when w.bridge is not null then coalesce(to_json(nullif(w.bridge, ''))::varchar, 'null') end),
            choice_field('mode', a.mode, case when not is_q_in_q
                and not lacks_its_vlans(w.mode, u.problem, t.problem, u.problem is null and not u.none)
                then w.mode end),
            json_field('untagged_vlan', a.untagged_vlan, case when not is_q_in_q and u.problem is null
                then if(u.none, 'null', u.value) end),
            json_field('tagged_vlans', coalesce(had.value, '[]'), case when not is_q_in_q and t.problem is null
                then t.value end),
            shown_field('mode', to_json(a.mode)::varchar, to_json(w.mode)::varchar,
                case when is_q_in_q and w.mode is not null
                    then drifted('q_in_q_not_shown', {source: settings.system_name}) end),
            undecided_field('untagged_vlan', a.untagged_vlan, if(is_q_in_q, null, u.problem)),
            undecided_field('tagged_vlans', had.value, if(is_q_in_q, null, t.problem))
        ]) as fields
    from desired.vm_interfaces w
    cross join config.endpoint settings
    join match.live_virtual_machines v on v.key = w.virtual_machine
    join match.vm_interfaces m on m.key = w.key
    left join actual a on a.id = m.netbox_id
    left join netbox.vm_interfaces other on other.virtual_machine_id = v.netbox_id and other.name = w.name
        and other.id <> a.id
    left join untagged u on u.key = w.key
    left join tagged t on t.key = w.key
    left join actual_tagged had on had.id = m.netbox_id
    left join written_mtu o on o.netbox_id = m.netbox_id
)
select 'vm_interfaces' as resource, key, virtual_machine as parent, 'virtualization/interfaces' as object_type,
       coalesce(netbox_id, candidate_id) as netbox_id, null::varchar as target, last_updated,
       coalesce(action_of(problem), if(netbox_id is null, 'create', 'update')) as action,
       problem as reason,
       case when problem is null then fields else [] end as fields
from paired
where problem is not null or len(fields) > 0
