-- Which NetBox interface each netN of a guest is. Key: guest + netN. candidate_ids: all possible interfaces, where it
-- is not decided.
-- Only with rows of match.vm_interface_pairs.
select p.key, p.id as netbox_id, p.id as candidate_id, null::bigint[] as candidate_ids, a.name as netbox_name,
    null::varchar as problem
from match.vm_interface_pairs p
left join netbox.vm_interfaces a on a.id = p.id
where p.settled
union all
from match.vm_interface_exceptions where key in (select key from match.vm_interface_pairs where not settled)
