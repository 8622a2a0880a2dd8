-- Rows with a field that NetBox accepts only after a field of another row (sql/plan/field_needs.sql). Key: resource +
-- key.
-- Only with rows of diff.field_needs.
select n.resource, n.key, n.needs_resource, n.needs_key
from diff.field_needs n
join diff.rows r on r.resource = n.resource and r.key = n.key and r.action in ('create', 'update')
join unnest(r.fields) as u(f) on f.field = n.field and f.decision = 'update'
where (n.needs_resource, n.needs_key) <> (n.resource, n.key)
