-- The NetBox virtual chassis of each stack: the one with its members, else an empty one with its name.
-- Key: the stack's device.
-- Only with rows of desired.stack_members.
with settings as (from config.endpoint),
members as (
    select m.device, n.virtual_chassis_id as id
    from desired.stack_members m
    join match.devices x using (key)
    join netbox.devices n on n.id = x.netbox_id
    where n.virtual_chassis_id is not null
),
held as (
    select device, count(distinct id) as candidates, min(id) as netbox_id,
        list(distinct v.name order by v.name) as names, list(distinct id order by id) as ids
    from members join netbox.virtual_chassis v using (id) group by device
),
named as (
    select d.key as device, count(*) as candidates, min(v.id) as netbox_id, list(v.id order by v.id) as ids
    from match.live_devices d
    join netbox.virtual_chassis v on lower(v.name) = lower(d.name)
    where v.id not in (select virtual_chassis_id from netbox.devices where virtual_chassis_id is not null)
    group by d.key
),
evaluated as (
    select d.key, d.name as device_name,
        coalesce(h.netbox_id, case when n.candidates = 1 then n.netbox_id end) as candidate_id,
        with_candidates(
            case when h.candidates > 1 then conflict('members_in_several_chassis', {names: h.names})
                 when h.netbox_id is not null and count(*) over (partition by h.netbox_id) > 1
                     then conflict('several_stacks', {system: settings.system_name, names: h.names})
                 when h.netbox_id is null and n.candidates > 1
                     then conflict('several_virtual_chassis', {name: d.name, candidates: n.candidates}) end,
            coalesce(h.ids, n.ids)) as problem
    from match.live_devices d
    cross join settings
    left join held h on h.device = d.key
    left join named n on n.device = d.key
    where d.key in (select device from desired.stack_members)
),
-- What a person has answered, if exactly this was asked.
answered as (
    select e.* replace (
        if(a.answer is null, e.candidate_id, a.netbox_id) as candidate_id,
        if(a.answer is null, e.problem, null) as problem)
    from evaluated e
    left join config.answers a on a.resource = 'virtual_chassis' and a.key = e.key and a.question = question(e.problem)
        and a.answer = 'pick' and a.netbox_id in (select id from netbox.virtual_chassis)
        and a.netbox_id not in (
            select candidate_id from evaluated where problem is null and candidate_id is not null)
)
select j.key, case when j.problem is null then j.candidate_id end as netbox_id, coalesce(v.name, j.device_name) as name,
    j.problem,
       v.master_id, v.last_updated
from answered j
left join netbox.virtual_chassis v on v.id = j.candidate_id
