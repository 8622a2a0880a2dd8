-- The NetBox virtual machine of each guest. Key: the desired virtual machine. Each has one settled pair
-- (sql/match/virtual_machine_pairs.sql), or all are in sql/match/virtual_machine_exceptions.sql. candidate_ids: with a
-- problem, every possible NetBox virtual machine. moved_from: the cause with its former cluster.
-- Only with rows of desired.virtual_machines.
with found as (
    from match.virtual_machine_exceptions
    union all by name
    select key, id as netbox_id, id as candidate_id, 1 as step
    from match.virtual_machine_pairs
    where settled and key not in (select key from match.virtual_machine_exceptions)
)

select
    f.key, f.netbox_id, f.candidate_id, f.candidate_ids,
    coalesce(v.name, w.name, f.key) as name,
    f.step, f.problem, f.name_held_by,
    if(f.problem is null, v.last_updated, null) as last_updated,
    f.moved_from
from found f
join desired.virtual_machines w using (key)
left join netbox.virtual_machines v on v.id = f.candidate_id
