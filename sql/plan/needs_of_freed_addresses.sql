-- An address that a new place takes over is created after its old object is deleted. Key: resource + key.
-- Only with rows of match.freed_addresses.
select r.resource, r.key, d.resource as needs_resource, d.key as needs_key
from match.freed_addresses f
join diff.rows r on r.resource = 'ip_addresses' and r.key = f.key and r.action = 'create'
join diff.rows d on d.object_type = 'ipam/ip-addresses' and d.netbox_id = f.id and d.action = 'delete'
