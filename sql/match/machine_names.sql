-- The names of NetBox's virtual machines in lower case, also without the number that a second guest of that name gets,
-- and the one that this product wrote: a person may have renamed it since. Key: NetBox virtual machine + name.
-- Only with rows of desired.virtual_machines.
select id, lower(name) as name from match.known_machines
union
select id, lower(left(name, -len(held_vmid) - 3)) from match.known_machines
where ends_with(name, ' (' || held_vmid || ')')
union
select netbox_id, lower(value::json->>'$') from ledger.last_written
where object_type = 'virtualization/virtual-machines' and field = 'name'
