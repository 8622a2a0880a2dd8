-- Devices that are in NetBox or are created by this diff: only their interfaces and addresses are compared.
-- Only with rows of match.devices.
select m.*
from match.devices m
join desired.devices w using (key)
where m.problem is null and not w.inactive
  and (m.netbox_id is not null or m.key in (select key from diff.devices where action = 'create'))
