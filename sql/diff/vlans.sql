-- VLANs: what the sources name against NetBox. Key: VID + group. One VLAN may be known to many devices.
-- Only with rows of desired.vlans; match.vlans.
with live as (
    select 'devices' as owner_resource, key as owner from match.live_devices
    union all
    select 'clusters', key from match.live_clusters
),

-- Devices that name one VID differently make one VLAN, and a conflict on the name. The name that a device gives to a
-- VLAN without one (VLAN0010) does not count beside another.
all_names as (
    select m.key, m.vid, m.group_id, m.group_slug, m.site_id, m.new_site, m.netbox_id,
           list_sort(list(distinct w.name) filter (w.name is not null)) as names,
           list(distinct w.name || ' (' || w.owner || ')' order by w.name || ' (' || w.owner || ')')
               filter (w.name is not null) as who
    from match.vlans m
    join live using (owner_resource, owner)
    left join desired.vlans w using (owner_resource, owner, vid)
    where m.problem is null and not m.permitted
    group by all
),
named as (
    select * replace (
        coalesce(nullif(list_filter(names, lambda n: upper(n) <> printf('VLAN%04d', vid)), []), names) as names,
        coalesce(nullif(list_filter(who, lambda w: not starts_with(upper(w), printf('VLAN%04d (', vid))), []), who)
            as who)
    from all_names
),

-- The name that a person has given, if exactly this was asked.
asked as (
    select *, case when len(names) > 1 then conflict('vlan_named_differently',
        {names: names, who: who[:10], more: nullif(greatest(len(who) - 10, 0), 0)}) end as several_names
    from named
),
answered as (
    select n.* replace (
        if(a.answer is null, n.names, [a.value]) as names, if(a.answer is null, n.several_names, null) as several_names)
    from asked n
    left join config.answers a on a.resource = 'vlans' and a.key = n.key and a.field = 'name' and a.answer = 'value'
        and a.question = question(n.several_names)
),

-- One group cannot hold a name twice.
wanted_names as (
    select group_id, names[1] as name, count(*) as vlans from answered where len(names) = 1 group by all
),
evaluated as (
    select n.*,
        coalesce(n.several_names, name_problem(n.names[1], 64), case
            when n.group_id is not null and w.vlans > 1
                then conflict('vlan_name_several_times', {vlans: w.vlans, name: n.names[1]})
            when n.group_id is not null and other.id is not null
                then conflict('vlan_name_taken', {vid: other.vid, name: n.names[1]})
        end) as name_problem
    from answered n
    left join wanted_names w on w.group_id is not distinct from n.group_id and w.name = n.names[1]
    left join netbox.vlans other on other.group_id = n.group_id and other.name = n.names[1] and other.id is distinct
        from n.netbox_id
),

paired as (
    select j.*, a.last_updated,
        case when j.name_problem is null and len(j.names) = 1 then j.names[1]
             when j.netbox_id is null then neutral_vlan_name(j.vid) end as name,
        a.name as actual_name
    from evaluated j left join netbox.vlans a on a.id = j.netbox_id
),

rows_of_vlans as (
    select 'vlans' as resource, key, coalesce(group_slug, '') as parent, 'ipam/vlans' as object_type, netbox_id,
        null::varchar as target, last_updated,
        case when netbox_id is null then 'create' else 'update' end as action,
        null::varchar as reason,
        differing([
            number_field('vid', if(netbox_id is null, null, vid), vid),
            text_field('name', actual_name, name),
            case when netbox_id is null then json_field('group', null,
                (select existing(g.id, g.name) from netbox.vlan_groups g where g.id = group_id)) end,
            case when netbox_id is null and group_id is null
                then json_field('site', null, coalesce(
                    (select existing(s.id, s.name) from netbox.sites s where s.id = site_id),
                    created('sites', prerequisite_key('sites', new_site), new_site))) end,
            case when netbox_id is null then field('status', null, '"active"') end,
            undecided_field('name', to_json(actual_name)::varchar, name_problem)
        ]) as fields
    from paired
)

select * from rows_of_vlans where len(fields) > 0
union all
select 'vlans', 'VLAN ' || m.vid || ' of ' || m.owner, m.owner, 'ipam/vlans', null, null, null,
       action_of(m.problem), m.problem, []
from match.vlans m join live using (owner_resource, owner)
where m.problem is not null and not m.permitted
union all
select 'vlans', 'VLAN ' || w.vid || ' of ' || w.owner, w.owner, 'ipam/vlans', null, null, null, action_of(w.problem),
    w.problem, []
from desired.vlans w join live using (owner_resource, owner)
where w.problem is not null
