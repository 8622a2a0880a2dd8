-- Blocks the rows of objects that an apply wrote after NetBox was read (ledger.written_since): NetBox has other values
-- now. Key: the NetBox object; of a new object, resource + key.
with last_writes as (
    select object_type, netbox_id, arg_max_null(last_updated, seq) as last_updated
    from ledger.written_since group by object_type, netbox_id
),
waiting as (
    select r.resource, r.key
    from diff.rows r
    join last_writes w on w.object_type = r.object_type and w.netbox_id = r.netbox_id
    where r.action not in ('create', 'blocked')
      -- A snapshot that was being read during the apply may have what was written.
      and coalesce(try_cast(r.last_updated as timestamptz) <> w.last_updated, true)
    union all
    select r.resource, r.key
    from diff.rows r
    where r.action = 'create'
      and (r.resource, r.key) in (select (resource, key) from ledger.written_since where action = 'create')
)
update diff.rows set
    action = 'blocked',
    reason = blocked('written_since_read'),
    fields = case rows.action
        when 'delete' then []
        when 'create' then rows.fields
        else list_transform(rows.fields, lambda f: {'field': f.field, 'before': f.before, 'after': f.after,
            'decision': 'conflict', 'reason': as_conflict(blocked('written_since_read'))}) end
from waiting
where waiting.resource = rows.resource and waiting.key = rows.key
