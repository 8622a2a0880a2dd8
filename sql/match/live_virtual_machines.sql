-- Virtual machines that are in NetBox or are created by this diff: only what belongs to them is compared.
-- Only with rows of match.virtual_machines.
select m.*
from match.virtual_machines m
join desired.virtual_machines w using (key)
where m.problem is null and not w.inactive
  and (m.netbox_id is not null or m.key in (select key from diff.virtual_machines where action = 'create'))
