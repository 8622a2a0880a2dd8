-- The rows that are deleted before a row (sql/match/delete_needs.sql). Key: resource + key.
-- Only with rows of match.delete_needs.
select n.resource, n.key, n.needs_resource, n.needs_key
from match.delete_needs n
join diff.rows r on r.resource = n.resource and r.key = n.key and r.action = 'delete'
