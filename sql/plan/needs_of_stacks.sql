-- The rows before a row of a stack (sql/match/stack_dependencies.sql). Key: resource + key.
-- Only with rows of match.stack_dependencies.
select n.resource, n.key, n.needs_resource, n.needs_key
from match.stack_dependencies n
join diff.rows r on r.resource = n.resource and r.key = n.key and r.action in ('create', 'update')
