-- Rows that write a custom field which this diff creates or extends. Key: resource + key.
-- Only with rows of diff.rows WHERE resource = 'custom_fields'.
select r.resource, r.key, c.resource, c.key
from diff.rows r, unnest(r.fields) as u(f)
join diff.rows c on c.resource = 'custom_fields' and f.field = 'cf.' || c.key
where f.decision = 'update' and r.action <> 'delete'
