-- Blocks the rows of the table held (resource, key, reason). A blocked delete shows no fields either.
update diff.rows set
    action = 'blocked',
    fields = if(rows.action = 'delete', [], rows.fields),
    reason = if(rows.action = 'delete',
        blocked('delete_waits', {because_removed: nested(rows.reason), because: nested(h.reason)}), h.reason)
from held h
where h.resource = rows.resource and h.key = rows.key and rows.action <> 'blocked'
