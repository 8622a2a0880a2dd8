-- Decides the rows of table alone: a create is blocked; in an update these fields are conflicts.
update diff.rows set
    action = case
        when rows.action = 'create' then 'blocked'
        when len(list_filter(rows.fields, lambda f: f.decision = 'update' and not list_contains(a.fields, f.field))) > 0
            then rows.action
        else 'conflict' end,
    reason = concat_ws('; ', rows.reason, if(rows.action = 'create', blocked('not_whole', {because: a.reason}),
        a.reason)),
    fields = list_transform(rows.fields, lambda f:
        case when list_contains(a.fields, f.field) and f.decision = 'update' and rows.action <> 'create'
             then {'field': f.field, 'before': f.before, 'after': f.after, 'decision': 'conflict',
                   'reason': a.reasons[list_position(a.fields, f.field)]}
             else f end)
from alone a
where a.resource = rows.resource and a.key = rows.key
