-- Rows that need one which is not going to be written, with the cause. Key: resource + key. A delete waits for deletes,
-- and so does an address that takes the place of a deleted one.
select n.resource, n.key, min(case
    when c.key is null then blocked('needs_row_of_nobody', {resource: n.needs_resource, key: n.needs_key})
    else blocked('needs_held_row', {resource: n.needs_resource, key: n.needs_key, action: c.action,
        because: nested(c.reason)}) end) as reason
from diff.dependencies n
join diff.rows r on r.resource = n.resource and r.key = n.key and r.action in ('create', 'update', 'delete')
left join diff.rows c on c.resource = n.needs_resource and c.key = n.needs_key
where c.key is null or not (c.action in ('create', 'update') or (c.action = 'delete'
    and (r.action = 'delete' or (n.resource = 'ip_addresses' and n.needs_resource = 'ip_addresses'))))
group by n.resource, n.key
