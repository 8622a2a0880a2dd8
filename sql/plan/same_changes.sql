-- Changes that an earlier diff (earlier_rows) had under another id, because only last_updated of the NetBox object
-- differs, or because an object to which they refer was created meanwhile: the same action, which writes the same
-- values over the same values.
update diff.first_diffs set first_diff = same.first_diff
from (
    select r.resource, r.key, e.first_diff
    from earlier_rows e
    join diff.rows r on r.resource = e.resource and r.key = e.key and r.action = e.action
    join diff.first_diffs f on f.resource = r.resource and f.key = r.key and f.first_diff is null
    where e.change_id <> '' and (written_values(r.fields) = written_values(e.fields)
        or (len(list_filter(e.fields, lambda f: contains(f.after, '"ref":'))) > 0
            and named_values(r.fields) = named_values(e.fields)))
) same
where first_diffs.resource = same.resource and first_diffs.key = same.key
