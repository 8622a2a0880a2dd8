-- Rows that write a tag which this diff creates. Key: resource + key.
-- Only with rows of diff.rows WHERE resource = 'tags'.
select r.resource, r.key, c.resource, c.key
from diff.rows r, unnest(r.fields) as u(f), unnest(cast(f.after::json as varchar[])) as t(slug)
join diff.rows c on c.resource = 'tags' and c.key = t.slug
where f.field = 'tags' and f.decision = 'update' and f.after <> 'null' and r.action <> 'delete'
