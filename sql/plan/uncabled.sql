-- New cables at interfaces that take none when this plan is done: it marks them as connected, or gives them a type
-- without cables. NetBox refuses one or the other. Key: resource + key.
-- Only with rows of diff.rows WHERE resource = 'cables' AND action = 'create'.
with ends as (
    select r.key, e ->> '$.name' as label, try_cast(e ->> '$.id' as bigint) as netbox_id, e ->> '$.key' as interface
    from diff.rows r, unnest(r.fields) as u(f), unnest(json_extract(f.after, '$[*]')) as v(e)
    where r.resource = 'cables' and r.action = 'create' and f.field in ('a_terminations', 'b_terminations')
),
written as (
    select r.key, r.netbox_id, f.field, f.after ->> '$' as value
    from diff.rows r, unnest(r.fields) as u(f)
    where r.resource = 'interfaces' and r.action in ('create', 'update') and f.decision = 'update'
      and f.field in ('mark_connected', 'type')
)
select 'cables' as resource, e.key, min(if(w.field = 'type',
    blocked('type_takes_no_cable', {interface: e.label, type: w.value}),
    blocked('marked_by_rule', {interface: e.label}))) as reason
from ends e
join written w on w.netbox_id = e.netbox_id or (w.netbox_id is null and w.key = e.interface)
where (w.field = 'mark_connected' and w.value = 'true')
   or (w.field = 'type' and (is_virtual_type(w.value) or is_wireless_type(w.value)))
group by e.key
