-- Blocks the rows of objects that an apply wrote after NetBox was read (ledger.written_since): NetBox has other values
-- now. Key: the NetBox object; of a new object, resource + key.
update diff.rows set
    action = 'blocked',
    reason = blocked('written_since_read'),
    fields = case rows.action
        when 'delete' then []
        when 'create' then rows.fields
        else list_transform(rows.fields, lambda f: {'field': f.field, 'before': f.before, 'after': f.after,
            'decision': 'conflict', 'reason': as_conflict(blocked('written_since_read'))}) end
where rows.action <> 'blocked' and exists (
    from ledger.written_since w
    where case rows.action
        when 'create' then w.action = 'create' and w.resource = rows.resource and w.key = rows.key
        else w.object_type = rows.object_type and w.netbox_id = rows.netbox_id
            -- A snapshot that was being read during the apply may have what was written.
            and coalesce(try_cast(rows.last_updated as timestamptz) < w.last_updated, true)
        end
)
