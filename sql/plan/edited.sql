-- The fields that updates write. Key: resource + key + field.
select r.resource, r.key, r.object_type, r.netbox_id, f.field, f.after
from diff.rows r, unnest(r.fields) as u(f)
where r.action = 'update' and f.decision = 'update' and r.netbox_id is not null
