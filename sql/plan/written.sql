-- The fields that would be written and may need others; see sql/plan/field_needs.sql.
select r.resource, r.key, r.netbox_id, r.action, f.field, f.after
from diff.rows r, unnest(r.fields) as u(f)
where r.action in ('create', 'update') and f.verdict = 'update'
  and (r.action = 'update' or r.resource in ('devices', 'virtual_machines', 'primary_ips', 'primary_macs'))
