-- Addresses that wait for a delete which is not decided (sql/match/freed_addresses.sql): they are assigned elsewhere.
update diff.rows set
    action = 'conflict', netbox_id = f.id, fields = [], reason = conflict('assigned_elsewhere', {place: f.label})
from match.freed_addresses f
where rows.resource = 'ip_addresses' and rows.key = f.key and rows.action = 'create'
  and f.id not in (
      select netbox_id from diff.rows where object_type = 'ipam/ip-addresses' and action = 'delete')
